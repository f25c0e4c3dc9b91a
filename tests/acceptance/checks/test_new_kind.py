"""CONTRIBUTING's steps for a new check, followed with a made-up kind in a copy of the project: four files, no more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import Answer, as_json

ROOT = Path(__file__).parents[3]
COPIED = (
    "acceptance",
    "coherence",
    "perf",
    "reports",
    "tests/acceptance",
    "tests/prepared",
    "pyproject.toml",
    "docs",
    "fixtures/schemas",
    "src",
)
KINDS, CHECK = "acceptance/checks/estate/kinds.py", "acceptance/checks/estate/greeting.py"
CASES, RULES = "tests/acceptance/cases/estate.py", "acceptance/reading/typing/service_rules.py"

DECLARED = """
    Kind(
        name="greeting",
        summary="The service greets whoever asks at /greeting.",
        asks="GET /greeting says hello",
        failure="/greeting says 'go away'",
        words=("Visitors are greeted",),
        near_misses=("Visitors are counted",),
        part="Manners",
    ),
)
"""
MEASURED = '''"""The service is friendly."""

from __future__ import annotations

from signoff.acceptance.checks.estate.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Ask for the greeting once."""
    return site.measured("greeting", lambda recorder: recorder.write("answer", site.ask("GET", "/greeting")))


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where it says hello."""
    said = next(evidence.of("answer"))["json"]
    return Verdict("pass" if said == "hello" else "fail", f"/greeting says {said!r}")


CHECK = Check(KINDS["greeting"], measure, judge)
'''
CASE = """
    "greeting": Case(
        lambda stage, said: (stage.site(stage.serve(lambda *_: (200, "", said))), criterion("greeting")),
        sound=b'"hello"',
        broken=b'"go away"',
    ),
}
"""
RULE = """
PROTOCOLS: tuple[Rule, ...] = (
    Rule("greeting", ASKED, lambda statement, facts: service_drafts.Draft("greeting"), words(r"\\bgreet")),
"""
TASK = """# Task 7.9: Small-1 Service

## Success Criteria
- [ ] Visitors are greeted
- [ ] The manners are impeccable
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which the steps were followed."""
    copy = tmp_path_factory.mktemp("project")
    for name in COPIED:
        place = copy / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, place)
    before = texts(copy)
    _put(copy / KINDS, "\n)\n", DECLARED)
    (copy / CHECK).write_text(MEASURED, encoding="utf-8")
    _put(copy / CASES, "\n}\n", CASE)
    _put(copy / RULES, "\nPROTOCOLS: tuple[Rule, ...] = (\n", RULE)
    assert {name for name, text in texts(copy).items() if before.get(name) != text} == {KINDS, CHECK, CASES, RULES}
    (copy / "task.md").write_text(TASK, encoding="utf-8")
    return copy


def texts(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _put(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, file
    file.write_text(text.replace(old, new), encoding="utf-8")


def done(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": f"{project / 'src'}{os.pathsep}{project}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_page_and_the_schema_speak_of_it(project: Path) -> None:
    found = done(project, "signoff.acceptance.checks")
    assert found.returncode == 0, found.stderr
    page = (project / "docs/checks.md").read_text(encoding="utf-8")
    assert "### greeting\n\nThe service greets whoever asks at /greeting." in page
    assert "/greeting says 'go away'" in page
    assert "- Judged as, for example: GET /greeting says hello." in page
    schema = json.loads((project / "fixtures/schemas/binding.schema.json").read_text(encoding="utf-8"))
    assert "greeting" in schema["$defs"]["type"]["properties"]["kind"]["enum"]


def test_it_is_read_from_words_and_from_a_binding_judged_and_reported(
    project: Path, serve: Callable[[Answer], str]
) -> None:
    read = done(project, "signoff.acceptance", "read", "task.md", "--json", "-")
    (document,) = json.loads(read.stdout)["documents"]
    by_words, other = document["criteria"]
    assert by_words["judged_as"] == "GET /greeting says hello."
    assert (by_words["kind"], other["kind"]) == ("greeting", "human_judgement")
    (project / "task.signoff.toml").write_text(
        f'[[type]]\ncriterion = "{other["id"]}"\nfingerprint = "{other["fingerprint"]}"\nkind = "greeting"\n',
        encoding="utf-8",
    )
    target = serve(lambda method, path, body: as_json("hello" if path == "/greeting" else {}))
    run = done(project, "signoff.acceptance", "run", "task.md", "--target", target, "--out", "out")
    (results,) = project.glob("out/*/results.json")
    criteria = json.loads(results.read_text(encoding="utf-8"))["criteria"]
    assert [(each["kind"], each["outcome"], each["part"]) for each in criteria] == [
        ("greeting", "pass", "Manners"),
        ("greeting", "pass", "Manners"),
    ], run.stdout + run.stderr
    (shown,) = results.parent.glob("*.md")
    assert "Manners" in shown.read_text(encoding="utf-8")


def test_its_failing_case_is_tried(project: Path) -> None:
    tried = (
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/acceptance/checks/test_failing_cases.py",
        "-k",
        "greeting",
    )
    found = done(project, *tried)
    assert (found.returncode, "3 passed" in found.stdout) == (0, True), found.stdout + found.stderr
    _put(project / CASES, """broken=b'"go away"'""", """broken=b'"hello"'""")
    found = done(project, *tried)
    assert (found.returncode, "1 failed" in found.stdout or "2 failed" in found.stdout) == (1, True), found.stdout
