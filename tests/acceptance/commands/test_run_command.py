"""`signoff run` from outside: exit codes, what is written, and what bad input leaves behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Answer, as_json, command, run_folder, signoff_in

ROOT = Path(__file__).parents[3]
CLOSED = "http://127.0.0.1:9"
TASK = """# Task 7.7: Small-1 Service

## Validation

```bash
curl -X GET http://10.0.0.7:8700/health
# Expected: {"status": "healthy", "model": "small-1"}
```

## Success Criteria
- [ ] Small-1 service is operational
"""
LOAD_TASK = """# Task 7.8: Small-1 Service

## Success Criteria
- [ ] Small-1 meets 500ms latency and 20 RPS throughput
"""
HEALTH = {"status": "healthy", "model": "small-1"}
COMPLETION = {
    "id": "c-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def sound(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
    if method == "POST":
        return as_json(COMPLETION)
    return as_json(HEALTH) if path == "/health" else as_json({"error": "unknown"}, 404)


@pytest.fixture
def signoff(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command in a folder of its own."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return signoff_in(tmp_path, *arguments, **environment)

    return run


@pytest.fixture
def task(tmp_path: Path) -> Path:
    path = tmp_path / "task.md"
    path.write_text(TASK, encoding="utf-8")
    return path


def only_run(folder: Path) -> tuple[Path, dict[str, Any]]:
    found = run_folder(folder)
    return found, json.loads((found / "results.json").read_text(encoding="utf-8"))


def outcomes(result: dict[str, Any]) -> dict[str, str]:
    return {criterion["kind"]: criterion["outcome"] for criterion in result["criteria"]}


def test_a_sound_server_passes_and_leaves_a_result_document(
    signoff: Callable[..., Any], task: Path, tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    target = serve(sound)
    done = signoff("run", "task.md", "--target", target, "--json", "-")
    assert done.returncode == 0, done.stderr
    folder, stored = only_run(tmp_path)
    assert json.loads(done.stdout) == stored
    assert stored["outcome"] == "passed"
    assert set(stored) >= {
        "schema",
        "outcome",
        "profile",
        "target",
        "engine",
        "machine",
        "versions",
        "started",
        "finished",
        "open",
        "conflicts",
        "criteria",
    }
    assert outcomes(stored) == {"service": "pass", "json_shape": "pass"}
    names = {path.name for path in folder.iterdir()}
    assert {"results.json", "verdicts.jsonl", "junit.xml", "pytest.log", "evidence"} <= names
    (page,) = folder.glob("*_Implementation_Results.html")
    assert page.name.startswith("7.7_Small-1_")
    assert "passed on an unnamed engine: 2 of 2 criteria pass" in done.stderr


def test_a_wrong_shape_fails_with_its_line(
    signoff: Callable[..., Any], task: Path, tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    def other_model(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        return as_json({**HEALTH, "model": "small-2"}) if path == "/health" else sound(method, path, body)

    done = signoff("run", "task.md", "--target", serve(other_model))
    assert done.returncode == 1
    assert "fail: task.md:7: model is 'small-2', not 'small-1'" in done.stdout


def test_a_server_that_answers_200_and_nothing_never_passes(
    signoff: Callable[..., Any], task: Path, tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    done = signoff("run", "task.md", "--target", serve(lambda method, path, body: as_json({})))
    assert done.returncode == 1
    assert set(outcomes(only_run(tmp_path)[1]).values()) == {"fail"}


def test_a_server_that_dies_in_the_middle_fails_what_it_did_not_answer(
    signoff: Callable[..., Any], task: Path, tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    left = iter(range(1))  # the look whether anybody is there

    def dying(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        if next(left, None) is None:
            raise ConnectionResetError("gone")
        return sound(method, path, body)

    done = signoff("run", "task.md", "--target", serve(dying))
    assert done.returncode == 1
    assert "pass" not in outcomes(only_run(tmp_path)[1]).values()


def test_a_target_that_is_down_makes_the_run_invalid_and_every_criterion_is_shown(
    signoff: Callable[..., Any], task: Path, tmp_path: Path
) -> None:
    done = signoff("run", "task.md", "--target", CLOSED)
    assert done.returncode == 3
    assert "does not answer" in done.stdout
    assert set(outcomes(only_run(tmp_path)[1]).values()) == {"not_run"}


def test_a_deselected_criterion_is_not_run_and_the_run_invalid(
    signoff: Callable[..., Any], task: Path, tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    done = signoff("run", "task.md", "--target", serve(sound), "-k", "json_shape")
    assert done.returncode == 3
    assert outcomes(only_run(tmp_path)[1]) == {"service": "not_run", "json_shape": "pass"}


def test_a_reader_that_leaves_the_pipe_changes_nothing_of_the_outcome(task: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("run", "task.md", "--target", CLOSED, "--json", "-"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == 3
    assert process.stderr is not None
    process.stderr.close()


def test_a_key_that_the_server_echoes_is_not_kept(
    signoff: Callable[..., Any], task: Path, tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    def echoing(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        return as_json({"seen": "Bearer SECRET-KEY-1"}, 500)

    done = signoff("run", "task.md", "--target", serve(echoing), "--api-key-env", "KEY", KEY="SECRET-KEY-1")
    assert done.returncode == 1
    kept = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"SECRET-KEY-1" in path.read_bytes()]


def test_a_request_that_changes_the_server_is_shown_and_not_sent(
    signoff: Callable[..., Any], tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    asked: list[str] = []

    def listening(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        asked.append(method)
        return sound(method, path, body)

    text = TASK.replace("curl -X GET http://10.0.0.7:8700/health", "curl -X DELETE http://10.0.0.7:8700/health")
    (tmp_path / "task.md").write_text(text, encoding="utf-8")
    signoff("run", "task.md", "--target", serve(listening))
    withheld = [item for item in only_run(tmp_path)[1]["criteria"] if "a DELETE request changes" in item["reason"]]
    assert [item["outcome"] for item in withheld] == ["awaiting_person"]
    assert "DELETE" not in asked


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run", "task.md"), "a run needs --target or --deployment"),
        (("run", "task.md", "--target", CLOSED, "--deployment", "d.toml"), "one of them only"),
        (("run", "absent.md", "--target", CLOSED), "absent.md: no such file"),
        (("run", "binary.md", "--target", CLOSED), "binary.md"),
        (("run", "task.md", "--deployment", "absent.toml"), "absent.toml: no such deployment file"),
        (("run", "task.md", "--target", "127.0.0.1:1"), "is not an http(s) URL"),
        (("run", "task.md", "--target", CLOSED, "--profile", "perfect"), "invalid choice: 'perfect'"),
        (("run", "task.md", "--target", CLOSED, "--api-key-env", "NO_SUCH_KEY"), "NO_SUCH_KEY is empty or not set"),
        (("sign",), "invalid choice: 'sign'"),
    ],
)
def test_wrong_usage_ends_with_4_a_cause_and_a_hint(
    signoff: Callable[..., Any], task: Path, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    (tmp_path / "binary.md").write_bytes(b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)) * 8)
    done = signoff(*arguments)
    assert (done.returncode, complaint in done.stderr) == (4, True), done.stderr
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("out/*/results.json"))


def test_a_document_without_criteria_is_invalid_and_never_passed(
    signoff: Callable[..., Any], tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    (tmp_path / "empty.md").write_text("# A title\n\nSome prose about the weather.\n", encoding="utf-8")
    done = signoff("run", "empty.md", "--target", serve(sound))
    assert done.returncode == 3
    assert only_run(tmp_path)[1]["outcome"] == "invalid"


def test_a_taken_port_is_said_with_its_holder(signoff: Callable[..., Any], task: Path, tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.71", 0))
        holder.listen()
        port = holder.getsockname()[1]
        (tmp_path / "d.toml").write_text(
            f'target = "http://127.0.0.71:{port}"\n[start]\nservice = "hermes-2"\n', encoding="utf-8"
        )
        done = signoff("run", "task.md", "--deployment", "d.toml")
    assert done.returncode == 3
    assert f"127.0.0.71:{port} is taken by process {os.getpid()}" in done.stdout


def test_a_service_that_does_not_start_is_said_with_its_last_words(
    signoff: Callable[..., Any], task: Path, tmp_path: Path
) -> None:
    (tmp_path / "d.toml").write_text(
        'target = "http://127.0.0.72:18700"\n[start]\nservice = "hermes-2"\narguments = ["--port", "no-port"]\n',
        encoding="utf-8",
    )
    done = signoff("run", "task.md", "--deployment", "d.toml")
    assert done.returncode == 3
    assert "hermes-2 ended with exit code 4 before it was ready" in done.stdout
    assert "no-port" in done.stdout


def interrupted(folder: Path, target: str, when: threading.Event) -> tuple[Path, dict[str, Any]]:
    """A run that gets Ctrl-C when the event is set: it ends with 3 and no traceback; what it left behind."""
    process = subprocess.Popen(
        command("run", "task.md", "--target", target),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert when.wait(60)
    os.killpg(process.pid, signal.SIGINT)
    output, complaints = process.communicate(timeout=60)
    assert process.returncode == 3, complaints
    assert "Traceback" not in output + complaints
    return only_run(folder)


def test_ctrl_c_keeps_what_was_judged_and_the_run_is_invalid(
    task: Path, tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    asked = threading.Event()

    def stuck(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        if method == "POST":
            asked.set()
            time.sleep(30)
        return sound(method, path, body)

    folder, stored = interrupted(tmp_path, serve(stuck), asked)
    assert stored["outcome"] == "invalid"
    assert outcomes(stored) == {"service": "not_run", "json_shape": "pass"}
    kept = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [verdict["id"] for verdict in kept] == ["validation/json_shape/1"]


def test_ctrl_c_in_a_load_run_keeps_its_records_and_ends_the_run(
    tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    (tmp_path / "task.md").write_text(LOAD_TASK, encoding="utf-8")
    answered = iter(range(12))
    enough = threading.Event()

    def counting(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        if method == "POST" and next(answered, None) is None:
            enough.set()
        return sound(method, path, body)

    folder, stored = interrupted(tmp_path, serve(counting), enough)
    assert outcomes(stored) == {"latency": "not_run", "throughput": "not_run"}
    lines = (folder / "evidence" / "load.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum(json.loads(line)["record"] == "exchange" for line in lines) >= 10


def test_a_users_pytest_settings_change_nothing(
    signoff: Callable[..., Any], task: Path, tmp_path: Path, serve: Callable[[Answer], str]
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text("raise RuntimeError('a conftest of the user was read')\n", encoding="utf-8")
    done = signoff("run", "task.md", "--target", serve(sound), PYTEST_ADDOPTS="--no-such-option")
    assert done.returncode == 0, done.stdout + done.stderr


def test_plain_pytest_shows_criteria_as_tests(task: Path, tmp_path: Path, serve: Callable[[Answer], str]) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "pytest",
            "-c",
            os.devnull,
            f"--rootdir={tmp_path}",
            "task.md",
            "-v",
            "-p",
            "signoff.acceptance.running.pytest_plugin",
            "--target",
            serve(sound),
            "--junitxml=j.xml",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "task.md::success-criteria/service/1 PASSED" in done.stdout
    assert 'tests="2"' in (tmp_path / "j.xml").read_text()


def test_without_a_deployment_the_plugin_leaves_documents_alone(task: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "pytest",
            "-c",
            os.devnull,
            f"--rootdir={tmp_path}",
            "-p",
            "signoff.acceptance.running.pytest_plugin",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 5, done.stdout
