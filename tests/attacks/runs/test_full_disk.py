"""A disk that takes no more is an error with a sentence and status 3; what was written before stays whole."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from signoff.perf.errors import HistoryFull
from signoff.perf.nights import history
from tests.acceptance.conftest import as_json, server_of

ROOT = Path(__file__).parents[3]
HEALTH = {"status": "healthy", "model": "small-1"}
TASK = """# Task 7.7: Small-1 Service

## Validation

```bash
curl -X GET http://10.0.0.7:8700/health
# Expected: {"status": "healthy", "model": "small-1"}
```
"""
LOAD = "\n## Success Criteria\n- [ ] Small-1 meets 500ms latency and 20 RPS throughput\n"
COMPLETION = {
    "id": "c-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}
# No file of the command and of what it starts may grow beyond so many bytes: EFBIG, as on a full disk ENOSPC.
LIMITED = (
    "import os, resource, sys; limit = int(sys.argv[1]); "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    def answer(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        if method == "POST":
            return as_json(COMPLETION)
        return as_json(HEALTH) if path == "/health" else as_json({"error": "unknown"}, 404)

    server = server_of(answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def signoff(folder: Path, *arguments: str, limit: int | None = None, to: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command, where asked for with files of at most so many bytes, or with its standard output elsewhere.

    It keeps no compiled modules: Python 3.11 keeps them cut where a file cannot grow, and nothing can import them then.
    """
    own = ["-P", "-m", "signoff.acceptance", *arguments]
    command = [sys.executable, *own] if limit is None else [sys.executable, "-c", LIMITED, str(limit), *own]
    if to:
        command = ["sh", "-c", f"exec {shlex.join(command)} >{to}"]
    return subprocess.run(
        command,
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


def assert_said(done: subprocess.CompletedProcess[str], *what: str) -> None:
    text = done.stdout + done.stderr
    assert (done.returncode, "Traceback" in text) == (3, False), text
    assert "hint:" in done.stderr
    for each in what:
        assert each in done.stderr, text


def only_run(folder: Path) -> Path:
    (found,) = (path for path in (folder / "out").iterdir() if path.name[0].isdigit())
    return found


@pytest.mark.parametrize(
    ("limit", "file", "kept"),
    [(1_000, "begun.json", set()), (12_000, "Results.html", {"begun.json", "verdicts.jsonl"})],
)
def test_a_run_whose_results_find_no_room(tmp_path: Path, target: str, limit: int, file: str, kept: set[str]) -> None:
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    done = signoff(tmp_path, "run", "task.md", "--target", target, limit=limit)
    assert_said(done, file, "cannot be written: File too large", "free some space")
    folder = only_run(tmp_path)
    names = {path.name for path in folder.iterdir()}
    assert kept <= names
    assert not {name for name in names if name.endswith(".part")} | {"results.json"} & names
    # With room again, what was judged is there to be reported.
    done = signoff(tmp_path, "report", str(folder))
    assert done.returncode == (3 if kept else 4), done.stderr


def test_a_load_whose_records_find_no_room(tmp_path: Path, target: str) -> None:
    (tmp_path / "task.md").write_text(TASK + LOAD, encoding="utf-8")
    done = signoff(tmp_path, "run", "task.md", "--target", target, limit=40_000)
    assert (done.returncode, "Traceback" in done.stdout + done.stderr) == (3, False), done.stdout + done.stderr
    folder = only_run(tmp_path)
    lines = (folder / "evidence/load.jsonl").read_text(encoding="utf-8").splitlines()
    assert len([json.loads(line) for line in lines]) > 10
    assert "evidence/load.jsonl cannot be written: File too large (free some space" in done.stdout + done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
@pytest.mark.parametrize("command", ["run", "report", "load"])
def test_a_json_file_and_a_standard_output_without_room(tmp_path: Path, target: str, command: str) -> None:
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    arguments = ["run", "task.md", "--target", target]
    if command == "report":
        assert signoff(tmp_path, *arguments).returncode == 0
        arguments = ["report", str(only_run(tmp_path))]
    elif command == "load":
        arguments = ["load", target, "--rate", "10", "--duration", "1"]
    done = signoff(tmp_path, *arguments, "--json", "/dev/full")
    assert_said(done, "/dev/full cannot be written: No space left on device")
    assert_said(
        signoff(tmp_path, *arguments, to="/dev/full"), "standard output or a temporary file: No space left on device"
    )


def test_records_of_a_load_command_without_room(tmp_path: Path, target: str) -> None:
    arguments = ("load", target, "--rate", "20", "--duration", "30", "--records", "records.jsonl")
    assert_said(signoff(tmp_path, *arguments, limit=4_000), "records.jsonl cannot be written: File too large")
    lines = (tmp_path / "records.jsonl").read_text(encoding="utf-8").splitlines()
    assert len([json.loads(line) for line in lines]) > 2
    if Path("/dev/full").exists():
        done = signoff(tmp_path, *arguments[:-1], "/dev/full")
        assert_said(done, "/dev/full cannot be written: No space left on device")


@pytest.mark.parametrize("limit", [1, 20_000])
def test_a_report_without_room_leaves_the_old_one(tmp_path: Path, target: str, limit: int) -> None:
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    assert signoff(tmp_path, "run", "task.md", "--target", target).returncode == 0
    folder = only_run(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert_said(signoff(tmp_path, "report", str(folder), limit=limit), "cannot be written: File too large")
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 96 kB, where this machine lets us have one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    options = ("-t", "tmpfs", "-o", "size=96k", "tmpfs", str(folder))
    if mount is None or subprocess.run([mount, *options], capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_run_on_a_full_disk(tmp_path: Path, small_disk: Path, target: str) -> None:
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    with (small_disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(4096))
    done = signoff(tmp_path, "run", "task.md", "--target", target, "--out", str(small_disk / "out"))
    assert_said(done, "No space left on device")
    os.truncate(small_disk / "filler", 96 * 1024 - 16 * 4096)
    done = signoff(tmp_path, "run", "task.md", "--target", target, "--out", str(small_disk / "out"))
    assert_said(done, "No space left on device")


def test_a_history_of_nights_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "nights.sqlite"
    night_of = history.Night("2026-01-20", "d", "d", "t", "c", 1.0, 1.0, 1, True, "", {"machine": "x" * 200_000})
    original = history.sqlite3.connect

    def small(*arguments: object, **named: object) -> object:
        db = original(*arguments, **named)  # type: ignore[call-overload]
        db.execute("PRAGMA max_page_count = 12")
        return db

    monkeypatch.setattr(history.sqlite3, "connect", small)
    with pytest.raises(HistoryFull, match="full") as caught:
        history.append(path, night_of, [])
    assert "free some space" in caught.value.hint
