"""A run that is cut off keeps what it had, says what it lacks, and is never taken for a whole one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.reports.stored import stored_run
from tests.acceptance.conftest import BRIEF, as_json, server_of
from tests.prepared import prepared_process

ROOT = Path(__file__).parents[3]
TASK = """# Task 7.7: Small-1 Service

## Validation

```bash
curl -X GET http://10.0.0.7:8700/health
# Expected: {"status": "healthy", "model": "small-1"}
```

## Success Criteria
- [ ] Small-1 meets 500ms latency and 20 RPS throughput
"""
HEALTH = {"status": "healthy", "model": "small-1"}
COMPLETION = {
    "id": "c-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}
JUDGED = {
    "document": "task.md",
    "id": "validation/json_shape/1",
    "verdict": {"outcome": "pass", "reason": "as asked", "measured": None, "mend": "", "detail": {}, "assumptions": []},
    "started": "2026-01-20T14:02:01.000Z",
    "seconds": 1.5,
    "evidence": ["evidence/json-shape.jsonl"],
}


class Target:
    """A sound server that counts the completions that it gave."""

    def __init__(self) -> None:
        self.given = 0
        self.server = server_of(self.answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        if method == "POST":
            self.given += 1
            return as_json(COMPLETION)
        return as_json(HEALTH) if path == "/health" else as_json({"error": "unknown"}, 404)


@pytest.fixture
def target() -> Iterator[Target]:
    found = Target()
    yield found
    found.server.shutdown()
    found.server.server_close()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "signoff.acceptance", *arguments]


def signoff(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return prepared_process.run("signoff.acceptance", *arguments, cwd=folder, env=variables, timeout=180)


@pytest.fixture
def running(tmp_path: Path, target: Target) -> Iterator[subprocess.Popen[str]]:
    """A run in the middle of its load, after its first criterion was judged."""
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    process = subprocess.Popen(
        command("run", "task.md", "--target", target.url),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(lambda: target.given > 30)
    yield process
    process.kill()
    process.communicate()


def until(is_so: Callable[[], bool], within_s: float = 60.0) -> None:
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def only_run(folder: Path) -> Path:
    (found,) = (path for path in (folder / "out").iterdir() if path.name[0].isdigit())
    return found


def runner_of(process: subprocess.Popen[str]) -> psutil.Process:
    (found,) = [
        each
        for each in psutil.Process(process.pid).children()
        if "signoff.acceptance.running.pytest_process" in each.cmdline()
    ]
    return found


def load_of(process: subprocess.Popen[str]) -> psutil.Process:
    (found,) = [each for each in runner_of(process).children() if "signoff.perf.load.load" in each.cmdline()]
    return found


def is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def exchanges(folder: Path) -> int:
    lines = (folder / "evidence/load.jsonl").read_text(encoding="utf-8").splitlines()
    return sum(json.loads(line)["record"] == "exchange" for line in lines)


def assert_cut(folder: Path, done: subprocess.CompletedProcess[str], outcomes: dict[str, str]) -> dict[str, Any]:
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    stored = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert (stored["outcome"], stored["schema"], stored["finished"]) == ("invalid", 1, "")
    assert {each["kind"]: each["outcome"] for each in stored["criteria"]} == outcomes
    (page,) = folder.glob("*_Implementation_Results.html")
    assert "the run was cut off" in page.read_text(encoding="utf-8")
    assert stored_run.load(folder / "results.json").extra["cut"] == stored["cut"]
    return stored


def test_a_killed_run_is_reported_with_what_it_had(
    running: subprocess.Popen[str], tmp_path: Path, target: Target
) -> None:
    runner = runner_of(running)
    given = target.given
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: is_gone(runner))
    folder = only_run(tmp_path)
    # Records leave the load process each 0.2 s, and 25 come a second: at most one second of them is lost.
    assert exchanges(folder) >= given - 25
    kept = {path.name: path.read_bytes() for path in folder.rglob("*.jsonl")}

    done = signoff(tmp_path, "report", str(folder))
    outcomes = {"json_shape": "pass", "latency": "not_run", "throughput": "not_run"}
    stored = assert_cut(folder, done, outcomes)
    assert done.stdout.startswith("invalid on an unnamed engine: the run was cut off after validation/json")
    assert "1 of 3 criteria were judged; records without a verdict: evidence/load.jsonl (" in done.stdout
    assert stored["cut"] | {"without_verdict": []} == {
        "judged": 1,
        "of": 3,
        "last_criterion": "validation/json_shape/1",
        "last_verdict": stored["cut"]["last_verdict"],
        "without_verdict": [],
        "damaged": [],
    }
    assert {path.name: path.read_bytes() for path in folder.rglob("*.jsonl")} == kept
    # It stays a cut run, however often it is reported.
    again = signoff(tmp_path, "report", str(folder), "--json", "-")
    assert assert_cut(folder, again, outcomes) == stored
    assert json.loads(again.stdout)["outcome"] == "invalid"
    elsewhere = signoff(tmp_path, "report", str(folder / "results.json"), "--out", "elsewhere")
    assert_cut(tmp_path / "elsewhere", elsewhere, outcomes)


def test_a_run_that_goes_on_is_not_reported_as_cut(running: subprocess.Popen[str], tmp_path: Path) -> None:
    folder = only_run(tmp_path)
    done = signoff(tmp_path, "report", str(folder))
    assert (done.returncode, "this run is in progress" in done.stderr) == (4, True), done.stderr
    assert not (folder / "results.json").exists()


def test_a_runner_that_is_killed_alone_ends_the_command_with_3(running: subprocess.Popen[str], tmp_path: Path) -> None:
    runner = runner_of(running)
    children = runner.children(recursive=True)
    assert children
    runner.kill()
    _, complaints = running.communicate(timeout=60)
    assert running.returncode == 3
    assert "the runner was killed by SIGKILL and wrote no result" in complaints
    assert "signoff report" in complaints
    until(lambda: all(map(is_gone, children)), 10.0)
    assert "Traceback" not in complaints
    folder = only_run(tmp_path)
    done = signoff(tmp_path, "report", str(folder))
    assert_cut(folder, done, {"json_shape": "pass", "latency": "not_run", "throughput": "not_run"})


def test_a_load_process_that_is_killed_alone_makes_the_run_invalid(
    running: subprocess.Popen[str], tmp_path: Path, target: Target
) -> None:
    first = load_of(running)
    first.kill()
    given = target.given
    until(lambda: target.given > given + 30)  # it is offered once more
    load_of(running).kill()
    output, complaints = running.communicate(timeout=120)
    assert (running.returncode, "Traceback" in output + complaints) == (3, False), output + complaints
    stored = json.loads((only_run(tmp_path) / "results.json").read_text(encoding="utf-8"))
    assert "cut" not in stored
    found = {each["kind"]: each for each in stored["criteria"]}
    assert {kind: each["outcome"] for kind, each in found.items()} == {
        "json_shape": "pass",
        "latency": "error",
        "throughput": "error",
    }
    assert "the process that ran the load was lost (status -9)" in found["latency"]["reason"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of one criterion."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "task.md").write_text(TASK.split("## Success")[0], encoding="utf-8")
    target = Target()
    assert signoff(folder, "run", "task.md", "--target", target.url).returncode == 0
    target.server.shutdown()
    target.server.server_close()
    return only_run(folder)


@pytest.fixture
def cut(tmp_path: Path, whole: Path) -> Path:
    """The folder of a cut run, with one criterion judged."""
    folder = tmp_path / "cut"
    shutil.copytree(whole, folder, ignore=shutil.ignore_patterns("results.json", "*_Results.*"))
    return folder


@pytest.mark.parametrize(
    ("content", "outcome", "says"),
    [
        (json.dumps(JUDGED) + "\n", "pass", "1 of 1 criteria were judged"),
        (json.dumps(JUDGED) + "\n" + json.dumps(JUDGED)[:70], "pass", "line 2 of verdicts.jsonl is cut off"),
        (json.dumps(JUDGED)[:70], "not_run", "line 1 of verdicts.jsonl is cut off or damaged"),
        ("", "not_run", "verdicts.jsonl is empty"),
        (None, "not_run", "verdicts.jsonl cannot be read: No such file"),
        ('{"verdict": 3}\n[]\nnull\n' + "[" * 100_000, "not_run", "line 4 of verdicts.jsonl is cut off"),
        ("\x00\xff\n", "not_run", "line 1 of verdicts.jsonl"),
    ],
    ids=["whole", "torn", "torn-only", "empty", "absent", "no-verdicts", "binary"],
)
def test_what_a_cut_left_half_written_is_tolerated_and_said(
    cut: Path, tmp_path: Path, content: str | None, outcome: str, says: str
) -> None:
    (cut / "verdicts.jsonl").unlink()
    if content is not None:
        (cut / "verdicts.jsonl").write_bytes(content.encode("latin-1"))
    (cut / "evidence/half.jsonl").write_text('{"record": "setup"}\n{"rec', encoding="utf-8")
    (cut / "evidence/none.jsonl").write_text("", encoding="utf-8")
    done = signoff(tmp_path, "report", str(cut))
    stored = assert_cut(cut, done, {"json_shape": outcome})
    assert says in stored["reason"]
    assert "evidence/half.jsonl (1 record, and one cut off)" in stored["cut"]["without_verdict"]
    assert "evidence/none.jsonl (0 records)" in stored["cut"]["without_verdict"]


def test_a_run_that_was_cut_before_it_began_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/pytest.log").write_text("", encoding="utf-8")
    for content in (None, "", '{"schema": 1, "outc'):
        if content is not None:
            (tmp_path / "run/begun.json").write_text(content, encoding="utf-8")
        done = signoff(tmp_path, "report", "run")
        assert (done.returncode, "hint:" in done.stderr, "Traceback" in done.stderr) == (4, True, False), done.stderr
    assert "begun.json" in done.stderr


@pytest.mark.parametrize("name", ["results.json", "7.7_Small-1_Implementation_Results.html"])
def test_report_replaces_a_planted_link_and_writes_nothing_behind_it(cut: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine", encoding="utf-8")
    (cut / name).symlink_to(outside)
    if name == "results.json":  # a link that leads nowhere is no result, one that leads to another file is torn
        assert signoff(tmp_path, "report", str(cut)).returncode == 4
        outside.unlink()
    done = signoff(tmp_path, "report", str(cut))
    assert done.returncode == 3, done.stderr
    assert not (cut / name).is_symlink()
    assert not outside.exists() if name == "results.json" else outside.read_text(encoding="utf-8") == "mine"


def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(cut: Path, tmp_path: Path) -> None:
    (cut / "verdicts.jsonl").unlink()
    os.mkfifo(cut / "verdicts.jsonl")
    (cut / "evidence/pipe.jsonl").unlink(missing_ok=True)
    os.mkfifo(cut / "evidence/pipe.jsonl")
    done = signoff(tmp_path, "report", str(cut))
    assert "verdicts.jsonl cannot be read" in assert_cut(cut, done, {"json_shape": "not_run"})["reason"]


def test_a_record_is_on_disk_when_it_is_written(tmp_path: Path) -> None:
    site = Site(deployments.from_target("http://127.0.0.1:9"), BRIEF, tmp_path / "run", ())
    seen: list[int] = []

    def measure(recorder: Recorder) -> None:
        for number in range(3):
            recorder.write("number", {"number": number})
            seen.append((site.folder / "evidence/slow.jsonl").read_text(encoding="utf-8").count("\n"))

    site.measured("slow", measure)
    assert seen == [2, 3, 4]


def test_a_file_of_nothing_but_damage_is_told_in_a_few_words(cut: Path, tmp_path: Path) -> None:
    (cut / "verdicts.jsonl").write_bytes(b"\n" * 200_000)
    done = signoff(tmp_path, "report", str(cut))
    stored = assert_cut(cut, done, {"json_shape": "not_run"})
    assert "what follows line 10001 of verdicts.jsonl was not read" in stored["reason"]
    assert stored["cut"]["damaged"][-1] == "9996 more lines of verdicts.jsonl are damaged and were left out"
    assert (cut / "results.json").stat().st_size < 100_000


@pytest.mark.parametrize("name", ["results.json", "begun.json"])
def test_a_file_without_end_is_no_run(cut: Path, tmp_path: Path, name: str) -> None:
    with (cut / name).open("r+b" if name == "begun.json" else "wb") as file:
        file.truncate(2**40)
    done = signoff(tmp_path, "report", str(cut))
    assert (done.returncode, f"{name}: more than" in done.stderr) == (4, True), done.stderr
