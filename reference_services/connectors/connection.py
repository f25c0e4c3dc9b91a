"""The result of a connection test, and the source of a connector's address."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Connection:
    """The outcome of a test: true where it worked. As a text it is what a command prints."""

    successful: bool
    message: str

    def __bool__(self) -> bool:
        return self.successful

    def __str__(self) -> str:
        return self.message


def worked(where: str, what: str) -> Connection:
    """The server answered."""
    return Connection(True, f"Connection successful: {what} at {where}")


def failed(where: str, error: Exception | str, secrets: Iterable[str | None]) -> Connection:
    """The server did not answer, or refused; no secret is reported."""
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    return Connection(False, f"Connection failed: {where}: {text}")


def given(value: str | int | None, variable: str, default: str = "") -> str:
    """An argument, else the environment's variable, else the default."""
    return str(value) if value is not None else os.environ.get(variable) or default
