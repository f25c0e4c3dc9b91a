"""Files that a command reads: a device, a pipe or an endless file never hangs it, and a size limit is said."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

import pytest

from signoff.perf.errors import InputTooLong
from signoff.perf.input_file import read_input
from tests.prepared import prepared_process

ROOT = Path(__file__).parents[3]
DOCUMENT = "# T\n\n- [ ] Latency below 1500 ms\n"
DEADLINE_S = 60
WAYS_IN = {
    # Files of the system and of this command's own run folder; nobody names them to Signoff.
    "acceptance/commands/__init__.py": 1,
    "acceptance/commands/runs/run.py": 2,
    "acceptance/machine.py": 1,
    "acceptance/reading/languages/word_table.py": 1,
    "acceptance/services/services_of_run.py": 1,
    "coherence/phrasing.py": 1,
    "perf/load/client_validity.py": 1,
    "perf/distributed/joining.py": 1,
    "perf/journeys/journey_locustfile.py": 2,
    "perf/processes/process_tree.py": 4,
}


def signoff(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    variables = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return prepared_process.run("signoff.acceptance", *arguments, cwd=cwd, env=variables, timeout=DEADLINE_S)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "task.md").write_text(DOCUMENT, encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


@pytest.mark.parametrize("name", ["/dev/zero", "pipe", "/proc/self/mem", "."])
@pytest.mark.parametrize("option", ["--deployment", "--evidence"])
def test_what_is_no_file_is_refused_as_an_input_of_run(folder: Path, name: str, option: str) -> None:
    rest = [] if option == "--deployment" else ["--target", "http://127.0.0.1:9"]
    done = signoff("run", "task.md", option, name, *rest, cwd=folder)
    assert done.returncode == 4, done.stderr
    assert name in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["/dev/zero", "pipe", "/proc/self/mem"])
def test_what_is_no_file_is_refused_as_a_document(folder: Path, name: str) -> None:
    done = signoff("read", name, cwd=folder)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["/dev/zero", "pipe"])
@pytest.mark.parametrize("option", ["--trace", "--prompts"])
def test_what_is_no_file_is_refused_as_an_input_of_load(folder: Path, name: str, option: str) -> None:
    done = signoff("load", "http://127.0.0.1:9", "--rate", "1", "--duration", "1", option, name, cwd=folder)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("link", ["/dev/zero", "pipe"])
def test_a_binding_that_is_no_file_is_refused(folder: Path, link: str) -> None:
    (folder / "task.signoff.toml").symlink_to(link)
    done = signoff("read", "task.md", cwd=folder)
    assert done.returncode == 4
    assert "not a regular file" in done.stderr


@pytest.mark.parametrize("command", [["read"], ["run", "--target", "http://127.0.0.1:9"]])
def test_a_document_beyond_the_limit_is_refused_with_its_size_and_the_option(folder: Path, command: list[str]) -> None:
    done = signoff(*command, "task.md", "--max-bytes", "20", cwd=folder)
    assert done.returncode == 4
    assert f"{len(DOCUMENT)} bytes" in done.stderr
    assert "20" in done.stderr
    assert "--max-bytes" in done.stderr


def test_the_limit_reaches_the_process_that_judges(folder: Path) -> None:
    (folder / "task.md").write_text(DOCUMENT + "x" * (16 * 2**20), encoding="utf-8")
    done = signoff("run", "task.md", "--target", "http://127.0.0.1:9", "--max-bytes", "20000000", cwd=folder)
    assert done.returncode == 3, done.stderr
    assert "no task document" not in done.stderr + done.stdout


def test_a_document_of_just_the_limit_is_read(folder: Path) -> None:
    assert signoff("read", "task.md", "--max-bytes", str(len(DOCUMENT)), cwd=folder).returncode == 0


@pytest.mark.parametrize("given", ["0", "-1", "many"])
def test_a_limit_that_is_none_is_a_usage_error(folder: Path, given: str) -> None:
    assert signoff("read", "task.md", f"--max-bytes={given}", cwd=folder).returncode == 4


def test_a_file_is_counted_while_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 11)
    assert read_input(file, 11) == b"x" * 11
    with pytest.raises(InputTooLong):
        read_input(file, 10)
    with pytest.raises(InputTooLong):
        read_input(Path("/proc/self/maps"), 10)  # its size is 0


def reads(source: str) -> int:
    """How many calls of a text read or open a file by its path."""
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    names = [call.attr for call in calls if isinstance(call, ast.Attribute) and not _of_os(call)]
    return sum(name in ("read_text", "read_bytes", "open") for name in names)


def _of_os(call: ast.Attribute) -> bool:
    return isinstance(call.value, ast.Name) and call.value.id in ("os", "webbrowser")


def test_no_other_module_reads_a_file_that_a_user_names() -> None:
    files = [file for folder in ("acceptance", "coherence", "perf") for file in sorted((ROOT / folder).rglob("*.py"))]
    found = {
        str(file.relative_to(ROOT)): count
        for file in files
        if file.name != "input_file.py" and (count := reads(file.read_text(encoding="utf-8")))
    }
    assert found == WAYS_IN


def test_another_way_to_read_is_found() -> None:
    assert reads("from pathlib import Path\nPath('x').read_text()\nfile.open()\n") == 2
