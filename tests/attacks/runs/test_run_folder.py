"""Who may write into a run's folder must not make a run write elsewhere; a full disk is an error with a sentence."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from signoff.reports.errors import NotWritten
from signoff.reports.stored.run_folder import RunFolder, is_in_use, write

ROOT = Path(__file__).parents[3]
GROWS_UNTIL_FULL = """
import resource, sys
from pathlib import Path
from signoff.reports.errors import NotWritten
from signoff.reports.stored.run_folder import RunFolder
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
folder = RunFolder(Path(sys.argv[1]))
folder.write("results.json", "old")
try:
    with folder.growing("evidence/load.jsonl") as file:
        for number in range(10_000):
            file.append(f"{number:099d}\\n")
except NotWritten as error:
    print(error.is_full, error)
try:
    folder.write("results.json", "x" * 100_000)
except NotWritten as error:
    print(error.is_full, error)
"""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_text("mine")
    return folder


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path, outside: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    (run.path / "results.html").symlink_to(outside / "file")
    run.write("results.html", "new")
    assert (outside / "file").read_text() == "mine"
    assert not (run.path / "results.html").is_symlink()
    assert (run.path / "results.html").read_text() == "new"


@pytest.mark.parametrize("kind", ["symbolic", "dangling", "hard", "pipe"])
def test_nothing_is_added_through_what_is_no_file_of_the_folder(tmp_path: Path, outside: Path, kind: str) -> None:
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    planted = run.path / "verdicts.jsonl"
    if kind == "symbolic":
        planted.symlink_to(outside / "file")
    elif kind == "dangling":
        planted.symlink_to(outside / "absent")
    elif kind == "hard":
        planted.hardlink_to(outside / "file")
    else:
        os.mkfifo(planted)
    with pytest.raises(NotWritten, match="verdicts"):
        run.append("verdicts.jsonl", "line\n")
    assert [(each.name, each.read_text()) for each in outside.iterdir()] == [("file", "mine")]


def test_a_linked_folder_below_the_run_is_refused(tmp_path: Path, outside: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    (run.path / "evidence").symlink_to(outside)
    for name in ("evidence/load.jsonl", "../load.jsonl", "evidence/../../load.jsonl", f"{outside}/load.jsonl"):
        with pytest.raises(NotWritten):
            run.append(name, "line\n")
        with pytest.raises(NotWritten):
            run.write(name, "text")
    assert [each.name for each in outside.iterdir()] == ["file"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["outside", "run"]


def test_the_folder_itself_may_be_reached_by_a_link_of_the_user(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "latest").symlink_to(outside)
    RunFolder(tmp_path / "latest").write("results.md", "new")
    assert (outside / "results.md").read_text() == "new"


def test_replacing_leaves_no_other_file_and_honours_the_umask(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "a" / "run")
    before = os.umask(0o027)
    try:
        run.write("results.json", "one")
        run.write("results.json", "a lone \ud800 surrogate")
    finally:
        os.umask(before)
    assert [each.name for each in run.path.iterdir()] == ["results.json"]
    assert (run.path / "results.json").read_text() == "a lone \\ud800 surrogate"
    assert (run.path / "results.json").stat().st_mode & 0o777 == 0o640


def test_a_file_that_may_not_grow_keeps_whole_lines_and_the_old_result(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GROWS_UNTIL_FULL, str(tmp_path / "run")],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    first, second = done.stdout.splitlines()
    assert "load.jsonl cannot be written: File too large" in first
    assert "results.json" in second
    assert {each.split()[0] for each in (first, second)} == {"True"}
    lines = (tmp_path / "run/evidence/load.jsonl").read_text().splitlines()
    assert lines == [f"{number:099d}" for number in range(50)]
    assert (tmp_path / "run/results.json").read_text() == "old"
    assert sorted(each.name for each in (tmp_path / "run").iterdir()) == ["evidence", "results.json"]


def test_a_full_device_that_the_user_names_is_an_error_with_a_sentence() -> None:
    with pytest.raises(NotWritten, match="/dev/full cannot be written: No space left on device") as caught:
        write(Path("/dev/full"), "text")
    assert caught.value.is_full
    assert "free some space" in caught.value.hint


def test_a_file_is_in_use_as_long_as_its_writer_has_it(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    path = tmp_path / "verdicts.jsonl"
    assert not is_in_use(path)
    with run.growing("verdicts.jsonl") as file:
        assert not is_in_use(path)
        file.lock()
        assert is_in_use(path)
    assert not is_in_use(path)


WRITERS = {
    "write_text",
    "write_bytes",
    "touch",
    "copyfile",
    "copy",
    "copy2",
    "copytree",
    "move",
    "rename",
    "symlink_to",
}
ELSEWHERE = {
    "reports/stored/run_folder.py": "the one place",
    "acceptance/checks/__main__.py": "the generated pages of a checkout",
    "acceptance/running/handed_reading.py": "a pipe of ours",
    "acceptance/commands/__init__.py": "what goes to the null device",
    "acceptance/library/library_steps.py": "a pipe of ours",
    "perf/journeys/journey_locustfile.py": "a pipe of ours, or the file that a user of Locust names",
}


def writing_calls(source: str) -> set[int]:
    """The lines of a source text that open a file for writing, or write, copy or rename one."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = getattr(node.func.value, "id", "") if isinstance(node.func, ast.Attribute) else ""
        texts = [ast.unparse(each) for each in (*node.args, *(keyword.value for keyword in node.keywords))]
        if "devnull" in "".join(texts):
            continue
        is_opened = name in ("open", "fdopen") and any(
            re.fullmatch(r"'[rwaxbt+]*[wax+][rwaxbt+]*'|.*\bO_(WRONLY|RDWR|CREAT).*", text) for text in texts
        )
        # `copy` and `move` are names of much else.
        is_moved = name in WRITERS and (name not in ("copy", "move", "rename") or owner in ("shutil", "os"))
        if is_opened or is_moved or (owner == "os" and name == "replace"):
            found.add(node.lineno)
    return found


def test_no_other_module_writes_a_file() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for room in ("acceptance", "coherence", "perf", "reports")
        for path in sorted((ROOT / room).rglob("*.py"))
        if str(path.relative_to(ROOT)) not in ELSEWHERE
        for line in writing_calls(path.read_text(encoding="utf-8"))
    }
    assert found == set()


@pytest.mark.parametrize(
    "source",
    [
        "path.write_text('x')",
        "path.open('w', encoding='utf-8')",
        "open(path, mode='a')",
        "open(path, 'r+b')",
        "os.open(path, os.O_WRONLY | os.O_CREAT)",
        "shutil.copyfile(one, other)",
        "os.replace(one, other)",
        "os.fdopen(number, 'wb')",
    ],
)
def test_the_search_finds_a_write(source: str) -> None:
    assert writing_calls(source) == {1}


@pytest.mark.parametrize(
    "source", ["path.open()", "path.open('rb')", "dict.copy()", "replace(run, x=1)", "a.rename(b=1)"]
)
def test_the_search_finds_nothing_else(source: str) -> None:
    assert writing_calls(source) == set()
