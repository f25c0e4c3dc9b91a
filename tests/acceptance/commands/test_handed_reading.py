"""`signoff run` reads its documents once: what it hands on is what it read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.commands.runs import run
from signoff.acceptance.reading import read_all, read_documents
from signoff.acceptance.running import handed_reading, judging

FIXTURES = Path(__file__).parents[3] / "fixtures"
DOCUMENTS = sorted((FIXTURES / "tasks").glob("*.md")) + sorted(
    (Path(__file__).parents[2] / "reading" / "documents").rglob("*.md")
)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_reading_is_taken_as_it_was_handed_on(path: Path) -> None:
    reading, _ = read_all([path], KINDS)
    with handed_reading.handed_on(reading) as descriptor:
        assert handed_reading.take(os.dup(descriptor)) == reading


def test_figures_without_end_and_long_integers_are_handed_on(tmp_path: Path) -> None:
    block = f"```yaml\nmodel:\n  max_model_len: {10**23}\n  temperature: .inf\n```\n"
    text = f"## Configuration\n{block}- [ ] ok\n"
    (tmp_path / "t.md").write_text(text, encoding="utf-8")
    reading = read_documents([tmp_path / "t.md"], KINDS)
    with handed_reading.handed_on(reading) as descriptor:
        assert handed_reading.take(os.dup(descriptor)) == reading


def test_the_process_that_judges_reads_no_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.md").write_text("## Success Criteria\n- [ ] mean latency < 2 s\n", encoding="utf-8")
    reading = read_documents([tmp_path / "t.md"], KINDS)

    def refuse(*given: object, **named: object) -> None:
        raise AssertionError("a document was read again")

    monkeypatch.setattr(judging.task_documents, "read_documents", refuse)
    deployment = judging.deployments.from_target("http://127.0.0.1:9")
    found = judging.Judging(
        deployment, judging.PROFILES["quick"], [], tmp_path / "run", judging.Progress(shown=False), reading=reading
    )
    assert found.findings.reading.documents == reading.documents


def test_the_command_hands_its_reading_on() -> None:
    arguments = run.argparse.Namespace(
        out=Path("out"), profile="quick", api_key_env="", target="http://h", evidence=None, timeout=1.0, seed=None,
        select=None, lf=False,
    )  # fmt: skip
    assert "--signoff-reading=8" in run._command(arguments, ["t.md"], "id", "/dev/fd/5", 7, 8)


def test_a_child_that_does_not_read_holds_nobody_up() -> None:
    reading, _ = read_all([FIXTURES / "tasks"], KINDS)
    with handed_reading.handed_on(reading):
        pass
