"""`signoff serve` as a process, from the outside."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from signoff.acceptance.commands.runs import serve
from signoff.acceptance.errors import UsageError

ROOT = Path(__file__).parents[3]
PROGRAM = (
    "import argparse, sys\n"
    "from signoff.acceptance.commands.runs import serve\n"
    "parser = argparse.ArgumentParser()\n"
    "serve.add_arguments(parser)\n"
    "sys.exit(serve.run(parser.parse_args()))\n"
)


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    return parser.parse_args(arguments)


def test_what_does_not_exist_is_named_with_what_does() -> None:
    with pytest.raises(UsageError, match="no service 'hermes-3'") as caught:
        serve.run(parsed("hermes-3"))
    assert "hermes-2" in caught.value.hint
    with pytest.raises(UsageError, match="no fault 'tired'") as caught:
        serve.run(parsed("hermes-2", "--fault", "tired"))
    assert "forgets_session, slow, leaks_memory, stale_metrics" in caught.value.hint
    with pytest.raises(UsageError, match="no service is named"):
        serve.run(parsed())


@pytest.mark.parametrize(
    "url", ["redis://:pw@host/0", "redis://ann:p/w@host", "postgresql://host/db?user=ann&password=pw"]
)
def test_a_store_with_a_password_is_for_the_variable_not_for_the_command_line(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        serve.run(parsed("openchat-3.5", "--store", url))
    assert caught.value.hint == "set OPENCHAT_3_5_STORE"
    assert url not in str(caught.value)


@pytest.mark.parametrize("url", ["redis://ann@[::1]:6379/0", "postgresql://ann@host:5432/db", "sqlite:////srv/a@b"])
def test_a_store_without_a_password_goes_to_the_service(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    become: list[list[str]] = []
    monkeypatch.setattr("os.execve", lambda program, command, environment: become.append(command))
    serve.run(parsed("hermes-2", "--store", url))
    assert become[0][-1] == f"--store={url}"


def test_the_list_names_services_and_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.run(parsed("--list")) == 0
    lines = capsys.readouterr().out.splitlines()
    services = [line for line in lines if not line.startswith(" ")]
    assert services == list(serve.SERVICES)
    faults = [line.split()[1] for line in lines[lines.index("hermes-2") + 1 : lines.index("openchat-3.5")]]
    assert {"forgets_session", "slow", "leaks_memory", "stale_metrics"} <= set(faults)


def test_without_the_services_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "fastapi" else object())
    with pytest.raises(UsageError, match="not installed: fastapi") as caught:
        serve.run(parsed("hermes-2"))
    assert caught.value.hint == 'pip install "signoff[services]"'


def started(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """The command as a process, from another folder, as a user would: the service lies beside the command."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HERMES_2_")}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=folder, env={**kept, "PYTHONPATH": str(ROOT / "src")}
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_in_one_process_of_less_than_200_mb(number: int, tmp_path: Path) -> None:
    process = started(tmp_path, "hermes-2", "--host=127.0.0.25", "--port=21421", "--metrics-port=21422")
    try:
        deadline = time.monotonic() + 60
        status = 0
        while status != 200 and time.monotonic() < deadline:
            try:
                status = httpx.get("http://127.0.0.25:21421/ready", trust_env=False).status_code
            except httpx.TransportError:
                time.sleep(0.02)
        assert status == 200
        service = psutil.Process(process.pid)
        assert service.children(recursive=True) == []
        assert service.memory_info().rss < 200e6
        process.send_signal(number)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def test_the_exit_code_of_the_service_is_that_of_the_command(tmp_path: Path) -> None:
    assert started(tmp_path, "hermes-2", "--port=0").wait(60) == 4
