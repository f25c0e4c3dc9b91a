"""Which statistic a figure limits, by the words near it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from signoff.acceptance.reading.search.sought import EVERYTHING, Sought, Table, held

_REQUESTS = (
    r"(?:requests|responses|calls|queries|completions|answers|replies|prompts|generations|cases|streams|chats|turns"
    r"|first (?:tokens|chunks|words)|the time)"
)
_NINE_IN_TEN = r"\b(?:nine|9)\s+(?:out\s+of|of|in)\s+(?:every\s+)?(?:ten|10)\b"
_OF_CHAT = r"(?:(?:chat|chat completion|completion|api|inference|user|streamed|streaming)\s+)?"
SHARE = re.compile(rf"\s+of\s+(?:all\s+)?(?:the\s+|our\s+|its\s+)?{_OF_CHAT}{_REQUESTS}\b", re.IGNORECASE)
_STATISTICS: Table[str] = Table(
    (Sought(pattern), name)
    for pattern, name in (
        (r"\bt?p\s?(\d{2}(?:\.\d+)?)\b", "p{}"),
        (r"\b(\d{2}(?:\.\d+)?)(?:th|st|nd|rd)?[ -]percentile\b", "p{}"),
        (r"(?<![\d.])(\d{2}(?:\.\d+)?)\s+(?:out\s+of|of|in)\s+(?:every\s+)?100\b", "p{}"),
        (_NINE_IN_TEN, "p90"),
        (
            rf"\b(?:19|nineteen)\s+(?:out\s+of|of|in)\s+(?:20|twenty)\s+(?:(?:the|our|its|all|chat)\s+){{0,2}}{_REQUESTS}\b",
            "p95",
        ),
        (rf"\bhalf\s+(?:of\s+|the\s+|our\s+|all\s+|its\s+){{1,3}}{_REQUESTS}\b", "p50"),
        (r"\bslowest\s+(?:1\s?%|(?:1\s+|one\s+)?percent|hundredth)(?=\s)", "p99"),
        (r"\bslowest\s+5\s?(?:%|percent)(?=\s)", "p95"),
        (
            rf"\b(\d{{2}}(?:\.\d+)?)\s?(?:%|percent)\s+of\s+(?:all\s+)?(?:the\s+|our\s+|its\s+)?{_OF_CHAT}{_REQUESTS}\b",
            "p{}",
        ),
        (
            (
                r"\b(?:average|averages?|averaged|avg|mean|promedio|durchschnitt\w*|im mittel|mittlere\w*"
                r"|(?:latencia|respuesta|tiempo) medi[ao])\b"
            ),
            "mean",
        ),
        (r"\bmedian\b", "p50"),
        (
            (
                r"\b(?:peaks?|maximum|max|worst[ -]case|always|never|at all times|at any time|every (?:single )?request"
                r"|(?:no|not) (?:a )?(?:single |one |even one )?(?:request|response|query|call|answer|completion))\b"
            ),
            "max",
        ),
    )
)
_DEFAULT_STATISTIC: dict[str, tuple[str, str]] = {
    "latency": ("mean", "no statistic is stated for the latency: the mean is judged"),
    "ttft": ("mean", "no statistic is stated for the time to first token: the mean is judged"),
    "inter_token_latency": ("mean", "no statistic is stated for the inter-token latency: the mean is judged"),
    "memory": ("max", "no statistic is stated for the memory: its highest value is judged"),
    "cpu": ("mean", "no statistic is stated for the CPU: the mean number of cores in use under load is judged"),
    "load_time": ("each", "no statistic is stated for the load time: every cold start is judged"),
    "coherence": ("mean", "no statistic is stated for the coherence: the mean over conversations is judged"),
}
_FIXED_STATISTIC = {
    "throughput": "rate",
    "token_rate": "rate",
    "rate_limit": "rate",
    "context_length": "each",
    "concurrency": "max",
}
_WITHOUT_STATISTIC = frozenset({"coverage", "storage", "size", "error_rate", "availability", "success_rate"})


@lru_cache(maxsize=256)
def statistics_in(text: str) -> tuple[tuple[int, int, str], ...]:
    """Where a text names statistics, and which; the words of one may be part of another's."""
    return tuple(
        (*found.span(), name.format(found[1]) if found.groups() else name)
        for pattern, name in _STATISTICS.among(held(text))
        for found in pattern.finditer(text)
    )


def statistic_of(subject: str, places: Iterable[str], holds: int = EVERYTHING) -> tuple[str | None, str]:
    """The statistic that the limit is put on, and the sentence where it had to be assumed."""
    if subject in _FIXED_STATISTIC:
        return _FIXED_STATISTIC[subject], ""
    if subject in _WITHOUT_STATISTIC:
        return None, ""
    possible = _STATISTICS.among(holds)
    for place in places if possible else ():
        for pattern, name in possible:
            found = pattern.search(place)
            if found is not None:
                return (name.format(found[1]) if found.groups() else name), ""
    return _DEFAULT_STATISTIC.get(subject, (None, ""))
