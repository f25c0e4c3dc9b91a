"""A grammar for quantities: value, unit, comparator, statistic and subject, with what had to be assumed.

    quantity   = [comparator] number [scale] unit | subject-words comparator number
    comparator = < <= > >= = ≤ ≥ | under | less than | at most | within | over | at least | ...

GB is SI (10^9 bytes), GiB is binary; 8K of context is 8,192 tokens. What a text leaves open is decided by the
tables below and said in one sentence each. What cannot be read is returned, never skipped.
"""

from __future__ import annotations

import re
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
        (r"\b(?:load(?:ing)?[ -]?times?|times? to (?:load|start)|cold starts?|start-?up times?)\b", "load_time"),
        (r"\b(?:ttft|first token)\b", "ttft"),
        (r"\b(?:inter[ -]token|itl|tpot|per output token)\b", "inter_token_latency"),
        (r"\b(?:time-?out|interval|expir\w*|retention|duration|uptime|recovery)\b", "duration"),
        (r"\b(?:latency|latencies|response|responses|inference|reply|replies|answers?)\b", "latency"),
        (r"\b(?:loading|loads|loaded|start-?up|starts|boots?)\b", "load_time"),
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
_KNOWN_UNITS = "write the unit: ms, s, min, GB, GiB, req/s, tokens/s, tokens, cores or %"


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


@dataclass(frozen=True, slots=True)
class _Figure:
    """A match of the grammar with the texts around it, the nearest first: its clause, what a bracket belongs to."""

    match: re.Match[str]
    begin: int
    near: tuple[str, ...]
    text: str
    about: str

    @property
    def value(self) -> float:
        return float(self.match["number"].replace(",", ""))

    def subject(self, dimension: str) -> str:
        """What the figure is about, by the nearest text that says so."""
        for place in (*self.near, self.text, self.about):
            for pattern, subject in _SUBJECTS.get(dimension, ()):
                if re.search(pattern, place, re.IGNORECASE):
                    return subject
        return DIMENSIONS[dimension]

    def statistic(self) -> str | None:
        """The statistic that stands near the figure; a comparator such as `max` is none."""
        comparator = self.match["comparator"] or ""
        for place in (*self.near, self.about):
            rest = place.replace(comparator, " ") if comparator[:1].isalpha() else place
            for pattern, name in _STATISTICS:
                found = re.search(pattern, rest, re.IGNORECASE)
                if found is not None:
                    return name.format(found[1]) if found.groups() else name
        return None


def read_quantities(text: str, about: str = "") -> tuple[tuple[Quantity, ...], tuple[Unreadable, ...]]:
    """All quantities of a text; `about` (a label or heading) helps where a clause does not say what is meant."""
    found: list[Quantity] = []
    failed: list[Unreadable] = []
    for match in _QUANTITY.finditer(text):
        begin = match.start("about" if match["about"] else "comparator" if match["comparator"] else "number")
        item = _read(_Figure(match, begin, _near(text, match.start("number")), text, about))
        if isinstance(item, Quantity):
            found.append(item)
        elif item is not None:
            failed.append(item)
    return tuple(found), tuple(failed)


def _read(figure: _Figure) -> Quantity | Unreadable | None:
    match, begin, end = figure.match, figure.begin, figure.match.end()
    unit_text, tail = match["unit"] or "", match["tail"]
    if tail:
        # Letters go on behind the spelling of a unit: it is another word.
        unit_text, tail = "", unit_text + tail
    unit = UNITS.get(_unit_key(unit_text)) if unit_text else None
    if unit is None:
        if not match["comparator"] and not match["about"]:
            return None
        if tail and not match["glue"]:
            return Unreadable(begin, end, f"{tail!r} is no unit that is known here", _KNOWN_UNITS)
        return _counted(figure)
    if match["about"]:
        return Unreadable(begin, end, "an approximate figure has no limit", "state a limit, or a tolerance")
    if match["range"]:
        return Unreadable(begin, end, "a range is not one limit", "state the limit that has to be kept")
    if not unit.scaled:
        return _complete(figure, figure.value, unit.spelling, unit.dimension, [unit.note] if unit.note else [])
    if not any(re.search(r"context|token|window", place, re.IGNORECASE) for place in figure.near):
        return None
    tokens = figure.value * _KIBI
    note = f"{match['number']}K of context is read as {tokens:,.0f} tokens"
    return _complete(figure, tokens, unit.spelling, unit.dimension, [note])


def _counted(figure: _Figure) -> Quantity | Unreadable | None:
    """A bare number after a comparator, where its clause says what it counts."""
    match, begin = figure.match, figure.begin
    end = match.end("plus") if match["plus"] else match.end("number")
    for pattern, unit, dimension in _COUNTED:
        if any(re.search(pattern, place, re.IGNORECASE) for place in figure.near):
            if match["about"] or match["range"]:
                return Unreadable(begin, end, "an approximate figure has no limit", "state a limit")
            return _complete(figure, figure.value, unit, dimension, [])
    if match["comparator"] and not match["comparator"][0].isalpha() and match["comparator"] != "=":
        return Unreadable(begin, end, "a limit without a unit, and nothing says what it counts", _KNOWN_UNITS)
    return None


def _complete(figure: _Figure, value: float, unit: str, dimension: str, assumptions: list[str]) -> Quantity:
    match, subject = figure.match, figure.subject(dimension)
    comparator_text = " ".join((match["comparator"] or "").lower().split())
    if comparator_text:
        comparator = _COMPARATORS[comparator_text]
    else:
        comparator = ">=" if subject in _AT_LEAST or match["plus"] else "<="
        words = "at least" if comparator == ">=" else "at most"
        assumptions.append(f"no comparator is stated: {words} {value:g} {unit} is asked for")
    statistic = _FIXED_STATISTIC.get(subject) or figure.statistic()
    if statistic is None and subject in _DEFAULT_STATISTIC:
        statistic, sentence = _DEFAULT_STATISTIC[subject]
        assumptions.append(sentence)
    end = match.end("unit") if match["unit"] else match.end("number")
    return Quantity(value, unit, dimension, comparator, statistic, subject, tuple(assumptions), figure.begin, end)


def _near(text: str, position: int) -> tuple[str, ...]:
    """The clause around a figure, and for a bracket what stands before it."""
    begin, outer = 0, 0
    for cut in (*_CLAUSE.finditer(text), None):
        end = len(text) if cut is None else cut.start()
        if begin <= position < end or cut is None:
            inner = text[begin:end]
            in_bracket = text.rfind("(", 0, position) > text.rfind(")", 0, position)
            return (inner, text[outer:end]) if in_bracket else (inner,)
        if cut[0] == "(":
            outer = begin
        begin = cut.end()
    return (text,)


def _unit_key(text: str) -> str:
    squeezed = " ".join(text.split())
    return squeezed if squeezed in UNITS else squeezed.lower()
