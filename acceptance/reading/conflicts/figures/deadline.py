"""Time-outs in a chain: an outer one that ends before the inner one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, Owned
from signoff.acceptance.reading.conflicts.evidence.page import Page, Place, conflict
from signoff.acceptance.reading.source.wording import plain
from signoff.reports.stored.conflict import Conflict

KIND = "timeout"
_END = r"(?:(?:request|read|response|total|http|send)_)*timeout(?:_(?P<unit>s|sec|seconds|ms))?$"
_FRONT = re.compile(rf"(?:^|_)(?:gateway|proxy|client|ingress|nginx|frontend|load_?balancer)_{_END}")
_BACK = re.compile(rf"(?:^|_)(?:backend|engine|server|vllm|inference|generation|model_server|worker)_{_END}")
# Time-outs of something else than a request and its answer, and of other systems.
_OTHER = re.compile(
    r"connect|idle|keep_?alive|health|session|shutdown|start|load_model|redis|cache|database|postgres|db_|queue|probe"
    r"|retr(?:y|ies)|drain|lock"
)
_VALUE = re.compile(r"(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|sec|seconds?|m|min|minutes?)?", re.IGNORECASE)
_ROUTE = re.compile(r"^(?:route|endpoint|path|operation)s?$", re.IGNORECASE)
_COLUMN = re.compile(r"^(?:request )?time-?out(?: \((?P<unit>s|ms|sec|seconds|min)\))?$", re.IGNORECASE)
_FACTORS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Per document: the settings of a gateway or a client, those of what it asks, and a table of routes."""
    for page in corpus.pages:
        mine = [owned for owned in corpus.settings_of(page) if "timeout" in owned.setting.spelling.lower()]
        fronts = list(_settings(mine, _FRONT))
        if not fronts:
            continue
        backs = [(place, seconds) for _, place, seconds in _settings(mine, _BACK)] + list(_routes(page))
        longest = max((wait for _, wait in backs), default=0.0)
        for owned, place, seconds in fronts:
            if longest > seconds and owned.variant == "":
                longer = [(other, wait) for other, wait in backs if wait > seconds]
                yield conflict(
                    KIND,
                    "time-outs in a row",
                    [place, *(other for other, _ in longer)],
                    f"{owned.setting.spelling} gives up after {seconds:g} s, and what it asks may answer for "
                    f"{max(wait for _, wait in longer):g} s: sound answers are thrown away",
                    page.criteria_of(owned.setting),
                )
                break


def _settings(settings: list[Owned], name: re.Pattern[str]) -> Iterator[tuple[Owned, Place, float]]:
    for owned in settings:
        spelling = owned.setting.spelling.lower().replace(".", "_").replace("-", "_")
        match = name.search(spelling)
        if match is None or _OTHER.search(spelling) or isinstance(owned.value, bool):
            continue
        seconds = _seconds(str(owned.value), match["unit"] or "s")
        if seconds:
            place = owned.page.side(owned.setting.line, f"{seconds:g} s", owned.setting.spelling)
            yield owned, place, seconds


def _seconds(text: str, unit: str) -> float | None:
    match = _VALUE.fullmatch(text.strip())
    if match is None:
        return None
    measure = (match["unit"] or unit).lower()
    return float(match["value"]) * _FACTORS["ms" if measure == "ms" else measure[0]]


def _routes(page: Page) -> Iterator[tuple[Place, float]]:
    """The cells of a column of time-outs in a table of routes."""
    for block in page.blocks:
        if block.kind != "row" or not block.header or not _ROUTE.match(plain(block.header[0]).strip()):
            continue
        for name, cell in zip(block.header, block.cells, strict=False):
            column = _COLUMN.match(plain(name).strip())
            seconds = _seconds(plain(cell.text), column["unit"] or "s") if column is not None else None
            if seconds:
                yield page.side(block.line, plain(cell.text)), seconds
