"""`signoff read` as a process: what people see, exit codes, and JSON that never varies."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from signoff.acceptance.commands import main
from signoff.acceptance.commands.documents import read

ROOT = Path(__file__).parents[3]
DAMAGED = "tests/reading/documents/hermes-2-damaged.txt"


def signoff_read(*arguments: str, seed: str = "0", cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-m", "signoff.acceptance", "read", *arguments],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        cwd=cwd,
        check=False,
        timeout=60,
    )


def test_json_on_standard_output_holds_the_contract() -> None:
    done = signoff_read(DAMAGED, "--json", "-")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert (found["schema"], len(found["documents"])) == (1, 1)
    document = found["documents"][0]
    assert (document["path"], document["lines"], document["dropped"]) == (DAMAGED, 343, 0)
    assert document["statements"] == sum(document["counts"].values())
    criterion = next(c for c in document["criteria"] if c["id"] == "performance-benchmarks/memory/1")
    assert criterion["threshold"] == {
        "value": 15,
        "unit": "GB",
        "comparator": "<",
        "statistic": "max",
        "subject": "memory",
    }
    assert {"line", "column", "text", "statement", "kind", "judge", "assumptions"} <= set(criterion)
    assert found["conflicts"][0]["resolution"] is None
    assert {"document", "line", "value"} <= set(found["conflicts"][0]["sides"][0])


@pytest.mark.parametrize("form", ["--json", "--html"])
def test_what_is_written_is_the_same_under_every_hash_seed(form: str) -> None:
    documents = (DAMAGED, "fixtures/tasks", "tests/reading/documents/hostile/texts.md")
    outputs = {signoff_read(*documents, form, "-", seed=seed).stdout for seed in ("0", "1", "4242", "31337")}
    assert len(outputs) == 1
    assert len(next(iter(outputs))) > 100_000


def test_people_see_places_assumptions_diagnostics_and_both_sides() -> None:
    done = signoff_read("fixtures/tasks/1.3-hermes-2.md")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.split("\n")
    assert any("performance" not in line and "mean latency < 1500 ms" in line for line in lines)
    assert any("GB is read as SI" in line for line in lines)
    place = next(index for index, line in enumerate(lines) if "warning[session-never-spoken]" in line)
    caret = lines[place + 2].index("^")
    assert lines[place + 1][caret:].startswith("A coherent answer")
    assert lines[place + 3].strip().startswith("= hint:")
    assert "conflict[engine] max_num_batched_tokens" in done.stdout
    assert "= resolved: 4096, AI Model Team" in done.stdout
    assert "read, never run" in done.stdout


def test_without_criteria_the_exit_is_3_and_the_json_is_written(tmp_path: Path) -> None:
    (tmp_path / "empty.md").write_text("", encoding="utf-8")
    done = signoff_read(str(tmp_path / "empty.md"), "--json", str(tmp_path / "out.json"))
    assert done.returncode == 3
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["documents"][0]["criteria"] == []
    assert "no-criteria" in done.stdout


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [("none.md", None, "no such file"), ("binary.md", b"\x7f\x00\x00\x01", "NUL byte"), ("latin.md", b"\xe9", "UTF-8")],
)
def test_what_cannot_be_read_ends_with_4_and_no_traceback(
    tmp_path: Path, name: str, data: bytes | None, said: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    done = signoff_read(str(tmp_path / name))
    assert done.returncode == 4
    assert said in done.stderr
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr


def test_json_that_cannot_be_written_ends_with_4(tmp_path: Path) -> None:
    done = signoff_read(DAMAGED, "--json", str(tmp_path / "no" / "out.json"))
    assert done.returncode == 4
    assert "no/out.json" in done.stderr


def test_a_conflict_does_not_change_the_exit(tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text("- [ ] latency < 1 s\n- [ ] latency < 2 s\n", encoding="utf-8")
    done = signoff_read(str(tmp_path))
    assert done.returncode == 0
    assert "1 conflict, 1 unresolved" in done.stdout


def test_what_is_open_is_printed_as_a_binding_file(tmp_path: Path) -> None:
    boxes = "- [ ] mean latency < 1 s\n- [ ] mean latency < 2 s\n- [ ] blue is blue\n"
    text = f"# Lark-4 Service\n## Success Criteria\n{boxes}"
    (tmp_path / "task.md").write_text(text, encoding="utf-8")
    done = signoff_read(str(tmp_path / "task.md"), "--binding")
    assert done.returncode == 0
    (entry,) = tomllib.loads(done.stdout)["resolve"]
    assert (entry["conflict"], entry["kind"], entry["between"]) == ("latency", "limit", ["1 s", "2 s"])
    assert "# [[type]]" in done.stdout
    filled = re.sub(r'^(role|reason) = ""', r'\1 = "x"', done.stdout, flags=re.MULTILINE)
    (tmp_path / "task.signoff.toml").write_text(filled, encoding="utf-8")
    assert "1 conflict, 0 unresolved" in signoff_read(str(tmp_path / "task.md")).stdout
    assert signoff_read(str(tmp_path / "task.md"), "--binding", "--watch").returncode == 4


def test_a_pipe_whose_reader_leaves_changes_no_exit_code(tmp_path: Path) -> None:
    prose = tmp_path / "prose.md"
    prose.write_text("Nothing is asked for.\n" * 5000, encoding="utf-8")
    for arguments in ("--json -", "--html -", ""):
        command = (
            f"{sys.executable} -m signoff.acceptance read {prose} {arguments} | head -c 1; echo ${{PIPESTATUS[0]}}"
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, env=environment, check=False, timeout=60
        )
        assert done.stdout[1:].strip() == "3", arguments
        assert done.stderr == ""


@pytest.mark.parametrize(
    ("redirection", "code"),
    [
        pytest.param(
            ">/dev/full", 4, marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
        ),
        (">&-", 0),
        (">&- 2>&-", 0),
        pytest.param("no-such.md 2>&-", 4),
    ],
)
def test_a_stream_that_takes_nothing_is_no_verdict(redirection: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text("- [ ] latency < 1 s\n", encoding="utf-8")
    command = f"{sys.executable} -m signoff.acceptance read task.md {redirection}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False, timeout=60
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_fault_of_signoff_is_not_the_verdict_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(arguments: argparse.Namespace) -> int:
        raise RuntimeError("broken inside")

    monkeypatch.setattr(read, "run", break_down)
    monkeypatch.setattr("signoff.acceptance.commands.silence", lambda: None)
    assert main(["read", "task.md"]) == 3
    assert "a fault of Signoff, not a verdict: RuntimeError('broken inside')" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "task.md"],
        ["--html", "./task.md"],
        ["--json", "task.signoff.toml"],
        ["--json", "out", "--html", "./out"],
        ["--json", ""],
    ],
)
def test_nothing_that_is_read_or_written_already_is_overwritten(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text("- [ ] latency < 1 s\n", encoding="utf-8")
    done = signoff_read("task.md", *arguments, cwd=tmp_path)
    assert done.returncode == 4
    assert "hint: " in done.stderr
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("task.md", "- [ ] latency < 1 s\n")]


def test_one_unreadable_document_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("- [ ] latency < 1 s\n", encoding="utf-8")
    (tmp_path / "bad.md").write_bytes(b"%PDF-1.7")
    done = signoff_read(str(tmp_path), str(tmp_path / "none.md"), "--json", str(tmp_path / "out.json"))
    assert done.returncode == 4
    assert "mean latency < 1 s" in done.stdout
    assert "bad.md:1:1: this is a PDF" in done.stderr
    assert "none.md: no such file" in done.stderr
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [len(found["documents"]), len(found["errors"])] == [1, 2]
    assert found["error"] == found["errors"][0]


def test_colour_is_for_those_who_ask_and_a_pipe_gets_none(tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text("```bash\nls\n", encoding="utf-8")
    assert "\x1b[" not in signoff_read(str(tmp_path)).stdout
    assert "\x1b[1;31merror[fence-unclosed]\x1b[0m" in signoff_read(str(tmp_path), "--color", "always").stdout


@pytest.mark.parametrize(
    "arguments", [["--watch", "--json", "-"], ["--watch", "--html", "-"], ["--json", "-", "--html", "-"]]
)
def test_two_things_that_want_standard_output_are_refused(arguments: list[str]) -> None:
    done = signoff_read(DAMAGED, *arguments)
    assert done.returncode == 4
    assert "hint:" in done.stderr


def test_the_page_is_written_beside_the_text(tmp_path: Path) -> None:
    done = signoff_read(DAMAGED, "--html", str(tmp_path / "page.html"))
    assert done.returncode == 0
    assert "criteria" in done.stdout
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_terminal_of_another_encoding_gets_marks_in_place_of_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text("- [ ] Größe ≤ 1 GB of memory ✅\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "signoff.acceptance", "read", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, env=environment, check=False, timeout=60)
    assert done.returncode == 0
    assert b"Gr??e ? 1 GB of memory ?" in done.stdout
