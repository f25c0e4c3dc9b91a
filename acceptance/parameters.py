"""What checks need of a criterion beside its limit: the one list of parameters, each with its type.

A criterion holds those that its kind reads; `docs/bindings.md` says how a binding file gives them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict

from signoff.reports.model import Wanted

_TEXT, _NUMBER, _TEXTS = Wanted("a text"), Wanted("a number"), Wanted("a list of texts")
Words = Annotated[Sequence[str], _TEXTS]
_COUNT = Wanted("a whole number")

# `class` is a word of Python, so the keys stand in a dictionary.
Parameters = TypedDict(
    "Parameters",
    {
        # The request that a statement's command makes, and what its answer has to hold.
        "request": Annotated[Mapping[str, Any] | None, Wanted("a table with method and path")],
        "payload_file": Annotated[str | None, _TEXT],
        "expected": Any,
        "mentions": Words,
        "contains": Words,
        "words": Words,
        "header": Annotated[str, _TEXT],
        "endpoints": Words,
        # What an answer has to be, and the wrong requests that it answers.
        "sent": Annotated[Sequence[Mapping[str, Any]], Wanted("a list of tables with how and field")],
        "status": Annotated[Sequence[int | str], Wanted("a list of codes, such as 404 or 4xx")],
        "holds": Annotated[Sequence[Mapping[str, Any]], Wanted("a list of tables with key and value")],
        "headers": Annotated[Mapping[str, str], Wanted("a table of texts")],
        "reason": Annotated[bool, Wanted("true or false")],
        "refused": Annotated[bool, Wanted("true or false")],
        # Settings.
        "name": Annotated[str, _TEXT],
        "value": Any,
        "also": Annotated[Sequence[Any], Wanted("a list")],
        "spelling": Annotated[str, _TEXT],
        "form": Annotated[str, _TEXT],
        "settings": Annotated[Mapping[str, Any], Wanted("a table")],
        # Load and sizes.
        "load": Annotated[str, _TEXT],
        "population": Annotated[str, _TEXT],
        "concurrent": Annotated[int, Wanted("a whole number")],
        "window_s": Annotated[float, _NUMBER],
        "max_model_len": Annotated[int | None, Wanted("a whole number")],
        "room": Annotated[Literal["free", "whole"], Wanted("free or whole")],
        "low": Annotated[float | None, _NUMBER],
        "high": Annotated[float | None, _NUMBER],
        # Places: ports, files, units, services.
        "port": Annotated[int, _COUNT],
        "address": Annotated[str | None, _TEXT],
        "closed": Annotated[bool, Wanted("true or false")],
        "path": Annotated[str, _TEXT],
        "folder": Annotated[str, _TEXT],
        "checksums": Annotated[str | None, _TEXT],
        "unit": Annotated[str, _TEXT],
        "uid": Annotated[str | None, _TEXT],
        "services": Words,
        "suite": Annotated[str | None, _TEXT],
        "of": Annotated[Literal["api", "guides"], Wanted("api or guides")],
        "topics": Words,
        # Library calls.
        "steps": Annotated[Sequence[Mapping[str, Any]] | None, Wanted("a list of tables")],
        "why": Annotated[str, _TEXT],
        "command_line": Annotated[int, Wanted("a whole number")],
        "class": Annotated[str, _TEXT],
        "base": Annotated[str | None, _TEXT],
        # The statement changed after its binding was written.
        "stale_binding": bool,
    },
    total=False,
)
