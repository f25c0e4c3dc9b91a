"""A prepared process is as one that Python starts: arguments, variables, folder, streams, signals, end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.prepared.prepared_process import DEVNULL, PreparedProcess, run

ROOT = Path(__file__).parents[2]
SIGNOFF = "signoff.acceptance"
DOCUMENT = "# Task 1.1: A Service\n\n## Success Criteria\n\n- [ ] Latency < 5 ms\n"


def variables(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "task.md").write_text(DOCUMENT, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [("read", "task.md"), ("read", "none.md"), ("read", "--none"), ("--version",), (), ("schema", "binding")],
    ids=" ".join,
)
def test_it_prints_and_ends_as_a_command_that_python_starts(folder: Path, arguments: tuple[str, ...]) -> None:
    real = subprocess.run(
        [sys.executable, "-P", "-m", SIGNOFF, *arguments],
        cwd=folder, env=variables(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = run(SIGNOFF, *arguments, cwd=folder, env=variables(), timeout=60)
    assert (found.args, found.returncode, found.stdout, found.stderr) == (
        real.args,
        real.returncode,
        real.stdout,
        real.stderr,
    )


def test_it_has_the_variables_that_it_is_given_and_no_others(folder: Path) -> None:
    assert "\x1b[" in run(SIGNOFF, "read", "task.md", cwd=folder, env=variables(FORCE_COLOR="1"), timeout=60).stdout
    assert "\x1b[" not in run(SIGNOFF, "read", "task.md", cwd=folder, env=variables(NO_COLOR="1"), timeout=60).stdout


def test_a_variable_of_python_counts_as_at_its_start(folder: Path) -> None:
    arguments = ("read", os.fsdecode(b"\xff.md"))
    found = run(SIGNOFF, *arguments, cwd=folder, env=variables(PYTHONUTF8="1", PYTHONWARNINGS="ignore"), timeout=60)
    assert (found.returncode, found.stdout) == (4, "")


def test_a_signal_reaches_it_and_is_its_end(folder: Path) -> None:
    process = PreparedProcess(SIGNOFF, "read", "task.md", "--watch", cwd=folder, env=variables(), stdout=DEVNULL)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    assert process.poll() is None
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert process.poll() == process.returncode == -signal.SIGKILL
    process.kill()


def test_many_run_at_once(folder: Path) -> None:
    codes: list[int] = []
    started = [
        threading.Thread(
            target=lambda name=name: codes.append(
                run(SIGNOFF, "read", name, cwd=folder, env=variables(), timeout=60).returncode
            )
        )
        for name in ("task.md", "none.md") * 4
    ]
    for each in started:
        each.start()
    for each in started:
        each.join()
    assert sorted(codes) == [0] * 4 + [4] * 4


def test_one_that_does_not_end_in_time_is_ended(folder: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run(SIGNOFF, "read", "task.md", "--watch", cwd=folder, env=variables(), timeout=0.5)
