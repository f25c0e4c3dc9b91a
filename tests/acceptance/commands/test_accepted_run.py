"""A run says whether its reading was accepted, and which criteria are read anew, wherever it is shown."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from tests.acceptance.conftest import as_json, run_folder, server_of, signoff_in

TASK = """# Task 7.7: Small-1 Service

## Requirements

| ID | Requirement |
|---|---|
| FR-012 | The server must answer health checks at /health |

## Success Criteria

- [ ] Answers feel natural
- [ ] Answers are short
"""
LATER = TASK.replace("- [ ] Answers are short\n", "- [ ] Answers are polite\n- [ ] GET /health answers 200\n")
ANEW = {12: "its words have changed", 13: "it is not in the accepted reading"}
"""Why, by the line of the criterion."""


@dataclass(frozen=True)
class Run:
    """What a run says, and its files."""

    code: int
    said: str
    stored: dict[str, Any]
    junit: Any
    html: str
    markdown: str


def judged(folder: Path, *more: str) -> Run:
    """The document of a folder judged against a server that is well."""
    with server_of(lambda *_: as_json({"status": "healthy"})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = signoff_in(folder, "run", "task.md", *more, "--target", f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    found = run_folder(folder)
    return Run(
        done.returncode,
        done.stdout,
        json.loads((found / "results.json").read_text(encoding="utf-8")),
        ElementTree.parse(found / "junit.xml"),
        next(iter(found.glob("*.html"))).read_text(encoding="utf-8"),
        next(iter(found.glob("*.md"))).read_text(encoding="utf-8"),
    )


@pytest.fixture(scope="module")
def accepted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose reading was accepted."""
    base = tmp_path_factory.mktemp("accepted")
    (base / "task.md").write_text(TASK, encoding="utf-8")
    assert signoff_in(base, "read", "--accept", "Model team", "task.md").returncode == 0
    return judged(base)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose document was changed since."""
    base = tmp_path_factory.mktemp("changed")
    (base / "task.md").write_text(TASK, encoding="utf-8")
    signoff_in(base, "read", "--accept", "Model team", "task.md")
    (base / "task.md").write_text(LATER, encoding="utf-8")
    return judged(base)


def test_an_accepted_reading_is_named_with_who_accepted_it_and_when(accepted: Run) -> None:
    reading = accepted.stored["reading"]
    assert (reading["accepted"], reading["lock"], reading["role"]) == (True, "task.signoff.lock", "Model team")
    said = f"accepted by Model team on {reading['date']}"
    assert f"reading {said}" in accepted.said.splitlines()
    assert f"Reading {said}." in accepted.html
    assert f"Reading {said}." in accepted.markdown
    assert [each["read_anew"] for each in accepted.stored["criteria"]] == [None] * 3
    assert accepted.junit.find(".//testsuite/properties/property[@name='reading']").get("value") == f"task.md: {said}"
    assert "read anew" not in (accepted.said + accepted.html + accepted.markdown).lower()
    assert "accept the reading" not in accepted.markdown


def test_criteria_that_nobody_accepted_are_marked_wherever_they_are_shown(changed: Run) -> None:
    assert (changed.stored["reading"]["accepted"], changed.stored["reading"]["gone"]) == (False, [])
    marked = {each["id"]: each["read_anew"] for each in changed.stored["criteria"] if each["read_anew"]}
    lines = {each["id"]: each["line"] for each in changed.stored["criteria"]}
    assert {lines[name]: why for name, why in marked.items()} == ANEW
    assert "reading not accepted: 2 criteria read anew since it was accepted by Model team on" in changed.said
    assert "  read anew: task.md:12: its words have changed" in changed.said.splitlines()
    for shown in (changed.html, changed.markdown):
        assert all(f"Read anew: {why}." in shown for why in ANEW.values())
        assert "Reading not accepted: 2 criteria read anew" in shown
    assert "Read anew: these were not accepted as they are read now (lines 12, 13)" in changed.markdown
    assert "accept the reading" in changed.markdown
    in_junit = {
        case.get("name"): each.get("value")
        for case in changed.junit.iter("testcase")
        for each in case.iter("property")
        if each.get("name") == "read_anew"
    }
    assert in_junit == marked


def test_what_was_accepted_and_is_gone_is_named(tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    signoff_in(tmp_path, "read", "--accept", "Model team", "task.md")
    (tmp_path / "task.md").write_text(TASK.replace("- [ ] Answers are short\n", ""), encoding="utf-8")
    run = judged(tmp_path)
    assert run.stored["reading"]["gone"] == [{"id": "success-criteria/human_judgement/2", "text": "Answers are short"}]
    assert "reading not accepted: 1 gone since it was accepted by Model team" in run.said
    assert "No longer asked, and accepted before: id: success-criteria/human_judgement/2" in run.markdown


def test_a_run_without_a_lock_says_that_nobody_accepted_its_reading(tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    run = judged(tmp_path)
    assert (run.stored["reading"]["accepted"], run.stored["reading"]["lock"]) == (False, None)
    assert all(each["read_anew"] for each in run.stored["criteria"])
    assert "reading not accepted: it has no lock" in run.said.splitlines()
    assert "Reading not accepted: it has no lock." in run.html
    assert "Read anew" not in run.html


def test_acceptance_changes_no_outcome(accepted: Run, changed: Run) -> None:
    assert (accepted.code, changed.code) == (0, 0)
    assert accepted.stored["criteria"][0]["outcome"] == changed.stored["criteria"][0]["outcome"] == "pass"


def test_a_run_of_several_documents_is_accepted_where_each_of_them_is(tmp_path: Path) -> None:
    for name in ("task", "other"):
        (tmp_path / f"{name}.md").write_text(TASK, encoding="utf-8")
    signoff_in(tmp_path, "read", "--accept", "Model team", "task.md")
    run = judged(tmp_path, "other.md")
    assert (run.stored["reading"]["accepted"], run.stored["reading"]["lock"]) == (False, None)
    of_each = {each["path"]: each["reading"]["accepted"] for each in run.stored["documents"]}
    assert of_each == {"task.md": True, "other.md": False}
    assert "other.md: reading not accepted: it has no lock" in run.said.splitlines()


def test_a_run_does_not_begin_with_a_lock_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    (tmp_path / "task.signoff.lock").write_text("schema = \n", encoding="utf-8")
    done = signoff_in(tmp_path, "run", "task.md", "--target", "http://127.0.0.1:9")
    assert done.returncode == 4
    assert "task.signoff.lock:1:10: this is no TOML" in done.stderr
    assert "Traceback" not in done.stderr
