"""What contradicts what, within a document and among the documents of one command.

Four kinds: `configuration` (one name, several values), `limit` (one subject and statistic, several values), `port`
(one port, several services) and `engine` (settings that an engine refuses together). All sides are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from acceptance.criterion import Criterion, Threshold
from acceptance.reading.document import Conflict, Document, Setting, Side

_LIMITS = frozenset({"latency", "memory", "throughput", "context_length", "cpu", "load_time", "coherence"})
# Settings that state the same thing as a limit of the text, with the unit and statistic that they mean.
_AS_LIMIT: dict[str, tuple[str, str, str]] = {
    "target_latency_ms": ("latency", "ms", "mean"),
    "target_throughput_rps": ("throughput", "requests/s", "rate"),
    "memory_gb": ("memory", "GB", "max"),
    "cpu_cores": ("cpu", "cores", "mean"),
    "max_model_len": ("context_length", "tokens", "each"),
    "coherence_threshold": ("coherence", "ratio", "mean"),
}
_PREFILL = re.compile(r"chunked_prefill$")


@dataclass(frozen=True, slots=True)
class _Claim:
    """One place that gives a value to something. `key` is what makes two claims comparable."""

    key: tuple[str, ...]
    value: Any
    side: Side
    criteria: tuple[tuple[str, str], ...]


def find_conflicts(documents: Sequence[Document]) -> tuple[Conflict, ...]:
    """All conflicts, in the order of their first side."""
    found = [
        *_disagreements("configuration", [claim for document in documents for claim in _settings(document)]),
        *_disagreements("limit", [claim for document in documents for claim in _limits(document, documents)]),
        *_ports(documents),
        *(conflict for document in documents for conflict in _engine(document)),
    ]
    position = {document.path: index for index, document in enumerate(documents)}
    return tuple(sorted(found, key=lambda conflict: (position[conflict.sides[0].document], conflict.sides[0].line)))


def _disagreements(kind: str, claims: Iterable[_Claim]) -> Iterable[Conflict]:
    grouped: dict[tuple[str, ...], list[_Claim]] = {}
    for claim in claims:
        grouped.setdefault(claim.key, []).append(claim)
    for key, group in grouped.items():
        values = list(dict.fromkeys(_comparable(claim.value) for claim in group))
        if len(values) < 2:
            continue
        subject = key[1]
        shown = ", ".join(str(claim.side.value) for claim in _first_of_each(group))
        yield Conflict(
            kind,
            subject,
            tuple(claim.side for claim in group),
            f"{subject.replace('_', ' ') if kind == 'limit' else subject} is given as {shown}",
            criteria=tuple(dict.fromkeys(pair for claim in group for pair in claim.criteria)),
        )


def _first_of_each(group: Sequence[_Claim]) -> list[_Claim]:
    firsts: dict[Any, _Claim] = {}
    for claim in group:
        firsts.setdefault(_comparable(claim.value), claim)
    return list(firsts.values())


def _comparable(value: Any) -> Any:
    """Values that mean the same are equal: 0 and false, "15" and 15.0."""
    if isinstance(value, bool | int | float):
        return float(value)
    text = str(value).strip()
    if text.lower() in ("true", "false"):
        return float(text.lower() == "true")
    return float(text) if re.fullmatch(r"[+-]?(?:\d+\.?\d*|\.\d+)", text) else text


def _entity(name: str) -> str:
    """The service that a name means: `hermes`, `Hermes-2` and `HERMES_2` are one."""
    match = re.match(r"[a-z]+", name.lower())
    return match[0] if match else ""


def _owner(document: Document, setting: Setting | None) -> str:
    if setting is not None and setting.scope:
        return _entity(setting.scope)
    return _entity(document.service_name) or document.path


def _settings(document: Document) -> Iterable[_Claim]:
    for setting in document.configuration:
        if _is_open(setting.value):
            continue
        yield _Claim(
            (_owner(document, setting), _name(setting)),
            setting.value,
            Side(document.path, setting.line, setting.value, setting.spelling),
            _criteria_at(document, setting),
        )


def _name(setting: Setting) -> str:
    """What makes two settings one; entries of a list are each their own."""
    parts = setting.spelling.split(".")
    return setting.spelling if any(part.isdigit() for part in parts) else setting.name


def _is_open(value: Any) -> bool:
    """A placeholder or a reference states no value yet."""
    return isinstance(value, list | dict) or (isinstance(value, str) and ("[" in value or "$" in value))


def _criteria_at(document: Document, setting: Setting) -> tuple[tuple[str, str], ...]:
    return tuple(
        (document.path, criterion.id)
        for criterion in document.criteria
        if criterion.kind == "config_value"
        and criterion.line == setting.line
        and criterion.parameters.get("spelling") == setting.spelling
    )


def _limits(document: Document, documents: Sequence[Document]) -> Iterable[_Claim]:
    named = {_entity(other.service_name) for other in documents}
    named |= {_entity(setting.scope) for other in documents for setting in other.configuration}
    for criterion in document.criteria:
        limit = criterion.threshold
        if limit is None or criterion.judge != "machine" or limit.subject not in _LIMITS:
            continue
        yield _Claim(
            (_speaks_of(criterion, named - {""}) or _owner(document, None), limit.subject, limit.statistic or ""),
            limit.base()[0],
            Side(document.path, criterion.line, f"{limit.value:g} {limit.unit}", criterion.text),
            ((document.path, criterion.id),),
        )
    for setting in document.configuration:
        meaning = _AS_LIMIT.get(setting.name)
        if meaning is None or isinstance(setting.value, bool) or not isinstance(setting.value, int | float):
            continue
        subject, unit, statistic = meaning
        limit = Threshold(float(setting.value), unit, "<=", statistic, subject)
        yield _Claim(
            (_owner(document, setting), subject, statistic),
            limit.base()[0],
            Side(document.path, setting.line, f"{limit.value:g} {unit}", setting.spelling),
            _criteria_at(document, setting),
        )


def _speaks_of(criterion: Criterion, names: set[str]) -> str:
    """The one of several services that a text names first."""
    words = re.findall(r"[a-z]+", criterion.text.lower())
    return next((word for word in words if word in names), "")


def _ports(documents: Sequence[Document]) -> Iterable[Conflict]:
    """Ports of one host that the documents give to several services."""
    taken: dict[int, dict[str, list[tuple[Document, Setting]]]] = {}
    for document in documents:
        for setting in document.configuration:
            if setting.name in ("port", "metrics_port") and type(setting.value) is int:
                owner = f"{_owner(document, setting)} {setting.name}"
                taken.setdefault(setting.value, {}).setdefault(owner, []).append((document, setting))
    for port, owners in taken.items():
        if len(owners) < 2:
            continue
        claims = [(owner, document, setting) for owner, found in owners.items() for document, setting in found]
        yield Conflict(
            "port",
            f"port {port}",
            tuple(Side(document.path, setting.line, owner, setting.spelling) for owner, document, setting in claims),
            f"port {port} is given to {' and to '.join(owners)}",
            criteria=tuple(pair for _, document, setting in claims for pair in _criteria_at(document, setting)),
        )


def _engine(document: Document) -> Iterable[Conflict]:
    """vLLM refuses fewer batched tokens than the model length unless it prefills in chunks."""
    if any(_PREFILL.search(setting.name) and setting.value for setting in document.configuration):
        return
    by_scope: dict[str, dict[str, list[Setting]]] = {}
    for setting in document.configuration:
        if setting.name in ("max_num_batched_tokens", "max_model_len") and isinstance(setting.value, int):
            by_scope.setdefault(setting.scope, {}).setdefault(setting.name, []).append(setting)
    for found in by_scope.values():
        batched, lengths = found.get("max_num_batched_tokens", []), found.get("max_model_len", [])
        if not batched or not lengths or min(s.value for s in batched) >= max(s.value for s in lengths):
            continue
        settings = [*batched, *lengths]
        names = {setting.name for setting in settings}
        yield Conflict(
            "engine",
            "max_num_batched_tokens",
            tuple(Side(document.path, setting.line, setting.value, setting.spelling) for setting in settings),
            f"max_num_batched_tokens {batched[0].value} is below max_model_len {lengths[0].value}: "
            "an engine that does not prefill in chunks refuses this",
            criteria=tuple(
                (document.path, criterion.id)
                for criterion in document.criteria
                if criterion.judge == "machine"
                and (criterion.parameters.get("name") in names or names & set(criterion.parameters.get("settings", ())))
            ),
        )
