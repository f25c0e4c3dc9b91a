"""A grammar for quantities: value, unit, comparator, statistic and subject, with what had to be assumed.

    quantity   = [comparator] number [scale] unit | subject-words comparator number
    comparator = < <= > >= = ≤ ≥ | under | less than | at most | within | over | at least | ...

GB is SI (10^9 bytes), GiB is binary; 8K of context is 8,192 tokens. What a text leaves open is decided by the
tables below and said in one sentence each. What cannot be read is returned, never skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from acceptance.criterion import Comparator, Threshold
from acceptance.reading.units import DIMENSIONS, UNITS, unit_pattern

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_COMPARATORS: dict[str, Comparator] = {
    **dict.fromkeys(("<=", "≤", "=<"), "<="),
    **dict.fromkeys((">=", "≥", "=>"), ">="),
    **dict.fromkeys(("==", "="), "=="),
    "<": "<",
    ">": ">",
    **dict.fromkeys(("less than", "lower than", "smaller than", "fewer than", "under", "below"), "<"),
    **dict.fromkeys(("at most", "no more than", "not more than", "up to", "within", "maximum of", "max"), "<="),
    **dict.fromkeys(("more than", "greater than", "higher than", "over", "above", "exceeds", "exceeding"), ">"),
    **dict.fromkeys(("at least", "no less than", "not less than", "minimum of", "minimum", "min"), ">="),
    **dict.fromkeys(("exactly", "equal to"), "=="),
}
_ABOUT = r"~|≈|±|about\b|around\b|approximately\b|approx\.?|roughly\b"
_WORDS = "|".join(
    re.escape(word) + (r"\b" if word[-1].isalpha() else "")
    for word in sorted(_COMPARATORS, key=lambda word: (-len(word), word))
)
_QUANTITY = re.compile(
    rf"(?P<about>{_ABOUT})?\s*(?P<comparator>(?:(?<![\w.])|(?<=\W))(?:{_WORDS}))?\s*"
    rf"(?<![\w.,:/@-])(?P<number>{_NUMBER})(?P<range>\s*(?:-|\u2013|\.\.)\s*\d[\d.,]*)?"
    rf"(?P<glue>\s*-?\s*)(?P<unit>{unit_pattern()})?(?P<tail>[A-Za-zµμ%°/]*)(?P<plus>\+)?",
    re.IGNORECASE,
)
_STATISTICS: tuple[tuple[str, str], ...] = (
    (r"\bp\s?(\d{2}(?:\.\d+)?)\b", "p{}"),
    (r"\b(\d{2}(?:\.\d+)?)(?:th|st|nd|rd)[ -]percentile\b", "p{}"),
    (r"\b(?:average|avg|mean)\b", "mean"),
    (r"\bmedian\b", "p50"),
    (r"\b(?:peak|maximum|max|worst[ -]case|always|never)\b", "max"),
)
# By dimension, the words that say what a figure is about; the first that stands in the clause decides.
_SUBJECTS: dict[str, tuple[tuple[str, str], ...]] = {
    "time": (
        (r"\b(?:load(?:ing|s|ed)?|start[ -]?up|cold start|boot)\b", "load_time"),
        (r"\b(?:ttft|first token)\b", "ttft"),
        (r"\b(?:inter[ -]token|itl|tpot|per output token)\b", "inter_token_latency"),
        (r"\b(?:time-?out|interval|expir\w*|retention|duration|uptime|recovery)\b", "duration"),
        (r"\b(?:latency|latencies|response|responses|inference|reply|replies|answers?)\b", "latency"),
    ),
    "size": (
        (r"\b(?:storage|disk|drive|space|volume)\b", "storage"),
        (r"\b(?:vram|gpu)\b", "gpu_memory"),
        (r"\b(?:memory|ram|rss|resident)\b", "memory"),
    ),
    "tokens": ((r"\b(?:context|window|max_model_len|prompt length)\b", "context_length"),),
    "cores": ((r".", "cpu"),),
    "rate": ((r".", "throughput"),),
    "token_rate": ((r".", "token_rate"),),
    "ratio": (
        (r"\bcoheren\w+", "coherence"),
        (r"\bcoverage\b", "coverage"),
        (r"\b(?:errors?|failures?|failed)\b", "error_rate"),
        (r"\b(?:availab\w+|uptime)\b", "availability"),
        (r"\bcpu\b", "cpu_utilisation"),
        (r"\bgpu\b", "gpu_utilisation"),
        (r"\b(?:memory|ram)\b", "memory_utilisation"),
    ),
}
# Bare numbers that need no unit, because what they count says it: `Requests per second > 20`.
_COUNTED: tuple[tuple[str, str, str], ...] = (
    (r"\b(?:requests? (?:per|/) ?s(?:ec(?:ond)?)?|rps|qps|throughput)\b", "requests/s", "rate"),
    (r"\btokens? (?:per|/) ?s(?:ec(?:ond)?)?\b", "tokens/s", "token_rate"),
    (r"\b(?:context(?:[ _](?:length|window|size))?|max_model_len)\b", "tokens", "tokens"),
    (r"\b(?:cpu )?cores\b", "cores", "cores"),
    (r"\b(?:coheren\w+|score|ratio|share|utili[sz]ation)\b", "ratio", "ratio"),
)
_AT_LEAST = {"throughput", "token_rate", "context_length", "coherence", "coverage", "availability"}
_DEFAULT_STATISTIC: dict[str, tuple[str, str]] = {
    "latency": ("mean", "no statistic is stated for the latency: the mean is judged"),
    "ttft": ("mean", "no statistic is stated for the time to first token: the mean is judged"),
    "inter_token_latency": ("mean", "no statistic is stated for the inter-token latency: the mean is judged"),
    "memory": ("max", "no statistic is stated for the memory: its highest value is judged"),
    "cpu": ("mean", "no statistic is stated for the CPU: the mean number of cores in use under load is judged"),
    "load_time": ("each", "no statistic is stated for the load time: every cold start is judged"),
    "coherence": ("mean", "no statistic is stated for the coherence: the mean over conversations is judged"),
}
_FIXED_STATISTIC = {"throughput": "rate", "token_rate": "rate", "context_length": "each"}
_CLAUSE = re.compile(r"[;,](?=\s)|\s+and\s+|\s+but\s+|[.](?=\s|$)|[()]")
_KIBI = 1024


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure of a text. `begin` and `end` are where it stands; `assumptions` are sentences."""

    value: float
    unit: str
    dimension: str
    comparator: Comparator
    statistic: str | None
    subject: str
    assumptions: tuple[str, ...]
    begin: int
    end: int

    def threshold(self) -> Threshold:
        """The quantity as a criterion's limit."""
        return Threshold(self.value, self.unit, self.comparator, self.statistic, self.subject)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A figure that the grammar cannot make into a limit, and why."""

    begin: int
    end: int
    why: str
    mend: str


def read_quantities(text: str, about: str = "") -> tuple[tuple[Quantity, ...], tuple[Unreadable, ...]]:
    """All quantities of a text; `about` (a label or heading) helps where a clause does not say what is meant."""
    found: list[Quantity] = []
    failed: list[Unreadable] = []
    for match in _QUANTITY.finditer(text):
        begin = match.start("about" if match["about"] else "comparator" if match["comparator"] else "number")
        clause = _clause(text, match.start("number"), match.end())
        item = _read(match, begin, clause, text, about)
        if isinstance(item, Quantity):
            found.append(item)
        elif item is not None:
            failed.append(item)
    return tuple(found), tuple(failed)


def _read(match: re.Match[str], begin: int, clause: str, text: str, about: str) -> Quantity | Unreadable | None:
    unit_text, tail, comparator_text = match["unit"] or "", match["tail"], match["comparator"]
    end = match.end()
    if tail:
        # Letters go on behind the spelling of a unit: it is another word.
        unit_text, tail = "", unit_text + tail
    unit = UNITS.get(_unit_key(unit_text)) if unit_text else None
    if unit is None:
        if not comparator_text and not match["about"]:
            return None
        if tail and not match["glue"]:
            return Unreadable(begin, end, f"{tail!r} is no unit that is known here", _known_units())
        return _counted(match, begin, clause, about)
    if match["about"]:
        return Unreadable(begin, end, "an approximate figure has no limit", "state a limit, or a tolerance")
    if match["range"]:
        return Unreadable(begin, end, "a range is not one limit", "state the limit that has to be kept")
    value = float(match["number"].replace(",", ""))
    assumptions: list[str] = []
    if unit.scaled:
        if not re.search(r"context|token|window", clause, re.IGNORECASE):
            return None
        value *= _KIBI
        assumptions.append(f"{match['number']}K of context is read as {value:,.0f} tokens")
    if unit.note:
        assumptions.append(unit.note)
    subject = _subject(unit.dimension, clause, text, about)
    return _complete(match, begin, value, unit.spelling, unit.dimension, subject, clause, about, assumptions)


def _counted(match: re.Match[str], begin: int, clause: str, about: str) -> Quantity | Unreadable | None:
    """A bare number after a comparator, where its clause says what it counts."""
    end = match.end("plus") if match["plus"] else match.end("number")
    before = clause
    for pattern, unit, dimension in _COUNTED:
        if re.search(pattern, before, re.IGNORECASE):
            if match["about"] or match["range"]:
                return Unreadable(begin, end, "an approximate figure has no limit", "state a limit")
            value = float(match["number"].replace(",", ""))
            subject = _subject(dimension, before, before, about)
            return _complete(match, begin, value, unit, dimension, subject, clause, about, [])
    if match["comparator"] and not match["comparator"][0].isalpha() and match["comparator"] != "=":
        return Unreadable(begin, end, "a limit without a unit, and nothing says what it counts", _known_units())
    return None


def _complete(
    match: re.Match[str],
    begin: int,
    value: float,
    unit: str,
    dimension: str,
    subject: str,
    clause: str,
    about: str,
    assumptions: list[str],
) -> Quantity:
    comparator_text = " ".join((match["comparator"] or "").lower().split())
    if comparator_text:
        comparator = _COMPARATORS[comparator_text]
    else:
        comparator = ">=" if subject in _AT_LEAST or match["plus"] else "<="
        words = "at least" if comparator == ">=" else "at most"
        assumptions.append(f"no comparator is stated: {words} {value:g} {unit} is asked for")
    statistic = _FIXED_STATISTIC.get(subject) or _statistic(clause) or _statistic(about)
    if statistic is None and subject in _DEFAULT_STATISTIC:
        statistic, sentence = _DEFAULT_STATISTIC[subject]
        assumptions.append(sentence)
    return Quantity(
        value,
        unit,
        dimension,
        comparator,
        statistic,
        subject,
        tuple(assumptions),
        begin,
        match.end("unit") if match["unit"] else match.end("number"),
    )


def _subject(dimension: str, clause: str, text: str, about: str) -> str:
    for place in (clause, text, about):
        for pattern, subject in _SUBJECTS.get(dimension, ()):
            if re.search(pattern, place, re.IGNORECASE):
                return subject
    return DIMENSIONS[dimension]


def _statistic(text: str) -> str | None:
    for pattern, name in _STATISTICS:
        match = re.search(pattern, text, re.IGNORECASE)
        if match is not None:
            return name.format(match[1]) if match.groups() else name
    return None


def clauses(text: str) -> Iterator[tuple[int, int]]:
    """Where the clauses of a text begin and end: divided at commas, `and`, sentence ends and brackets."""
    begin = 0
    for cut in _CLAUSE.finditer(text):
        yield begin, cut.start()
        begin = cut.end()
    yield begin, len(text)


def _clause(text: str, begin: int, end: int) -> str:
    """The clause around a figure; a bracket belongs to what stands before it."""
    spans: Sequence[tuple[int, int]] = list(clauses(text))
    for position, (first, last) in enumerate(spans):
        if first <= begin < max(last, first + 1):
            if first and text[first - 1] == "(" and position:
                return text[spans[position - 1][0] : last]
            return text[first:last]
    return text[max(0, begin - 40) : end + 40]


def _unit_key(text: str) -> str:
    squeezed = " ".join(text.split())
    return squeezed if squeezed in UNITS else squeezed.lower()


def _known_units() -> str:
    return "write the unit: ms, s, min, GB, GiB, req/s, tokens/s, tokens, cores or %"
