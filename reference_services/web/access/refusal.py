"""Why a visitor is refused; each service reports it in its own error format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Status, text for people, and a code for programs."""

    status: int
    message: str
    code: str
