"""The model of a GGUF file on this machine, answered by llama.cpp in a child process.

The process is started with Switch and started again when it dies: until the model is loaded others answer. Cancelling
an answer stops the work on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signoff.reference_services.switch import LOGGER
from signoff.reference_services.switch.requests.requests import Asked
from signoff.reference_services.switch.sources.exchange import MAX_BYTES
from signoff.reference_services.switch.sources.source import Answer, State, Unavailable

log = logging.getLogger(LOGGER)
NAME = "llama-cpp"
LOADING = "The model is not loaded yet"
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
CLOSE_S = 5.0
MB = 10**6


class GgufModel:
    """A source that answers by llama.cpp. `version` is known once the model is loaded."""

    framework = NAME

    def __init__(self, label: str, model: str, file: Path, context: int, sha256: str = "") -> None:
        self.label = label
        self.model = model
        self.version = ""
        self._file = file
        self._context = context
        self._sha256 = sha256
        self._reason = LOADING
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Begin to load the model: a large one takes a minute, and until then Switch can say so."""
        self._keeping = asyncio.create_task(self._keep())

    async def state(self) -> State:
        """Well once the model is loaded; its memory is that of its process."""
        return State(self._reason, None if self._reason else self._memory_mb())

    async def answer(self, asked: Asked, max_tokens: int) -> Answer:
        """What the model says. Raises Unavailable."""
        if self._reason:
            raise Unavailable(self._reason)
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._send(id=number, prompt=asked.prompt, max_tokens=max_tokens, temperature=asked.temperature)
        try:
            answer = await self._waiting[number]
        except asyncio.CancelledError:
            self._send(stop=number)
            raise
        finally:
            del self._waiting[number]
        if "error" in answer:
            raise Unavailable(f"{NAME}: {answer['error']}")
        if not answer["text"].strip():
            raise Unavailable(f"{NAME}: the model ends its answer before its first word")
        return Answer(answer["text"].strip(), answer["tokens"])

    async def close(self) -> None:
        """End the process."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping

    async def _keep(self) -> None:
        """Run the process, and run it again where it dies; not where it says what has to be fixed first."""
        pause_s = FIRST_PAUSE_S
        while True:
            refused = await self._run()
            if refused:
                self._reason = f"The model is not loaded: {refused}"
                log.warning("model refused", extra={"fields": {"model": self.model, "reason": refused}})
                return
            log.warning("model ended", extra={"fields": {"model": self.model, "reason": self._reason}})
            # One that was loaded and killed comes back at once; one that dies while it loads is given time.
            pause_s = FIRST_PAUSE_S if self.version else min(2 * pause_s, LONGEST_PAUSE_S)
            self.version = ""
            await asyncio.sleep(pause_s)

    async def _run(self) -> str:
        """One life of the process; gives why it refused to load, "" if it died."""
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "signoff.reference_services.switch.sources.gguf_process",
            str(self._file),
            str(self._context),
            *([self._sha256] if self._sha256 else []),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=MAX_BYTES,
        )
        assert process.stdout is not None
        refused = ""
        try:
            while line := await process.stdout.readline():
                message = json.loads(line)
                refused = message.get("refused", "")
                if "ready" in message:
                    self.version, self._reason = message["ready"], ""
                    log.info("model loaded", extra={"fields": {"model": self.model, "llama_cpp": self.version}})
                elif (waiting := self._waiting.get(message.get("id"))) is not None and not waiting.done():
                    waiting.set_result(message)
                elif message.get("stopped"):
                    log.info("model stopped", extra={"fields": {"model": self.model}})
            await process.wait()
        finally:
            await _end(process)
            self._reason = f"The model is not loaded: llama.cpp {_ending(process.returncode)}"
            for future in self._waiting.values():
                if not future.done():
                    future.set_result({"error": f"llama.cpp {_ending(process.returncode)} while it answered"})
        return refused

    def _send(self, **fields: Any) -> None:
        """Send a line to the process. If it has just died, `_run` answers the waiting callers."""
        assert self._process is not None
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(fields).encode() + b"\n")

    def _memory_mb(self) -> int | None:
        assert self._process is not None
        try:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, IndexError):
            return None
        return pages * os.sysconf("SC_PAGE_SIZE") // MB


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let it end as its input ends, else end it."""
    if process.returncode is not None:
        return
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(CLOSE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _ending(code: int | None) -> str:
    return f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
