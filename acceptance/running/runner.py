"""pytest as the runner in a child process: signals, output and end."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import IO

from signoff.perf.processes import lifeline
from signoff.reports.errors import NotWritten
from signoff.reports.stored.run_folder import RunFolder

LOG, JUNIT = "pytest.log", "junit.xml"
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SAID = "signoff: "
"""The start of the runner's last line if it could not judge."""
LAST_WORDS_S = 2.0


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of the runner: its status (negative for a signal), and the reason if it could not judge."""

    status: int
    said: str

    def text(self) -> str:
        """`ended with status 3`, `was killed by SIGKILL`."""
        if self.status >= 0:
            return f"ended with status {self.status}"
        with contextlib.suppress(ValueError):
            return f"was killed by {signal.Signals(-self.status).name}"
        return f"was killed by signal {-self.status}"


def follow(
    command: Callable[[str], Sequence[str]], environment: Mapping[str, str], folder: RunFolder, inherited: Sequence[int]
) -> Ended:
    """Run it to its end; its output becomes pytest.log, and the file that `command` gets becomes junit.xml.

    `inherited` are the descriptors from which it reads its keys and the documents.

    It runs in a separate session: a signal of the terminal comes through this process, once, as Ctrl-C. Raises
    NotWritten, once it has ended, where its output could not be kept.
    """
    reading, writing = os.pipe()
    junit = _Kept(os.fdopen(reading, "rb"))
    try:
        with _passing_on() as started:
            runner = subprocess.Popen(
                command(f"/dev/fd/{writing}"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                env=dict(environment),
                pass_fds=(writing, *inherited),
                start_new_session=True,
            )
            lifeline.keep(runner.pid)
            started(runner)
            os.close(writing)
            writing = -1
            assert runner.stdout is not None
            log = _Log(runner.stdout, folder)
            status = runner.wait()
            lifeline.let_go(runner.pid)
    finally:
        if writing >= 0:
            os.close(writing)
    said = log.end()
    if text := junit.end():
        folder.write(JUNIT, text)
    return Ended(status, said)


@contextlib.contextmanager
def _passing_on() -> Iterator[_Started]:
    """Forwards signals that would end this process to the runner as Ctrl-C.

    The handlers are before it starts, so that it does not inherit the SIGINT that a shell ignores for jobs in
    the background.
    """
    runner = _Started()
    # nohup asks to go on after the terminal has gone.
    ending = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP]
    previous = {number: signal.signal(number, runner.interrupt) for number in ending}
    try:
        yield runner
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class _Started:
    """The runner, once there is one; what came before is passed on then."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_early = False

    def __call__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        if self._is_early:
            process.send_signal(signal.SIGINT)

    def interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
        else:
            self._is_early = True


class _Log:
    """The runner's output as it comes, line by line: the runner itself never waits for a disk."""

    def __init__(self, output: IO[bytes], folder: RunFolder) -> None:
        self._output = output
        self._folder = folder
        self._said = ""
        self._missing: NotWritten | None = None
        self._thread = threading.Thread(target=self._keep, name=LOG, daemon=True)
        self._thread.start()

    def end(self) -> str:
        """Its last reason for not judging. Raises NotWritten."""
        self._thread.join(LAST_WORDS_S)
        if self._missing is not None:
            raise self._missing
        return self._said

    def _keep(self) -> None:
        lines = io.TextIOWrapper(self._output, "utf-8", "backslashreplace", newline="\n")
        try:
            with self._folder.growing(LOG) as file:
                for line in lines:
                    self._look(line)
                    file.append(line)
        except NotWritten as error:
            self._missing = error
            for line in lines:
                self._look(line)

    def _look(self, line: str) -> None:
        if line.startswith(SAID):
            self._said = line.removeprefix(SAID).strip()


class _Kept:
    """What comes through a pipe, in memory."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._content = b""
        self._thread = threading.Thread(target=self._read, name=JUNIT, daemon=True)
        self._thread.start()

    def end(self) -> str:
        self._thread.join(LAST_WORDS_S)
        return self._content.decode("utf-8", "backslashreplace")

    def _read(self) -> None:
        with self._pipe:
            self._content = self._pipe.read()
