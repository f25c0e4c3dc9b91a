"""Why a part of a document's configuration could not be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a configuration block, or one value of it, could not be read; `part` is what of the line is meant."""

    code: str
    line: int
    message: str
    hint: str
    part: str = ""


LONGEST = 2**20


def too_long(language: str, line: int, characters: int) -> Trouble:
    """A block with more characters than anybody compares."""
    message = f"a {language} block of {characters} characters is no configuration that anybody compares"
    return Trouble("configuration-too-long", line, message, "show the values that matter")


def unreadable(language: str, problem: str, begin: int, text: str, line: int, column: int) -> Trouble:
    """A block of `text` below line `begin` that is none of its language; `line` and `column` count from 0 in it."""
    lines = text.split("\n")
    part = lines[line][column:].rstrip() if line < len(lines) else ""
    message = f"this is no {language}, so no value of the block is compared: {problem}"
    hint = f"correct the {language} block; where it is meant to be none, call it ```text"
    return Trouble(f"{language.lower()}-unreadable", begin + 1 + line, message, hint, part)
