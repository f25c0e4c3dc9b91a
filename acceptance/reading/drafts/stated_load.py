"""The load that a text states for a figure: users at once, a rate, a duration, prompts of a length."""

from __future__ import annotations

import re

from signoff.acceptance.criterion import Load
from signoff.acceptance.reading.quantities.number_words import counted

_NUMBER = r"(?P<number>\d[\d,]*(?:\.\d+)?)"
_WHO = r"(?:users?|clients?|connections?|streams?|sessions?|requests?|calls?|callers?|people|agents?)"
_USERS = (
    re.compile(rf"{_NUMBER}\s+(?:concurrent|simultaneous|parallel|active|virtual)\s+\w+", re.IGNORECASE),
    re.compile(rf"{_NUMBER}\s+{_WHO}\b(?!\s*(?:/|per\b|a (?:second|minute)))", re.IGNORECASE),
    re.compile(rf"\bconcurrency\s+(?:of\s+)?{_NUMBER}", re.IGNORECASE),
)
_RATE = re.compile(
    rf"{_NUMBER}\s*(?:(?:req(?:uest)?s?|queries|calls|completions|chats|messages)\s*)?(?:/|per\b|an?\b)\s*"
    r"(?P<per>s(?:ec(?:ond)?)?|m(?:in(?:ute)?)?|h(?:our)?)\b|"
    r"(?P<rps>\d[\d,]*(?:\.\d+)?)\s*(?:rps|qps)\b",
    re.IGNORECASE,
)
_DURATION = re.compile(
    rf"{_NUMBER}[ -]?(?P<unit>s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)|h(?:(?:ou)?rs?)?|days?)\b", re.IGNORECASE
)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def stated_load(load: str, population: str, workload: str = "") -> Load | None:
    """The load by its words, None where these state no figure (`under load`): the run's own is meant then.

    `workload` names requests of which a table has a row: `bulk`.
    """
    found: Load = {}
    load = counted(load)
    if (rate := _RATE.search(load)) is not None:
        value = _float(rate["rps"] or rate["number"])
        found["rate_per_s"] = value if rate["rps"] else value / _SECONDS[rate["per"][0].lower()]
    rest = load if rate is None else load.replace(rate[0], " ")
    for pattern in _USERS:
        if (users := pattern.search(rest)) is not None:
            found["users"] = int(_float(users["number"]))
            rest = rest.replace(users[0], " ")
            break
    if (duration := _DURATION.search(rest)) is not None:
        found["duration_s"] = _float(duration["number"]) * _SECONDS[duration["unit"][0].lower()]
        rest = rest.replace(duration[0], " ")
    if re.search(r"\d", rest):
        found["said"] = load
    if workload or re.search(r"\d", population):
        found["requests"] = population
    return found or None


def _float(text: str) -> float:
    return float(text.replace(",", "").rstrip("."))
