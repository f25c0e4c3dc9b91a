"""The lock beside a document, read and checked; what is wrong in it is said with file, line and column."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from signoff.acceptance.errors import LockUnreadable
from signoff.acceptance.reading.accepting.accepted_reading import (
    SCHEMA,
    AcceptedCriterion,
    AcceptedLimit,
    AcceptedReading,
    no_release,
    release,
    storable_name,
)
from signoff.acceptance.toml_lines import line_of, lines_of_keys
from signoff.acceptance.toml_text import parsed
from signoff.perf.errors import InputMissing, InputTooLong, InputUnreadable
from signoff.perf.input_file import read_input
from signoff.reports.mistake import Mistake, Place, Words, in_words
from signoff.reports.model import converted, keys

SUFFIX = ".signoff.lock"
MOST_BYTES = 32 * 2**20
_MOST_NAMED = 20
_WORDS = Words(
    wrong=("{place} cannot be {value}: it is {wanted}", ""),
    unknown=("a lock has no key {place}", ""),
    missing=("{missing} is missing here", ""),
)
_AT = re.compile(r"\s*\(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")
_VALUE = re.compile(r"^\s*[^=\n]*=\s*(?=\S)")


def lock_path(document: Path) -> Path:
    """Where the accepted reading of a document lies."""
    return document.with_name(document.stem + SUFFIX)


def read_lock(document: Path) -> AcceptedReading | None:
    """The accepted reading of a document; None where none was accepted. Raises LockUnreadable."""
    path = lock_path(document)
    try:
        data = read_input(path, MOST_BYTES)
    except InputMissing:
        return None
    except InputTooLong as error:
        size = f"more than {MOST_BYTES}" if error.size is None else error.size
        raise _error(document, (1, 1), f"{size} bytes are no lock: at most {MOST_BYTES} are read") from None
    except InputUnreadable as error:
        raise LockUnreadable(str(error), error.hint) from None
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8").replace("\r\n", "\n")
        message = f"byte 0x{data[error.start]:02x} is no UTF-8, and a lock is UTF-8"
        raise _error(document, _end_of(before), message) from None
    try:
        tables = parsed(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        at = _AT.search(said)
        place = (int(at["line"]), int(at["column"])) if at and at["line"] else _end_of(text)
        raise _error(document, place, f"this is no TOML: {_AT.sub('', said)}") from None
    return _checked(document, tables, text.split("\n"))


def _checked(document: Path, tables: Mapping[str, Any], lines: Sequence[str]) -> AcceptedReading:
    @cache
    def places() -> Mapping[tuple[str | int, ...], int]:
        return lines_of_keys(lines)

    def at(place: Place) -> tuple[int, int]:
        line = line_of(places(), place)
        value = _VALUE.match(lines[line - 1]) if place else None
        return line, value.end() + 1 if value else 1

    _refuse_newer(document, tables, at)
    accepted = _sound(tables)
    if accepted is None:
        accepted, mistakes = converted(AcceptedReading, tables)
    if accepted is None:
        found = [(at(mistake.place), _message(mistake)) for mistake in mistakes[:_MOST_NAMED]]
        raise _error_of(document, sorted(found))
    name = storable_name(document.name)
    if accepted.document != name:
        message = f"this is the accepted reading of {accepted.document!r}, and not of {name!r}"
        raise _error(document, at(("document",)), message)
    seen: dict[str, int] = {}
    for index, criterion in enumerate(accepted.criterion):
        if criterion.id in seen:
            message = f"{criterion.id} has an entry already, in line {at(('criterion', seen[criterion.id], 'id'))[0]}"
            raise _error(document, at(("criterion", index, "id")), message)
        seen[criterion.id] = index
    return accepted


def _sound(tables: Mapping[str, Any]) -> AcceptedReading | None:
    """The same where nothing is wrong, in a tenth of the time; None says no more than that it has to be looked at."""
    criteria = tables.get("criterion")
    if not isinstance(criteria, list) or not all(isinstance(entry, dict) for entry in criteria):
        return None
    limits = [entry["threshold"] for entry in criteria if isinstance(entry.get("threshold"), dict)]
    parts = ((AcceptedReading, [tables]), (AcceptedCriterion, criteria), (AcceptedLimit, limits))
    if any(part.keys() - keys(model) for model, values in parts for part in values):
        return None
    try:
        accepted = msgspec.convert(tables, AcceptedReading, builtin_types=(date, datetime))
    except msgspec.ValidationError:
        return None
    return None if no_release(accepted.signoff) else accepted


def _refuse_newer(document: Path, tables: Mapping[str, Any], at: Any) -> None:
    """A lock of a later release may hold what this one does not know, and nothing of it is guessed."""
    schema, wrote = tables.get("schema"), tables.get("signoff")
    own = metadata.version("signoff")
    by = f"Signoff {wrote}" if isinstance(wrote, str) and wrote else "a newer Signoff"
    hint = f"install {by}, or accept this release's reading: `signoff read --accept ROLE {document}`"
    if isinstance(schema, int) and schema > SCHEMA:
        message = f"the lock has schema {schema}; this Signoff ({own}) reads schema {SCHEMA}"
        raise _error(document, at(("schema",)), message, hint)
    if isinstance(wrote, str) and release(wrote) > release(own):
        message = f"the reading was accepted with {by}, which is newer than this Signoff ({own})"
        raise _error(document, at(("signoff",)), message, hint)


def _message(mistake: Mistake) -> str:
    return in_words(mistake, _WORDS)[0]


def _end_of(text: str) -> tuple[int, int]:
    lines = text.split("\n")
    return len(lines), len(lines[-1]) + 1


def _error(document: Path, place: tuple[int, int], message: str, hint: str = "") -> LockUnreadable:
    return _error_of(document, [(place, message)], hint)


def _error_of(document: Path, found: Sequence[tuple[tuple[int, int], str]], hint: str = "") -> LockUnreadable:
    path = lock_path(document).as_posix()
    said = "\n".join(f"{path}:{line}:{column}: {message}" for (line, column), message in found)
    again = f"fetch it again, or accept the reading: `signoff read --accept ROLE {document}`"
    return LockUnreadable(said, hint or again)
