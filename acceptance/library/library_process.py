"""The process for library calls of a document: own session, empty folder, clean environment."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psutil

from signoff.acceptance.deployment import CalledLibrary
from signoff.acceptance.errors import NotMeasurable

PROGRAM = Path(__file__).with_name("library_steps.py")
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ")
"""All that a callable sees of the environment: no key is in it, and no setting of Signoff's own."""
LONGEST_ANSWER = 2_000_000
LONGEST_COMPLAINT = 2_000
MOST_ROUNDS = 50


def answer_of(library: CalledLibrary, operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the calls printed, or the error that they ended with. Raises NotMeasurable if they were not made."""
    request = {"operations": operations, "calls": library.calls, "memory_bytes": int(library.memory_gb * 1e9)}
    interpreter = library.python or sys.executable
    with (
        tempfile.TemporaryDirectory(prefix="signoff-library-", ignore_cleanup_errors=True) as folder,
        tempfile.TemporaryFile() as complaint,
        tempfile.TemporaryFile() as asked,
    ):
        asked.write(json.dumps(request).encode())
        asked.seek(0)
        try:
            process = subprocess.Popen(
                [interpreter, str(PROGRAM), str(asked.fileno())],
                stdin=subprocess.PIPE,  # it stays open: the process ends where we do
                stdout=subprocess.PIPE,
                stderr=complaint,
                pass_fds=(asked.fileno(),),
                cwd=folder,
                env=_environment(library, folder),
                start_new_session=True,
            )
        except OSError as error:
            raise NotMeasurable(
                f"the interpreter {interpreter} cannot be run: {error.strerror}", "name one under [library]"
            ) from None
        with process:
            assert process.stdout is not None
            try:
                line = _line(process.stdout, time.monotonic() + library.timeout_s)
            finally:
                _end(process)
        if line is None:
            return {"printed": [], "error": f"no answer within {library.timeout_s:g} s"}
        return _read(line, library, process.returncode, complaint)


def _environment(library: CalledLibrary, folder: str) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        "HOME": folder,
        "TMPDIR": folder,
        "PYTHONPATH": os.pathsep.join(str(path) for path in library.paths),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _line(stream: IO[bytes], deadline: float) -> bytes | None:
    """The answer, or what came of it before the stream ended; None if the time is over."""
    found = bytearray()
    while not found.endswith(b"\n") and len(found) <= LONGEST_ANSWER:
        ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        part = os.read(stream.fileno(), 65_536)
        if not part:
            break
        found += part
    return bytes(found)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and all below it, those too that left its session: while it lives, they can be found."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGSTOP)
    with contextlib.suppress(psutil.Error):
        leader = psutil.Process(process.pid)
        for _ in range(MOST_ROUNDS):
            below = [each for each in leader.children(recursive=True) if each.status() != psutil.STATUS_ZOMBIE]
            if not below:
                break
            for each in below:
                with contextlib.suppress(psutil.Error):
                    each.kill()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read(line: bytes, library: CalledLibrary, code: int, complaint: IO[bytes]) -> dict[str, Any]:
    if len(line) > LONGEST_ANSWER:
        raise NotMeasurable(
            f"the calls print more than {LONGEST_ANSWER} bytes",
            "let the command print less, the part that is asked for",
        )
    try:
        answer = json.loads(line)
    except ValueError:
        complaint.seek(max(0, complaint.seek(0, os.SEEK_END) - LONGEST_COMPLAINT))
        said = complaint.read(LONGEST_COMPLAINT).decode("utf-8", "replace").strip()
        return {"printed": [], "error": said or f"the process ended without an answer, with exit code {code}"}
    if answer.get("memory"):
        raise NotMeasurable(
            f"the calls want more than {library.memory_gb:g} GB of memory", "allow more: memory_gb under [library]"
        )
    if answer["refused"]:
        raise NotMeasurable(answer["refused"], "list it in calls under [library], if it may be called")
    return {"printed": answer["printed"], "error": answer["error"]}
