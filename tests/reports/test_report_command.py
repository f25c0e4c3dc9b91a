"""`signoff report`, started through its own functions on real files."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from signoff.acceptance.commands.runs import report
from signoff.acceptance.errors import UsageError
from signoff.reports.stored.stored_run import save
from tests.reports import hermes_run


def started(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    report.add_arguments(parser)
    return report.run(parser.parse_args(arguments))


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    save(hermes_run.run(), folder / "results.json")
    return folder


@pytest.mark.parametrize("name", ["", "results.json"])
def test_the_documents_are_made_again_beside_the_run(run_folder: Path, name: str, capsys: pytest.CaptureFixture[str]):
    assert started(str(run_folder / name)) == 0
    said = capsys.readouterr().out
    assert said.startswith("failed on the simulated engine: 2 of 33 criteria fail")
    for ending in ("html", "md"):
        path = run_folder / f"1.3_Hermes-2_Implementation_Results.{ending}"
        assert path.is_file()
        assert str(path) in said


def test_the_same_run_gives_the_same_bytes_anywhere(run_folder: Path, tmp_path: Path):
    started(str(run_folder))
    started(str(run_folder), "--out", str(run_folder / "."))
    first = {path.name: path.read_bytes() for path in run_folder.glob("1.3*")}
    started(str(run_folder))
    assert {path.name: path.read_bytes() for path in run_folder.glob("1.3*")} == first
    assert started(str(run_folder), "--out", str(tmp_path / "new" / "folder")) == 0
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == set(first)


def test_json_names_the_outcome_and_the_files(run_folder: Path, capsys: pytest.CaptureFixture[str]):
    assert started(str(run_folder), "--json", "-") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["outcome"] == "failed"
    assert len(said["files"]) == 2
    assert started(str(run_folder), "--json", str(run_folder / "said.json")) == 0
    assert json.loads((run_folder / "said.json").read_text()) == said


def test_an_unreadable_run_is_a_usage_error_with_a_remedy(run_folder: Path):
    for broken in ("", "{", '{"schema": 9}', "[]"):
        (run_folder / "results.json").write_text(broken)
        with pytest.raises(UsageError, match=r"results\.json") as caught:
            started(str(run_folder))
        assert caught.value.exit_code == 4
    with pytest.raises(UsageError, match="no such file"):
        started(str(run_folder / "nowhere"))


def test_a_place_that_cannot_be_written_is_a_usage_error(run_folder: Path):
    (run_folder / "file").write_text("")
    with pytest.raises(UsageError, match="file"):
        started(str(run_folder), "--out", str(run_folder / "file"))
