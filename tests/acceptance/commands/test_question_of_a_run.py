"""What a run writes of its questions: the same sentence and the same name wherever a criterion is shown."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from tests.acceptance.conftest import as_json, run_folder, server_of, signoff_in

ROOT = Path(__file__).parents[3]
TASK = """# Task 7.7: Small-1 Service

## Requirements

| ID | Requirement |
|---|---|
| FR-012 | The server must answer health checks at /health |

## Success Criteria

- [ ] Small-1 service is operational
- [ ] Answers feel natural
"""
QUESTION = "GET /health answers 200 with a JSON body whose status is a healthy one."


@dataclass(frozen=True)
class Written:
    """What `read --json`, the run and its files say."""

    read: dict[str, Any]
    stored: dict[str, Any]
    junit: Any
    html: str
    markdown: str
    folder: Path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A document read and judged against a server that is well and generates nothing."""
    base = tmp_path_factory.mktemp("question")
    (base / "task.md").write_text(TASK, encoding="utf-8")
    read = json.loads(signoff_in(base, "read", "task.md", "--json", "-").stdout)
    with server_of(lambda *_: as_json({"status": "healthy"})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        signoff_in(base, "run", "task.md", "--target", f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    folder = run_folder(base)
    (html,), (markdown,) = folder.glob("*.html"), folder.glob("*.md")
    return Written(
        read["documents"][0],
        json.loads((folder / "results.json").read_text(encoding="utf-8")),
        ElementTree.parse(folder / "junit.xml"),
        html.read_text(encoding="utf-8"),
        markdown.read_text(encoding="utf-8"),
        base,
    )


def test_question_and_id_are_the_same_in_every_output(written: Written) -> None:
    of_health, of_service, of_people = written.stored["criteria"]
    assert (of_health["judged_as"], of_health["requirement"]) == (QUESTION, "FR-012")
    assert (of_service["requirement"], of_people["judged_as"]) == (None, None)
    stored = [(each["judged_as"], each["requirement"]) for each in written.stored["criteria"]]
    assert [(each["judged_as"], each["requirement"]) for each in written.read["criteria"]] == stored
    assert f"<b>Judged as:</b> {QUESTION}" in written.html
    assert '<b class="name">FR-012</b> The server must answer' in written.html
    assert f"Judged as: {QUESTION}" in written.markdown
    assert "**FR-012** The server must answer" in written.markdown


def test_a_junit_report_names_a_criterion_by_its_id_in_the_document_and_holds_the_question(written: Written) -> None:
    cases = {case.get("name"): case for case in written.junit.iter("testcase")}
    assert sorted(cases) == [
        "FR-012 requirements/health/1",
        "success-criteria/human_judgement/1",
        "success-criteria/service/1",
    ]
    properties = {
        each.get("name"): each.get("value") for each in cases["FR-012 requirements/health/1"].iter("property")
    }
    assert properties == {"requirement": "FR-012", "judged_as": QUESTION}
    assert list(cases["success-criteria/human_judgement/1"].iter("property")) == []
    (failure,) = cases["success-criteria/service/1"].iter("failure")
    assert "judged as: GET /health answers 200" in failure.text


def test_the_reading_for_people_gives_each_question_under_the_name_of_its_criterion(written: Written) -> None:
    text = signoff_in(written.folder, "read", "task.md").stdout
    assert f"     7  FR-012 requirements/health/1: {QUESTION}" in text.splitlines()
    assert sum(line.startswith("    ") and ": GET /health" in line for line in text.splitlines()) == 2
