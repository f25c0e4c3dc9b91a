"""One limit of one service with several figures, in text and in settings that state the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from acceptance.criterion import Comparator, Criterion, Threshold
from acceptance.reading.conflicts.apart import About, about, apart
from acceptance.reading.conflicts.corpus import Corpus, Owned, number
from acceptance.reading.conflicts.page import Page, Pair, Place, conflict, listed
from acceptance.reading.document import Conflict

KIND = "limit"
SUBJECTS = frozenset(
    {
        *("latency", "memory", "throughput", "context_length", "cpu", "load_time", "coherence", "coverage"),
        *("concurrency", "rate_limit", "error_rate", "availability", "ttft", "inter_token_latency", "token_rate"),
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
_FIRM = frozenset({"checkbox", "expected", "target", "subtask"})
# How many neighbours a claim is compared with, so that a list of thousands takes no longer than its lines.
_NEAR = 100
COMPLETION = re.compile(r"/(?:completions?|infer|generate|chat)\b/?(?:\?|$)")
# What a limit may be put on beside the service as a whole: such limits are not compared with each other.
_QUALIFIER = re.compile(
    r"\b(health|readiness|embeddings?|batch|bulk|cold|warm|short|long|idle|peak load|heavy load|burst|stress"
    r"|degraded|fallback|cached|uncached|stream(?:ing|ed)|login|search|retriev\w+|upload\w*|startup|shutdown"
    r"|(?:with|without) gpu|(?:cpu|gpu)[- ]only|per (?:user|session|gpu|node|replica|worker|model)"
    r"|first (?:request|call)|v\d+|\d+ (?:concurrent )?users|tokeni[sz]\w+|database|gateway|frontend|vector)\b",
    re.IGNORECASE,
)
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
    """Whether the figure stands in another place, which this one only refers to."""
    statement: str = "setting"
    form: str = ""


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Figures that bound one thing in one direction and differ, and bounds that leave nothing between them."""
    groups: dict[tuple[str, ...], list[Claim]] = {}
    for claim in claims(corpus):
        groups.setdefault((claim.owner, claim.variant, *claim.key), []).append(claim)
    for (owner, _, *_key), group in groups.items():
        disputed = _disputed(_compared(group))
        if disputed:
            subject = disputed[0].subject
            of = f" of {owner}" if owner in corpus.services else ""
            stating = [claim for claim in disputed if not claim.repeated]
            values = listed(claim.place[1].value for claim in stating)
            yield conflict(
                KIND,
                subject,
                [claim.place for claim in stating],
                f"{subject.replace('_', ' ')}{of} is given as {values}: what keeps one figure can break another",
                [pair for claim in disputed for pair in claim.pairs],
            )


def _compared(group: list[Claim]) -> list[Claim]:
    """The claims that differ from another one about the same thing."""
    if len({claim.value for claim in group}) == 1:
        return group if len({claim.comparator for claim in group}) > 1 else []
    stating = [claim for claim in group if not claim.repeated]
    stating = _whole(stating)
    live = [claim for claim in stating if any(_comparable(claim, other) for other in stating)]
    values = {(claim.place[0].path, claim.value) for claim in live}
    # A demand that takes its figure from one of these stands with it.
    return live + [claim for claim in group if claim.repeated and (claim.place[0].path, claim.value) in values]


def _comparable(one: Claim, other: Claim) -> bool:
    if one is other or (one.value == other.value and one.comparator == other.comparator):
        return False
    page, side = one.place
    if other.place[0] is not page:
        return True
    if one.statement == other.statement == "setting":
        # One form of configuration states two values for two files; the same variable is one in all of them.
        return one.form != other.form or one.place[1].spelling.rsplit(".", 1)[-1].isupper()
    if "setting" in (one.statement, other.statement):
        return True
    told = other.place[1]
    if side.line != told.line:
        return True
    return one.statement in _FIRM and side.spelling == told.spelling and one.comparator == other.comparator


def _whole(stating: list[Claim]) -> list[Claim]:
    """Without the claims on one of several parts: a part has its own figure beside the others and beside the whole."""
    known = [about(claim.place[0], claim.place[1].line, claim.place[1].spelling) for claim in stating]
    return [
        claim
        for index, claim in enumerate(stating)
        if not any(
            _comparable(claim, stating[near]) and _apart(claim, stating[near], known[index], known[near])
            for near in range(max(index - _NEAR, 0), min(index + _NEAR, len(stating)))
        )
    ]


def _apart(one: Claim, other: Claim, first: About, second: About) -> bool:
    """Whether two texts of one document are about different things; a setting is about its service."""
    texts = "setting" not in (one.statement, other.statement)
    return texts and one.place[0] is other.place[0] and apart(first, second)


def _disputed(group: list[Claim]) -> list[Claim]:
    if len({claim.place[0].path for claim in group}) == 1:
        # Within one document, a rough figure inside a limit tells what to expect of it.
        firm = [claim.value for claim in group if not claim.rough and claim.comparator in ("<", "<=")]
        group = [claim for claim in group if not (claim.rough and firm and claim.value <= min(firm))]
    exact = [claim for claim in group if claim.comparator == "=="]
    upper = [claim for claim in group if claim.comparator in ("<", "<=")]
    lower = [claim for claim in group if claim.comparator in (">", ">=")]
    for bounds in (exact, upper, lower):
        if len({claim.value for claim in bounds}) > 1:
            return group
    if upper and lower and min(claim.value for claim in upper) < max(claim.value for claim in lower):
        return group
    if exact:
        value = exact[0].value
        if any(claim.value < value for claim in upper) or any(claim.value > value for claim in lower):
            return group
    return []


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
        if _CHANGE.search(criterion.text):
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
    """Whether a figure that a person judges is demanded, and not only told."""
    bare = any(assumption.startswith(_BARE) for assumption in criterion.assumptions)
    return criterion.judge == "person" and criterion.statement in _FIRM and not bare


def _population(criterion: Criterion) -> tuple[str, ...]:
    """What the limit is put on: limits on different requests or loads do not contradict each other."""
    parameters = criterion.parameters
    request = parameters.get("request") or {}
    path = str(request.get("path", "")) if isinstance(request, dict) else ""
    words = sorted({match[0].lower() for match in _QUALIFIER.finditer(criterion.text)})
    told = [str(parameters[name]) for name in ("population", "load") if parameters.get(name)]
    told = [text for text in told if not _USUAL.search(text)]
    return ("" if COMPLETION.search(path) else path, *told, *words)


def stated(criterion: Criterion, limit: Threshold) -> Threshold:
    """The limit with the figure that the text states, where a tolerance was added to a rough one."""
    told = _rough(criterion, limit)
    return limit if told is None else Threshold(told, limit.unit, limit.comparator, limit.statistic, limit.subject)


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
