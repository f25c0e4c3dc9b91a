"""Every limit that documents state, from criteria and from the settings that mirror them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from signoff.acceptance.criterion import Comparator, Criterion, Threshold
from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, Owned
from signoff.acceptance.reading.conflicts.evidence.page import Page, Pair, Place
from signoff.acceptance.reading.settings.setting_values import number

SUBJECTS = frozenset(
    {
        "latency",
        "memory",
        "throughput",
        "context_length",
        "cpu",
        "load_time",
        "coherence",
        "coverage",
        "concurrency",
        "rate_limit",
        "error_rate",
        "availability",
        "ttft",
        "inter_token_latency",
        "token_rate",
    }
)
# Settings that state the same thing as a limit of the text: subject, unit, statistic, comparator.
MIRRORS: dict[str, tuple[str, str, str, Comparator]] = {
    "target_latency_ms": ("latency", "ms", "mean", "<="),
    "target_throughput_rps": ("throughput", "requests/s", "rate", ">="),
    "memory_gb": ("memory", "GB", "max", "<="),
    "cpu_cores": ("cpu", "cores", "mean", "<="),
    "max_model_len": ("context_length", "tokens", "each", "=="),
    "context_length": ("context_length", "tokens", "each", "=="),
    "coherence_threshold": ("coherence", "ratio", "mean", ">="),
}
# How the reading says that a figure stands there bare: in a report it is what was measured.
_BARE = "no comparator is stated"
# `10 -> 12 t/s` tells what was and what is.
_CHANGE = re.compile(r"\d\S*\s*(?:→|->|=>)\s*[^\d\n]{0,20}\d")
# Statements of which each figure is a demand, also where one of them holds several.
FIRM = frozenset({"checkbox", "expected", "target", "subtask"})
COMPLETION = re.compile(r"/(?:completions?|infer|generate|chat)\b/?(?:\?|$)")
# What a limit may be put on beside the service as a whole: such limits are not compared with each other.
_QUALIFIER = re.compile(
    r"\b(health|readiness|embeddings?|batch|bulk|cold|warm|short|long|idle|peak load|heavy load|burst|stress"
    r"|degraded|fallback|cached|uncached|stream(?:ing|ed)|login|search|retriev\w+|upload\w*|startup|shutdown"
    r"|(?:with|without) gpu|(?:cpu|gpu)[- ]only|per (?:user|session|gpu|node|replica|worker|model)"
    r"|first (?:request|call)|v\d+|\d+ (?:concurrent )?users|tokeni[sz]\w+|database|gateway|frontend|vector)\b",
    re.IGNORECASE,
)
# What is often granted to each route on its own.
_OF_ROUTES = frozenset({"rate_limit", "concurrency"})
_ROUTE = re.compile(r"(?<![\w.])/[a-z][\w./{}-]*", re.IGNORECASE)
# How the reading says that a demand has its figure from elsewhere.
_ELSEWHERE = "no figure is stated here"
# How the reading says that it widened a figure which a text states only roughly.
_WIDENED = re.compile(r"^about (\d+(?:\.\d+)?) (\S+) is read with a tolerance")
# Populations and loads that are what a service is for, or the usual case of it.
_USUAL = re.compile(
    r"\b(?:normal|typical|usual|regular|nominal|average|conversation\w*)\b|\bfor (?:the )?(?:\d+b )?models?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A place that states a limit; `value` in base units, for the service `owner`."""

    owner: str
    subject: str
    key: tuple[str, ...]
    value: float
    comparator: Comparator
    place: Place
    pairs: tuple[Pair, ...]
    variant: str = ""
    rough: bool = False
    repeated: bool = False
    """Whether the figure is in another place, which this one only refers to."""
    statement: str = "setting"
    form: str = ""


def claims(corpus: Corpus) -> list[Claim]:
    """Every limit that the documents state, from criteria and from settings."""
    return corpus.once(_claims)


def _claims(corpus: Corpus) -> list[Claim]:
    found = [claim for page in corpus.pages for claim in _of_criteria(corpus, page)]
    found += [claim for owned in corpus.settings if (claim := _of_setting(owned)) is not None]
    return found


def _of_criteria(corpus: Corpus, page: Page) -> Iterator[Claim]:
    for criterion in page.document.criteria:
        limit = criterion.threshold
        if limit is None or limit.subject not in SUBJECTS:
            continue
        if criterion.judge != "machine" and not _is_demand(criterion):
            continue
        if _is_change(criterion.text):
            continue
        variant = corpus.variant(page, criterion.line)
        if variant is None or limit.statistic is None:
            continue
        rough = _rough(criterion, limit) is not None
        limit = stated(criterion, limit)
        yield Claim(
            corpus.speaks_of(page, criterion),
            limit.subject,
            (limit.subject, limit.statistic or "", *_population(criterion)),
            limit.base()[0],
            limit.comparator,
            page.side(criterion.line, f"{'about ' if rough else ''}{limit.value:g} {limit.unit}", criterion.text),
            ((page.path, criterion.id),) if criterion.judge == "machine" else (),
            variant,
            rough,
            any(assumption.startswith(_ELSEWHERE) for assumption in criterion.assumptions),
            criterion.statement,
        )


def _is_demand(criterion: Criterion) -> bool:
    """Whether a figure that a person judges is demanded, and not only mentioned."""
    bare = any(assumption.startswith(_BARE) for assumption in criterion.assumptions)
    return criterion.judge == "person" and criterion.statement in FIRM and not bare


def _population(criterion: Criterion) -> tuple[str, ...]:
    """What the limit is put on: limits on different requests or loads do not contradict each other."""
    parameters = criterion.parameters
    request = parameters.get("request") or {}
    path = str(request.get("path", "")) if isinstance(request, dict) else ""
    words = _qualifiers(criterion.text)
    names = [str(parameters[name]) for name in ("population", "load") if parameters.get(name)]
    names = [text for text in names if not _USUAL.search(text)]
    limit = criterion.threshold
    if limit is not None and limit.subject in _OF_ROUTES:
        names += _routes(criterion.text)
    return ("" if COMPLETION.search(path) else path, *names, *words)


# What is asked of a text is kept: a text may have many criteria.
@lru_cache(maxsize=256)
def _is_change(text: str) -> bool:
    return _CHANGE.search(text) is not None


@lru_cache(maxsize=256)
def _qualifiers(text: str) -> tuple[str, ...]:
    return tuple(sorted({match[0].lower() for match in _QUALIFIER.finditer(text)}))


@lru_cache(maxsize=256)
def _routes(text: str) -> tuple[str, ...]:
    return tuple(match[0] for match in _ROUTE.finditer(text))


def stated(criterion: Criterion, limit: Threshold) -> Threshold:
    """The limit with the figure that the text states, where a tolerance was added to a rough one."""
    rough = _rough(criterion, limit)
    return limit if rough is None else Threshold(rough, limit.unit, limit.comparator, limit.statistic, limit.subject)


def _rough(criterion: Criterion, limit: Threshold) -> float | None:
    """The figure of a text that only roughly states it; None where the text is exact."""
    for assumption in criterion.assumptions:
        match = _WIDENED.match(assumption)
        if match is not None and match[2] == limit.unit:
            return float(match[1])
    return None


def _of_setting(owned: Owned) -> Claim | None:
    figure = number(owned.value)
    if owned.name not in MIRRORS or figure is None or owned.general:
        return None
    subject, unit, statistic, comparator = MIRRORS[owned.name]
    limit = Threshold(figure, unit, comparator, statistic, subject)
    return Claim(
        owned.owner,
        subject,
        (subject, statistic, ""),
        limit.base()[0],
        comparator,
        owned.page.side(owned.setting.line, f"{limit.value:g} {unit}", owned.setting.spelling),
        owned.page.criteria_of(owned.setting),
        owned.variant,
        form=owned.setting.form,
    )
