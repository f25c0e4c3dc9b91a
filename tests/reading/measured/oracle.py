"""What a careful engineer expects of the lines of a document, and whether a criterion asks that.

An oracle is a list of demands, several of which may have the same line: `line` (or `lines`, where the criterion may
have any of these), `demand` (the words), `expect`, and `accept` and `also`, items that describe a criterion. `expect`:

- `machine`: a check exists, and has to judge it. With `needs` it may still be a person's.
- `person`: no check can judge it; `none`: nothing is asked
- `person-or-new-kind`: it could be measured, by no kind of check of today
- `either`: it may be typed or not; without `accept` nothing on the line counts

An item describes a criterion by `kind` (one of a list; `*`: one that came later), `value` in base units with the
direction of its `comparator` (`strict`: the very same), `statistic`, equal `parameters`, `route` (none: completions),
`concurrency`, `rate`, figures (`has`) and texts (`says`) that are kept, `negated` (it has to be absent), and `words`
of what is looked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from signoff.acceptance.criterion import Criterion

Entry = Mapping[str, Any]
Aspect = Callable[[Entry, Criterion, float], bool]

_OF_REQUESTS = frozenset({"latency", "ttft", "inter_token_latency", "throughput", "error_rate"})
_COMPLETIONS = re.compile(r"/(?:chat/)?completions?$|/generate$|/chat$", re.IGNORECASE)
_AT_ONCE = re.compile(r"concurren|closed|users?\b|clients?|streams?|in_flight|parallel|at_once", re.IGNORECASE)
_RATE = re.compile(r"rate|rps|qps|per_s", re.IGNORECASE)
_ABSENT = re.compile(r"clos|refus|reject|denied|absent|shut|gone|free|negat|must.not|unreachable|forbid", re.IGNORECASE)
_THERE = re.compile(r"open|reachable|listen|present|exist|answer|accept", re.IGNORECASE)
_SCALE = {"tokens/min": 1 / 60, "requests/h": 1 / 3600, "d": 86400.0}
_MOST_ABOVE_RATE = 2.5
_NEAR = 0.01


def oracle_of(folder: Path) -> list[dict[str, Any]]:
    """The demands of a document."""
    found: list[dict[str, Any]] = json.loads((folder / "oracle.json").read_text(encoding="utf-8"))
    return found


def asks(item: Entry, criterion: Criterion, run_rate: float) -> bool:
    """Whether a criterion asks what an item describes, in a run at this rate."""
    return all(aspect(item, criterion, run_rate) for aspect in _ASPECTS)


def base_value(criterion: Criterion) -> float | None:
    """A criterion's limit in base units."""
    threshold = criterion.threshold
    if threshold is None:
        return None
    return threshold.value * _SCALE[threshold.unit] if threshold.unit in _SCALE else threshold.base()[0]


def _kind(item: Entry, criterion: Criterion, run_rate: float) -> bool:
    return criterion.kind in item["kind"] or ("*" in item["kind"] and criterion.kind not in _kinds_of_oracles())


@lru_cache(maxsize=1)
def _kinds_of_oracles() -> frozenset[str]:
    """The kinds that there were when the oracles were written."""
    file = Path(__file__).parent.parent / "corpus" / "kinds.json"
    return frozenset(json.loads(file.read_text(encoding="utf-8")))


def _value(item: Entry, criterion: Criterion, run_rate: float) -> bool:
    if item.get("value") is None:
        return True
    found = base_value(criterion)
    if found is None or criterion.threshold is None:
        return False
    tolerance = _NEAR if item.get("unit") else 1e-9
    if not any(_is_near(found, wanted, tolerance) for wanted in item["value"]):
        return False
    wanted, given = item.get("comparator"), criterion.threshold.comparator
    return wanted is None or given == wanted or (not item.get("strict") and given[:1] == wanted[0] != "=")


def _statistic(item: Entry, criterion: Criterion, run_rate: float) -> bool:
    statistic = criterion.threshold.statistic if criterion.threshold is not None else None
    return item.get("statistic") is None or statistic in item["statistic"]


def _parameters(item: Entry, criterion: Criterion, run_rate: float) -> bool:
    for key, wanted in (item.get("parameters") or {}).items():
        found = criterion.parameters.get(key)
        if isinstance(wanted, list):
            agrees = not found or any(each in found for each in wanted)  # type: ignore[operator]
        elif isinstance(wanted, int | float) and not isinstance(wanted, bool):
            figure = _number(found)
            agrees = figure is not None and _is_near(figure, wanted, 1e-9)
        else:
            agrees = found == wanted
        if not agrees:
            return False
    return True


def _route(item: Entry, criterion: Criterion, run_rate: float) -> bool:
    request = criterion.parameters.get("request")
    path = str((request or {}).get("path") or "").partition("?")[0]
    wanted = item.get("route")
    if wanted is not None:
        return path == wanted or wanted in (criterion.parameters.get("path"), criterion.parameters.get("route"))
    return criterion.kind not in _OF_REQUESTS or not path or _COMPLETIONS.search(path) is not None


def _at_once(item: Entry, criterion: Criterion, run_rate: float) -> bool:
    wanted = item.get("concurrency")
    return wanted is None or any(_is_near(each, wanted, 1e-9) for each in _numbers(criterion, _AT_ONCE))


def _rate(item: Entry, criterion: Criterion, run_rate: float) -> bool:
    wanted = item.get("rate")
    if wanted is None or wanted <= run_rate * 1.001 <= _MOST_ABOVE_RATE * wanted * 1.001:
        return True
    return any(_is_near(each, wanted, _NEAR) for each in _numbers(criterion, _RATE))


def _figures(item: Entry, criterion: Criterion, run_rate: float) -> bool:
    wanted = item.get("has")
    if wanted is None:
        return True
    found = _numbers(criterion, re.compile(""))
    if criterion.threshold is not None:
        found.append(criterion.threshold.value)
    return all(
        any(_is_near(one, each, 1e-9) for one in found) for each in (wanted if isinstance(wanted, list) else [wanted])
    )


def _texts(item: Entry, criterion: Criterion, run_rate: float) -> bool:
    pairs = _leaves(_kept(criterion), skip=frozenset({"line", "request"}))
    said = " ".join(f"{key} {value}" for key, value in pairs if value is not False).lower()
    return all(
        any(text.lower() in said for text in ([each] if isinstance(each, str) else each))
        for each in item.get("says") or ()
    )


def _negation(item: Entry, criterion: Criterion, run_rate: float) -> bool:
    wanted = item.get("negated")
    return wanted is None or _is_negated(criterion) == wanted


def _is_negated(criterion: Criterion) -> bool:
    if _ABSENT.search(criterion.kind):
        return True
    for key, value in _leaves(_kept(criterion), skip=frozenset({"line", "request"})):
        if value is False and _THERE.search(key):
            return True
        if value is not False and (_ABSENT.search(key) or (isinstance(value, str) and _ABSENT.search(value))):
            return True
    return False


def _words(item: Entry, criterion: Criterion, run_rate: float) -> bool:
    named = (*criterion.parameters.get("words", ()), *criterion.parameters.get("topics", ()))
    found = [str(word).lower() for word in named]
    if item.get("words") and found and not any(wanted in word for word in found for wanted in item["words"]):
        return False
    mentioned = {str(word).lower() for word in criterion.parameters.get("mentions") or ()}
    return criterion.kind != "health" or mentioned <= {"ok", "healthy", "status", *(item.get("mentions") or ())}


_ASPECTS: tuple[Aspect, ...] = (
    *(_kind, _value, _statistic, _parameters, _route, _at_once, _rate, _figures, _texts, _negation, _words),
)


def _kept(criterion: Criterion) -> dict[str, Any]:
    return {"parameters": criterion.parameters, "load": criterion.load or {}}


def _leaves(value: Any, key: str = "", skip: frozenset[str] = frozenset({"line"})) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name not in skip:
                yield from _leaves(each, f"{key} {name}", skip)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each, key, skip)
    elif value is not None and value != "":
        yield key, value


def _numbers(criterion: Criterion, wanted: re.Pattern[str]) -> list[float]:
    pairs = _leaves(_kept(criterion))
    return [found for key, value in pairs if wanted.search(key) and (found := _number(value)) is not None]


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return float(value) if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value) else None


def _is_near(found: float, wanted: float, tolerance: float) -> bool:
    return abs(found - wanted) <= tolerance * max(abs(wanted), 1e-9)
