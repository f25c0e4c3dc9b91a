"""Where the keys of a TOML text stand: the parser of Python keeps no lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_PART = r"(?:\"[^\"]*\"|'[^']*'|[\w-]+)"
_KEYS = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"^\s*(?P<open>\[\[?)\s*(?P<keys>{_KEYS})\s*\]")
_PAIR = re.compile(rf"^\s*(?P<keys>{_KEYS})\s*=")


def lines_of_keys(text: Sequence[str]) -> Mapping[tuple[str | int, ...], int]:
    """The line of each table, entry of a list of tables, and key at the beginning of a line, by its place."""
    found: dict[tuple[str | int, ...], int] = {(): 1}
    last: dict[tuple[str, ...], int] = {}
    table: tuple[str | int, ...] = ()
    for number, line in enumerate(text, 1):
        if header := _HEADER.match(line):
            names = _parts(header["keys"])
            if header["open"] == "[[":
                last[names] = last.get(names, -1) + 1
            table = ()
            for depth in range(1, len(names) + 1):
                table = (*table, names[depth - 1])
                found.setdefault(table, number)
                if names[:depth] in last:
                    table = (*table, last[names[:depth]])
                    found.setdefault(table, number)
        elif pair := _PAIR.match(line):
            keys = _parts(pair["keys"])
            for depth in range(1, len(keys) + 1):
                found.setdefault((*table, *keys[:depth]), number)
    return found


def line_of(lines: Mapping[tuple[str | int, ...], int], place: tuple[str | int, ...]) -> int:
    """The line of a place, or of the nearest one around it that has a line."""
    return next(lines[place[:depth]] for depth in range(len(place), -1, -1) if place[:depth] in lines)


def _parts(keys: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, keys))
