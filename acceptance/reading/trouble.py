"""Why a part of a document's configuration could not be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a configuration block, or one value of it, could not be read; `part` is what of the line is meant."""

    code: str
    line: int
    message: str
    mend: str
    part: str = ""
