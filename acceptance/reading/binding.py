"""The binding file beside a document: it resolves conflicts, types statements that no rule knows, holds waivers.

`<stem>.signoff.toml`; unknown keys are refused. What it says about a criterion names that criterion's
fingerprint: where the statement changed, the binding is stale, is reported, and the criterion may not pass.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from acceptance.criterion import Criterion, Threshold
from acceptance.errors import DeploymentUnreadable
from acceptance.reading.document import Conflict, Diagnostic, Waiver
from acceptance.reading.kinds import KINDS, WITH_LIMIT

SUFFIX = ".signoff.toml"
LONGEST_WAIVER = timedelta(days=90)
_LEAD = {"resolve": "conflict", "type": "criterion", "waive": "criterion"}
_KEYS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "resolve": {
        "conflict": (str,),
        "kind": (str,),
        "between": (list,),
        "chosen": (str, int, float, bool),
        "role": (str,),
        "reason": (str,),
        "date": (date,),
    },
    "type": {
        "criterion": (str,),
        "fingerprint": (str,),
        "kind": (str,),
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
_OPTIONAL = {"type": {"threshold", "parameters"}, "resolve": {"kind"}, "waive": set[str]()}
_THRESHOLD_KEYS = {"value", "unit", "comparator", "statistic", "subject"}
_COMPARATORS = {"<", "<=", "==", ">=", ">"}


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding file as it was read; every entry has the keys of its table, checked."""

    path: str
    resolve: tuple[Mapping[str, Any], ...] = ()
    type: tuple[Mapping[str, Any], ...] = ()
    waive: tuple[Mapping[str, Any], ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)


def binding_path(document: Path) -> Path:
    """Where the binding of a document lies."""
    return document.with_name(document.stem + SUFFIX)


def read_binding(document: Path) -> Binding | None:
    """The binding beside a document, or None. Raises DeploymentUnreadable with file and line."""
    path = binding_path(document)
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DeploymentUnreadable(f"{path}: {error}", "a binding file is TOML in UTF-8") from None
    for name, entries in tables.items():
        if name not in _KEYS or not isinstance(entries, list):
            known = ", ".join(f"[[{known}]]" for known in _KEYS)
            raise DeploymentUnreadable(f"{path}:{_line(text, name)}: unknown table {name!r}", f"known: {known}")
        for index, entry in enumerate(entries):
            _check(path, text, name, index, entry)
    resolve, types, waive = (tuple(tables.get(name, ())) for name in _KEYS)
    return Binding(path.as_posix(), resolve, types, waive, _lines_of_entries(text))


def apply_types(binding: Binding, criteria: Sequence[Criterion]) -> tuple[tuple[Criterion, ...], list[Diagnostic]]:
    """The criteria with the kinds that the binding gives them; stale ones are marked and reported."""
    by_id = {criterion.id: criterion for criterion in criteria}
    diagnostics: list[Diagnostic] = []
    for index, entry in enumerate(binding.type):
        criterion = by_id.get(entry["criterion"])
        if criterion is None:
            diagnostics.append(_orphan(binding, "type", index, entry["criterion"]))
            continue
        limit = entry.get("threshold")
        parameters = dict(entry.get("parameters", {}))
        if entry["fingerprint"] != criterion.fingerprint:
            parameters["stale_binding"] = True
            diagnostics.append(_stale(binding, "type", index, criterion))
        by_id[criterion.id] = replace(
            criterion,
            kind=entry["kind"],
            judge="person" if entry["kind"] == "human_judgement" else "machine",
            threshold=criterion.threshold if limit is None else Threshold(**limit),
            parameters=parameters,
            assumptions=(f"{Path(binding.path).name} says what this means",),
            reason="",
        )
    return tuple(by_id[criterion.id] for criterion in criteria), diagnostics


def waivers(binding: Binding, criteria: Sequence[Criterion], today: date) -> tuple[dict[str, Waiver], list[Diagnostic]]:
    """The waivers in force by criterion; expired, stale and unknown ones are reported and do not count."""
    by_id = {criterion.id: criterion for criterion in criteria}
    found: dict[str, Waiver] = {}
    diagnostics: list[Diagnostic] = []
    for index, entry in enumerate(binding.waive):
        name, expires = entry["criterion"], entry["expires"]
        place = _place(binding, "waive", index)
        if expires > today + LONGEST_WAIVER:
            raise DeploymentUnreadable(
                f"{binding.path}:{place}: the waiver of {name} lasts until {expires}, more than 90 days",
                f"let it expire by {today + LONGEST_WAIVER}",
            )
        if name not in by_id:
            diagnostics.append(_orphan(binding, "waive", index, name))
        elif entry["fingerprint"] != by_id[name].fingerprint:
            diagnostics.append(_stale(binding, "waive", index, by_id[name]))
        elif expires < today:
            message = f"the waiver of {name} expired on {expires}"
            diagnostics.append(_diagnostic("waiver-expired", binding, place, message, "fix it, or renew the waiver"))
        else:
            found[name] = Waiver(entry["owner"], entry["reason"], expires, entry["fingerprint"])
    return found, diagnostics


def resolve(
    bindings: Sequence[Binding], conflicts: Sequence[Conflict]
) -> tuple[tuple[Conflict, ...], list[Diagnostic]]:
    """The conflicts with the resolutions whose sides are still those that were resolved."""
    resolved = list(conflicts)
    diagnostics: list[Diagnostic] = []
    for binding in bindings:
        for index, entry in enumerate(binding.resolve):
            for position, conflict in enumerate(resolved):
                if conflict.subject != entry["conflict"] or entry.get("kind", conflict.kind) != conflict.kind:
                    continue
                place = _place(binding, "resolve", index)
                if {str(side.value) for side in conflict.sides} != {str(value) for value in entry["between"]}:
                    sides = ", ".join(dict.fromkeys(str(side.value) for side in conflict.sides))
                    message = f"the sides of {conflict.subject} are now {sides}, so its resolution does not count"
                    mend = "look at the conflict again and renew `between`"
                    diagnostics.append(_diagnostic("binding-stale", binding, place, message, mend))
                    continue
                if conflict.resolution is not None and conflict.resolution["chosen"] != entry["chosen"]:
                    message = f"{conflict.subject} is resolved differently by another binding"
                    diagnostics.append(_diagnostic("resolution-conflict", binding, place, message, "agree on one"))
                    resolved[position] = replace(conflict, resolution=None)
                    continue
                resolution = {
                    **{key: entry[key] for key in ("chosen", "role", "reason")},
                    "date": entry["date"].isoformat(),
                    "binding": binding.path,
                }
                resolved[position] = replace(conflict, resolution=resolution)
    return tuple(resolved), diagnostics


def _check(path: Path, text: str, name: str, index: int, entry: Mapping[str, Any]) -> None:
    where = f"{path}:{_lines_of_entries(text).get(f'{name}/{index}', 1)}"
    known = _KEYS[name]
    for key, value in entry.items():
        if key not in known:
            place = f"{path}:{_line(text, key)}"
            raise DeploymentUnreadable(f"{place}: [[{name}]] has no key {key!r}", f"known keys: {', '.join(known)}")
        if not isinstance(value, known[key]) or value == "":
            raise DeploymentUnreadable(f"{path}:{_line(text, key)}: {key} cannot be {value!r}", f"see [[{name}]]")
    missing = [key for key in known if key not in entry and key not in _OPTIONAL[name]]
    if missing:
        raise DeploymentUnreadable(f"{where}: [[{name}]] needs {', '.join(missing)}", "add what is missing")
    if name == "type":
        _check_type(where, entry)
    if name == "resolve" and str(entry["chosen"]) not in {str(value) for value in entry["between"]}:
        raise DeploymentUnreadable(f"{where}: chosen is none of `between`", "choose one of the sides")


def _check_type(where: str, entry: Mapping[str, Any]) -> None:
    if entry["kind"] not in KINDS:
        raise DeploymentUnreadable(f"{where}: unknown kind {entry['kind']!r}", f"known kinds: {', '.join(KINDS)}")
    limit = entry.get("threshold")
    if limit is None:
        if entry["kind"] in WITH_LIMIT:
            raise DeploymentUnreadable(f"{where}: {entry['kind']} needs a threshold", "add threshold = {...}")
        return
    if set(limit) != _THRESHOLD_KEYS or limit["comparator"] not in _COMPARATORS:
        raise DeploymentUnreadable(
            f"{where}: a threshold has {', '.join(sorted(_THRESHOLD_KEYS))}, with a comparator like <=",
            'write threshold = {value = 2, unit = "s", comparator = "<", statistic = "mean", subject = "latency"}',
        )


def _line(text: str, key: str) -> int:
    pattern = re.compile(rf"^\s*(?:\[\[?\s*{re.escape(key)}\s*\]\]?|{re.escape(key)}\s*=)")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)


def _lines_of_entries(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    counts = dict.fromkeys(_LEAD, 0)
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"^\s*\[\[\s*(\w+)\s*\]\]", line)
        if match and match[1] in counts:
            found[f"{match[1]}/{counts[match[1]]}"] = number
            counts[match[1]] += 1
    return found


def _place(binding: Binding, name: str, index: int) -> int:
    return binding.lines.get(f"{name}/{index}", 1)


def _orphan(binding: Binding, name: str, index: int, criterion: str) -> Diagnostic:
    message = f"there is no criterion {criterion}"
    mend = "see `signoff read` for the ids; remove the entry where the demand is gone"
    return _diagnostic("binding-orphan", binding, _place(binding, name, index), message, mend)


def _stale(binding: Binding, name: str, index: int, criterion: Criterion) -> Diagnostic:
    message = f"the statement of {criterion.id} changed after this was written"
    mend = f'look at it again, then set fingerprint = "{criterion.fingerprint}"'
    return _diagnostic("binding-stale", binding, _place(binding, name, index), message, mend)


def _diagnostic(code: str, binding: Binding, line: int, message: str, mend: str) -> Diagnostic:
    return Diagnostic(code, "error", binding.path, line, 1, "", message, mend)
