"""Load and requests for which a figure holds: `at 20 req/s`, `for prompts up to 2k tokens`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from signoff.acceptance.reading.search.sought import Sought

_NUMBER = r"\d[\d,.]*"
_COUNT = rf"(?:{_NUMBER}|two|three|four|five|ten|twelve|fifteen|twenty|thirty|sixty)"
_RATE = r"(?:req(?:uest)?s?|queries|calls)?\s*(?:/|\bper)\s*s(?:ec(?:ond)?)?\b|rps\b|qps\b"
_STATE = (
    r"normal|typical|nominal|expected|peak|heavy|high|full|sustained|maximum|max|light|low|production|average|idle"
    r"|target"
    r"|concurrent|parallel|real[- ]world|stress|steady|moderate|regular|usual|continuous|mixed"
)
_ABOUT = r"(?:less|fewer|more|not more|no more) than\s+|at most\s+|not above\s+|"
_LOAD = Sought(
    rf"\b(?:under|at|during|with|in|on)\s+(?:an?\s+|the\s+)?(?:{_STATE})[\w -]{{0,20}}?"
    r"\b(?:loads?|traffic|conditions|operations?|use|usage|hours|state|concurrency|workloads?)\b"
    r"|\bunder\s+load\b"
    r"|\bduring\s+(?:inference|generation|prefill|decoding|loads?(?: tests?)?|peak hours|operation)\b"
    r"|\bduring\s+the\s+(?:plateau|steady\s+state|load\s+(?:run|test)|hold\s+phase|main\s+run|measurement)\b"
    r"|\b(?:when|at)\s+(?:idle|rest)\b"
    rf"|^\W*{_NUMBER}\s+(?:concurrent|simultaneous|parallel)\s+[a-z]+(?=\s*:)"
    rf"|\bat\s+(?:the|our|its|an?)\s+(?:usual|normal|expected|planned|stated|base|target|typical|given)\s+(?:rate\s+of\s+)?"
    rf"{_NUMBER}\s*(?:{_RATE})"
    rf"|\b(?:at|under|with|while serving|serving)\s+(?:{_ABOUT}up to\s+|at least\s+"
    r"|an?\s+(?:load|rate)\s+of\s+|about\s+|~)?"
    rf"{_NUMBER}\s*(?:{_RATE})(?!\s+throughput)"
    rf"|\b(?:at|under|with|for|by|from|while serving|serving)\s+(?:{_ABOUT}up to\s+|at least\s+"
    rf"|about\s+|~)?{_NUMBER}\s+"
    r"(?:(?:concurrent|simultaneous|parallel|active)\s+[a-z]+|(?:users|clients|connections|requests|streams)"
    r"(?:\s+(?:at once|in parallel|concurrently|simultaneously|at the same time)))"
    rf"|(?:@|\b(?:with|at)\b)\s*(?:up to\s+|about\s+|~)?{_NUMBER}\s*(?:users|clients|connections|sessions|streams)\b"
    rf"|@\s*{_NUMBER}\s*(?:{_RATE}|(?:concurrent|simultaneous|parallel|active)\s+[a-z]+|requests\b)"
    rf"|\bat\s+(?:an?\s+)?concurrency\s+(?:of\s+)?{_NUMBER}"
    rf"|\b(?:at|with)\s+(?:an?\s+)?batch[- ]size\s+(?:of\s+)?{_NUMBER}"
    rf"|\b(?:for|over|during|across|in)\s+(?:at least\s+|an?\s+|any\s+|the\s+|each\s+)?{_NUMBER}[ -]?"
    r"(?:s|sec|seconds?|min(?:ute)?s?|h(?:ours?)?|days?)(?:\s+|-)(?:windows?|period|runs?|tests?|soak|straight)\b"
    rf"|\b(?:for|over|across|during)\s+(?:at least\s+)?{_COUNT}[ -]?(?:min(?:ute)?s?|h(?:ours?)?|days?)\b"
    rf"|\bfor\s+(?:at least\s+)?{_NUMBER}[ -]?(?:s|sec|seconds?)\b(?!\s+(?:latency|response))"
    r"|\bwhile\s+(?:it\s+|the\s+(?:model|service)\s+)?(?:generat\w+|infers?|inferring|serv\w+|under load|idle"
    r"|running)\b"
    r"|\bwith\s+(?:an?\s+)?(?:warm|cold|hot|empty|full)\s+(?:[\w-]+\s+)?caches?\b"
    r"|\b(?:cold|warm|idle)(?=\s*(?:[,;)]|\.?\s*$))"
    r"|\(batch[- ]?(?:size )?\d+\)"
)
_WHAT = (
    r"prompts?|inputs?|requests?|interactions?|conversations?|messages?|queries|completions?|models?|workloads?"
    r"|generations?|outputs?|contexts?|questions|tickets?|documents?|texts?|articles?|passages?|files?|images?"
)
_LENGTH = (
    rf"(?:\s+(?:of|up to|under|below|with|over|shorter than|longer than|at most|<=?)\s+(?:up to\s+|at most\s+"
    rf"|about\s+)?"
    rf"{_NUMBER}\s*[kK]?[ -]?(?:(?:input |output |prompt )?tokens?|words|characters|turns|messages)?)?"
)
_POPULATION = Sought(
    r"\bwith the requests \"[^\"]{1,300}\"|"
    rf"\b(?:for|on|given|using)\s+(?!all\b|each\b|every\b|both\b)(?:[\w.-]{{1,20}}\s+){{0,4}}?(?:{_WHAT})\b"
    rf"(?!\s*(?:/|per\b|a second)){_LENGTH}"
    rf"|\bwith\s+(?:an?\s+)?(?:[\w.-]{{1,20}}\s+){{0,2}}?(?:prompts?|inputs?|outputs?)\b{_LENGTH}"
    rf"|\bwith\s+`?max[_ ]tokens`?\s*(?:=|:|of)?\s*{_NUMBER}"
    rf"|\b{_NUMBER}\s*[kK]?[ -]tokens?\s+(?:prompts?|inputs?|outputs?|completions?|contexts? inputs?)"
    rf"|\b(?:completions?|answers?|outputs?|responses?)\s+of\s+{_NUMBER}\s+(?:output\s+)?tokens\b"
    rf"|(?<=[,;(]\s)(?:one|an?|each|a\s+single)\s+(?:prompt|input)s?\s+of\s+{_NUMBER}\s+(?:input\s+)?tokens\b"
    rf"|\b{_NUMBER}\s+(?:input|output|prompt|generated)\s+tokens\b"
)
# `optimized for conversations` says what something was made for, not when a figure holds.
_MADE = Sought(
    r"\b(?:optimi[sz]ed|designed|intended|built|speciali[sz]ed|used|tuned|needed|ready|suitable|implemented"
    r"|configured)\s+$"
)
_RATE_OR_USERS = re.compile(rf"(?:{_RATE})|concurrent|simultaneous|parallel|at once", re.IGNORECASE)
_OFFERED = re.compile(
    r"\b(?:sustain\w*|handl\w+|serv(?:e|es|ed|ing)|(?<!'s )(?<!the )process\w*|support\w*"
    r"|throughput|accept\w*|copes?)[^.;]{0,40}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Circumstance:
    """A phrase that says when a figure holds. `binds` where its own figure is a demand as well."""

    begin: int
    end: int
    text: str
    is_load: bool
    binds: bool


def circumstances(text: str) -> tuple[Circumstance, ...]:
    """All phrases of a text that say under which load or for which requests something holds."""
    found = [
        Circumstance(
            match.start(),
            match.end(),
            " ".join(match[0].split()),
            pattern is _LOAD,
            pattern is _LOAD
            and _RATE_OR_USERS.search(match[0]) is not None
            and _OFFERED.search(text[max(0, match.start() - 60) : match.start()]) is not None,
        )
        for pattern in (_LOAD, _POPULATION)
        for match in pattern.finditer(text)
        if not _MADE.search_part(text[max(0, match.start() - 30) : match.start()], text)
    ]
    return tuple(sorted(found, key=lambda circumstance: circumstance.begin))
