"""What an entry of a binding file may say: its keys, their types, and values that mean something."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from acceptance.kind import Kinds
from acceptance.reading.conflicts import KINDS as CONFLICTS
from acceptance.reading.quantities.units import UNITS
from acceptance.reading.settings.configuration import is_json

LONGEST_WAIVER = timedelta(days=90)
TABLES = ("resolve", "type", "waive")
KEYS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "resolve": {
        "conflict": (str,),
        "kind": (str,),
        "between": (list,),
        "documents": (list,),
        "chosen": (str, int, float, bool),
        "role": (str,),
        "reason": (str,),
        "date": (date,),
    },
    "type": {
        "criterion": (str,),
        "fingerprint": (str,),
        "kind": (str,),
        "service": (str,),
        "threshold": (dict,),
        "parameters": (dict,),
    },
    "waive": {
        "criterion": (str,),
        "fingerprint": (str,),
        "owner": (str,),
        "reason": (str,),
        "expires": (date,),
    },
}
OPTIONAL: Mapping[str, frozenset[str]] = {
    "resolve": frozenset({"kind", "documents"}),
    "type": frozenset({"service", "threshold", "parameters"}),
    "waive": frozenset(),
}
COMPARATORS = ("<", "<=", "==", ">=", ">")
THRESHOLD_KEYS = ("value", "unit", "comparator", "statistic", "subject")
STATISTIC = r"^(?:mean|max|min|each|rate|p\d{1,2}(?:\.\d+)?)$"
FINGERPRINT = r"^[0-9a-f]{64}$"
KNOWN_UNITS = tuple(sorted({unit.spelling for unit in UNITS.values()} | {"ratio", "bytes"}))
_EXAMPLE = 'threshold = {value = 2, unit = "s", comparator = "<", statistic = "mean", subject = "latency"}'
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong; `key` is the key at fault, where one is."""

    key: str
    message: str
    mend: str


def check_entry(name: str, entry: Any, today: date, kinds: Kinds) -> Iterator[Problem]:
    """All that is wrong with an entry of a table."""
    known = KEYS[name]
    if not isinstance(entry, dict):
        yield Problem("", f"[[{name}]] is a table with keys", f"keys: {', '.join(known)}")
        return
    for key, value in entry.items():
        if key not in known:
            yield Problem(key, f"[[{name}]] has no key {key!r}", f"known keys: {', '.join(known)}")
        elif not _is_of(value, known[key]) or value in ("", [], {}):
            wanted = " or ".join(_SPOKEN[kind] for kind in known[key])
            yield Problem(key, f"{key} cannot be {_shown(value)}", f"{key} of [[{name}]] is {wanted}")
        else:
            yield from _value(key, value, today, kinds)
    missing = [key for key in known if key not in entry and key not in OPTIONAL[name]]
    if missing:
        yield Problem("", f"[[{name}]] needs {', '.join(missing)}", "add what is missing")
    kind = entry.get("kind")
    if name == "type" and _needs_limit(kind, kinds) and "threshold" not in entry:
        yield Problem("kind", f"{kind} needs a threshold", f"add {_EXAMPLE}")
    if name == "resolve":
        yield from _check_resolution(entry, kinds)


def _needs_limit(kind: Any, kinds: Kinds) -> bool:
    return isinstance(kind, str) and kind in kinds and kinds[kind].needs_limit


_SPOKEN = {
    str: "a text",
    list: "a list with something in it",
    dict: "a table with something in it",
    date: "a date such as 2026-01-31, without quotes",
    int: "a number",
    float: "a number",
    bool: "true or false",
}


def _is_of(value: Any, kinds: tuple[type, ...]) -> bool:
    """A time of day is no date, and true is a number only where a truth value is taken."""
    if isinstance(value, datetime) or (isinstance(value, bool) and bool not in kinds):
        return False
    return isinstance(value, kinds)


def _value(key: str, value: Any, today: date, kinds: Kinds) -> Iterator[Problem]:
    """What is wrong with the value of a key, whatever table it is in; its type is right."""
    if key == "fingerprint" and not re.match(FINGERPRINT, value):
        yield Problem(key, f"{_shown(value)} is no fingerprint", "copy it from `signoff read`: 64 hexadecimal digits")
    elif key == "kind" and value not in kinds and value not in CONFLICTS:
        yield Problem(key, f"unknown kind {value!r}", f"kinds of criteria: {', '.join(kinds)}")
    elif key == "expires" and value > today + LONGEST_WAIVER:
        mend = f"let it expire by {today + LONGEST_WAIVER}"
        yield Problem(key, f"the waiver lasts until {value}, more than 90 days", mend)
    elif key == "parameters" and not is_json(value):
        yield Problem(key, "parameters hold what JSON does not know, such as a date", "write it as a text")
    elif key == "threshold":
        yield from _threshold(value)


def _threshold(limit: Mapping[str, Any]) -> Iterator[Problem]:
    wrong = ""
    if set(limit) != set(THRESHOLD_KEYS):
        wrong = f"it has {', '.join(sorted(limit))}"
    elif not _is_of(limit["value"], (int, float)) or not float("-inf") < limit["value"] < float("inf"):
        wrong = f"its value is {_shown(limit['value'])}"
    elif limit["unit"] not in KNOWN_UNITS:
        wrong = f"its unit is {_shown(limit['unit'])}, none of {', '.join(KNOWN_UNITS)}"
    elif limit["comparator"] not in COMPARATORS:
        wrong = f"its comparator is {_shown(limit['comparator'])}, none of {' '.join(COMPARATORS)}"
    elif not isinstance(limit["statistic"], str) or not re.match(STATISTIC, limit["statistic"]):
        wrong = f"its statistic is {_shown(limit['statistic'])}, none of mean, max, min, each, rate, p50, p99"
    elif not isinstance(limit["subject"], str) or not limit["subject"]:
        wrong = f"its subject is {_shown(limit['subject'])}"
    if wrong:
        keys = ", ".join(THRESHOLD_KEYS)
        yield Problem("threshold", f"a threshold has {keys}, with a comparator like <=; {wrong}", f"write {_EXAMPLE}")


def _check_resolution(entry: Mapping[str, Any], kinds: Kinds) -> Iterator[Problem]:
    between, documents = entry.get("between"), entry.get("documents")
    if isinstance(between, list) and "chosen" in entry:
        if not all(_is_of(value, (str, int, float, bool)) for value in between):
            yield Problem("between", "between holds texts, numbers, true and false", "copy the values of the sides")
        elif str(entry["chosen"]) not in {str(value) for value in between}:
            yield Problem("chosen", "chosen is none of `between`", "choose one of the sides")
    if isinstance(documents, list) and not all(isinstance(name, str) and name for name in documents):
        yield Problem("documents", "documents holds names of files", 'write documents = ["one.md", "other.md"]')
    if isinstance(entry.get("kind"), str) and entry["kind"] in kinds and entry["kind"] not in CONFLICTS:
        yield Problem("kind", f"no conflict has the kind {entry['kind']!r}", f"known: {', '.join(CONFLICTS)}")


def _shown(value: Any) -> str:
    text = value.isoformat() if isinstance(value, date) else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
