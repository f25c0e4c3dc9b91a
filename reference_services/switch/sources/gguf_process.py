"""The child process that runs llama.cpp with one model for Switch.

`python -m signoff.reference_services.switch.sources.gguf_process FILE CONTEXT [SHA256]`.

A separate process, because llama.cpp aborts its process on unexpected input. Requests come as lines
of JSON on standard input, answers leave as lines of JSON on standard output; the end of the input ends it, so that it
does not outlive Switch. A request is stopped in the middle of a token by `{"stop": ID}`.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ERROR_LEVEL = 4
"""GGML_LOG_LEVEL_ERROR of ggml.h."""
TEMPLATE_KEY = "tokenizer.chat_template"
Tell = Callable[[dict[str, Any]], None]


class CannotLoad(Exception):
    """Why there is no model to answer with, in one line."""


class Requests:
    """Standard input: requests in order, and those that were cancelled."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        self._current = 0
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> dict[str, Any]:
        """The next request; waits for it."""
        found = self._queue.get()
        self._current = found["id"]
        # Numbers rise: a stop that came too late for an earlier request is of no use any more.
        self._stopped.difference_update([number for number in tuple(self._stopped) if number < self._current])
        return found

    def is_stopped(self) -> bool:
        """Whether the current request was cancelled."""
        return self._current in self._stopped

    def _read(self) -> None:
        for line in sys.stdin:
            message = json.loads(line)
            if "stop" in message:
                self._stopped.add(message["stop"])
            else:
                self._queue.put(message)
        # Whatever llama.cpp is doing now: there is nobody left to do it for.
        os._exit(0)


class Model:
    """A GGUF file in llama.cpp. Raises CannotLoad."""

    def __init__(self, file: Path, context: int, sha256: str, is_stopped: Callable[[], bool]) -> None:
        _check(file, sha256)
        try:
            # Loaded by its name: an extra has it, and nothing else of the project needs it.
            self._library: Any = importlib.import_module("llama_cpp")
        except ModuleNotFoundError:
            raise CannotLoad("llama-cpp-python is not installed: pip install 'signoff[llama-cpp]'") from None
        except (OSError, RuntimeError) as error:
            raise CannotLoad(f"llama-cpp-python cannot be used: {error}") from None
        self.version = str(self._library.__version__)
        self._errors: list[str] = []
        self._is_stopped = is_stopped
        # Kept, because llama.cpp holds only their addresses.
        self._callbacks = (
            self._library.llama_log_callback(self._log),
            self._library.ggml_abort_callback(lambda data: is_stopped()),
        )
        self._library.llama_log_set(self._callbacks[0], None)
        try:
            self._llama: Any = self._library.Llama(str(file), n_ctx=context, verbose=False)
        except Exception as error:
            # It raises what it likes for a file that it cannot read; what llama.cpp said before says more.
            why = self._errors[0] if self._errors else str(error)
            raise CannotLoad(f"{file.name} cannot be loaded: {why}") from None
        if TEMPLATE_KEY not in self._llama.metadata:
            raise CannotLoad(f"{file.name} has no {TEMPLATE_KEY}, so that nothing says how it is to be asked")
        self._library.llama_set_abort_callback(self._llama.ctx, self._callbacks[1], None)

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What the model says to a request, or why it says nothing."""
        messages = [{"role": "user", "content": asked["prompt"]}]
        try:
            completion = self._llama.create_chat_completion(
                messages, max_tokens=asked["max_tokens"], temperature=asked["temperature"]
            )
        except (ValueError, RuntimeError) as error:
            # What is left of a prompt that was not read to its end must not begin the next one.
            self._llama.reset()
            if self._is_stopped():
                return {"stopped": True}
            return {"error": str(error)}
        return {
            "text": completion["choices"][0]["message"]["content"] or "",
            "tokens": completion["usage"]["total_tokens"],
        }

    def _log(self, level: int, text: bytes, data: Any) -> None:
        if level == ERROR_LEVEL and (line := text.decode("utf-8", "replace").strip()):
            self._errors = [*self._errors[-9:], line]


def _check(file: Path, sha256: str) -> None:
    try:
        with file.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest() if sha256 else ""
    except OSError as error:
        raise CannotLoad(f"{file.name} cannot be read: {error.strerror or error}") from None
    if found != sha256.lower():
        raise CannotLoad(f"{file.name} has the SHA-256 {found}, and the registry says {sha256.lower()}")


def _line() -> Tell:
    """What writes a line to Switch. Whatever else prints to standard output is a log."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(fields: dict[str, Any]) -> None:
        output.write(json.dumps(fields) + "\n")
        output.flush()

    return tell


def main(arguments: Sequence[str]) -> int:
    """Load the model, then answer until standard input ends."""
    tell = _line()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Both reach the whole group, and Switch may still want its last answers.
        signal.signal(number, signal.SIG_IGN)
    requests = Requests()
    try:
        model = Model(Path(arguments[0]), int(arguments[1]), "".join(arguments[2:]), requests.is_stopped)
    except CannotLoad as error:
        tell({"refused": str(error)})
        return 1
    tell({"ready": model.version})
    while True:
        asked = requests.next()
        outcome = {"stopped": True} if requests.is_stopped() else model.answer(asked)
        tell({"id": asked["id"], **outcome})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
