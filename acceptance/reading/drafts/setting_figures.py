"""The figure for a demand that states none: the document's configuration, else what the document states elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

from signoff.acceptance.criterion import Comparator, Threshold
from signoff.acceptance.reading.drafts.criterion_draft import Draft, person
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.settings.setting_values import number
from signoff.acceptance.reading.source.document import Setting

_TIME = {"ms": "ms", "msec": "ms", "milliseconds": "ms", "s": "s", "sec": "s", "seconds": "s"}
_SIZE = {"gb": "GB", "mb": "MB", "gib": "GiB", "mib": "MiB"}
_RATE = {"rps": "requests/s", "qps": "requests/s", "req_per_sec": "requests/s", "requests_per_second": "requests/s"}


@dataclass(frozen=True, slots=True)
class _Meaning:
    """How settings of a subject are called, and what their value limits. The names' last group is the unit."""

    names: re.Pattern[str]
    units: dict[str, str]
    unit: str
    comparator: Comparator
    statistic: str


def _meaning(names: str, units: dict[str, str], unit: str, comparator: Comparator, statistic: str) -> _Meaning:
    return _Meaning(re.compile(rf"^(?:\w+_)?(?:{names})$"), units, unit, comparator, statistic)


_MEANINGS: dict[str, _Meaning] = {
    "latency": _meaning(
        r"(?P<statistic>p\d{2,3}_)?(?:target_|max_|slo_)?(?P<more>p\d{2,3}_)?(?:latency|response_time)"
        r"(?:_p\d{2,3})?(?:_target|_slo|_limit|_max)?_(?P<unit>ms|msec|milliseconds|s|sec|seconds)",
        _TIME,
        "ms",
        "<=",
        "mean",
    ),
    "throughput": _meaning(
        r"(?:target_|min_|expected_)?(?:throughput_?)?(?P<unit>rps|qps|req_per_sec|requests_per_second)(?:_target"
        r"|_min)?",
        _RATE,
        "requests/s",
        ">=",
        "rate",
    ),
    "memory": _meaning(
        r"(?:max_)?(?:memory|mem|ram)(?:_limit|_max)?_(?P<unit>gb|mb|gib|mib)", _SIZE, "GB", "<=", "max"
    ),
    "cpu": _meaning(r"(?:max_)?(?:cpu_cores|cpus|cpu_limit|cores)(?P<unit>)", {"": "cores"}, "cores", "<=", "mean"),
    "context_length": _meaning(
        r"(?:max_)?(?:max_model_len|context_length|context_window(?:_size)?|context_size|ctx_size|n_ctx"
        r"|num_ctx)(?P<unit>)",
        {"": "tokens"},
        "tokens",
        ">=",
        "each",
    ),
    "coherence": _meaning(r"coherence(?:_threshold|_min|_score)?(?P<unit>)", {"": "ratio"}, "ratio", ">=", "mean"),
    "concurrency": _meaning(
        r"(?:max_concurren(?:t|cy)(?:_requests|_users)?|max_parallel(?:_requests)?|concurrency_limit|max_in_flight)"
        r"(?P<unit>)",
        {"": "requests"},
        "requests",
        "<=",
        "max",
    ),
    "rate_limit": _meaning(
        r"(?:rate_?limit|throttle)(?:_requests)?_(?P<unit>rps|per_second|rpm|per_minute)|(?P<more>requests_per_minute"
        r"|rpm_limit)",
        {"rps": "requests/s", "per_second": "requests/s"},
        "requests/min",
        "<=",
        "rate",
    ),
}
KIND_OF = {"concurrency": "concurrency_limit"}


def setting_for(subject: str, facts: Facts) -> tuple[Setting, Threshold] | None:
    """The setting of the document that limits this subject, as a limit."""
    key = f"setting for {subject} of {facts.service}"
    if key not in facts.memory:
        setting = facts.setting_matching(subject, lambda found: meaning_of(found, subject) is not None)
        limit = meaning_of(setting, subject) if setting is not None else None
        facts.memory[key] = (setting, limit) if setting is not None and limit is not None else None
    found: tuple[Setting, Threshold] | None = facts.memory[key]
    return found


def meaning_of(setting: Setting, subject: str) -> Threshold | None:
    """What a setting limits, where it is a figure about this subject."""
    meaning = _MEANINGS[subject]
    match = meaning.names.match(setting.name)
    value = _number(setting.value) if match is not None else None
    if match is None or value is None:
        return None
    parts = match.groupdict()
    unit = meaning.units.get(parts.get("unit") or "", meaning.unit)
    percentile = (parts.get("statistic") or parts.get("more") or "").rstrip("_")
    statistic = percentile if re.fullmatch(r"p\d{2,3}", percentile) else meaning.statistic
    if unit == "requests/min":
        value, unit = value / 60, "requests/s"
    return Threshold(value, unit, meaning.comparator, statistic, subject)


def without_figure(subject: str, facts: Facts) -> Draft:
    """A demand on this subject that states no figure: judged by the document's own, and that is said."""
    kind = KIND_OF.get(subject, subject)
    found = setting_for(subject, facts)
    if found is not None:
        setting, limit = found
        where = f"{setting.spelling} in line {setting.line}"
        sentence = f"no figure is stated here: {limit.value:g} {limit.unit} is taken from {where}"
        return Draft(kind, limit, (sentence,))
    stated = facts.stated(subject)
    if stated is not None:
        limit = stated.quantity.threshold()
        sentence = f"no figure is stated here: {limit.value:g} {limit.unit} is taken from line {stated.line}"
        return Draft(kind, limit, (sentence, *stated.quantity.assumptions), borrowed_from=stated.line)
    return nothing_to_borrow(subject, facts.service)


def nothing_to_borrow(subject: str, service: str) -> Draft:
    """A demand without a figure, where the document gives none for it."""
    what = subject.replace("_", " ")
    whose = f" for {service}" if service else ""
    return person(
        f"no figure is stated, and nothing else in the document gives one for the {what}{whose}: "
        "a person has to say how much is enough"
    )


def _number(value: object) -> float | None:
    return None if isinstance(value, str) and not re.fullmatch(r"\d+(?:\.\d+)?", value) else number(value)
