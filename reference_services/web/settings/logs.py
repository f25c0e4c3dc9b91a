"""Log lines to standard error: one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

_hidden: set[str] = set()


class JsonLines(logging.Formatter):
    """Time, level, logger, event, and the `fields` that a call adds; a traceback stays inside its line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        text = json.dumps(line, ensure_ascii=False, default=str)
        for secret in _hidden:
            text = text.replace(secret, "[hidden]")
        return text


def hide(secrets: Iterable[str]) -> None:
    """Never write these, wherever they turn up: in an address that a client asked for, in a traceback."""
    _hidden.update(json.dumps(secret, ensure_ascii=False)[1:-1] for secret in secrets)


def set_up(level: str, is_access_logged: bool) -> None:
    """The service's own lines at the level; uvicorn's from warnings on, its access lines only where wanted."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_is_no_refused_handshake)
    logging.getLogger("uvicorn.access").setLevel(logging.INFO if is_access_logged else logging.CRITICAL)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.getLogger("asyncio").addFilter(_is_no_write_to_a_client_that_left)
    # A line for each request that the service makes itself, to its engine above all.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _is_no_refused_handshake(record: logging.LogRecord) -> bool:
    """uvicorn takes a handshake that was answered with a status, a 401 say, for one that was forgotten."""
    return record.getMessage() != "ASGI callable returned without completing handshake."


def _is_no_write_to_a_client_that_left(record: logging.LogRecord) -> bool:
    """asyncio warns of each write between a client's leaving and the moment in which the writer sees it."""
    return record.getMessage() != "socket.send() raised exception."
