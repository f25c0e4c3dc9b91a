"""Which sentences of a text ask for something: must, shall, has to, and orders or statements with a limit.

The words of RFC 2119 count in any case; what only looks like them (`must-haves`, `should have been`, `may not be
known`, a question, the boilerplate that defines the words) does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from signoff.acceptance.reading.quantities.number_words import with_digits
from signoff.acceptance.reading.quantities.units import UNITS
from signoff.acceptance.reading.source.wording import plain

_NOT_PAST = r"(?!\s+have\s+(?:been|\w+ed)\b)"
_MUST = rf"\b(?i:must|shall)(?:n['\u2019]t)?\b(?![-_/]\w){_NOT_PAST}"
_CAPITALS = r"\b(?:REQUIRED|SHOULD|RECOMMENDED|MAY NOT)\b"
_MODAL = re.compile(
    rf"{_MUST}|{_CAPITALS}"
    r"|\b(?i:is|are|be)\s+(?:strictly\s+)?(?:required|obliged|not allowed|not permitted|forbidden|prohibited"
    r"|mandatory)\b"
    r"|\b(?i:has|have)\s+to\b(?!\s+(?:do\s+with|say|admit|thank)\b)|\b(?i:needs?)\s+to\b|\bought\s+to\b"
    r"|\b(?i:may)\s+not\b(?!\s+(?:be|have|work|always|yet|exist|support|apply|reflect|fit|need|know|see|happen|appear"
    r"|match|suffice|matter|seem|like|want|help|hold)\b)"
    rf"|\b(?i:should)(?:n['\u2019]t)?\b{_NOT_PAST}"
    r"(?!\s+(?:you|this|that|it|be\s+(?:fine|enough|easy|obvious|no)|work|do|suffice|help)\b)"
    r"|\bcannot\s+exceed\b|\b(?:not|never|nor)\s+exceed(?:s|ing)?\b|\b(?:is|are)\s+(?:expected|supposed)\s+to\b"
)
_STRONG = re.compile(rf"{_MUST}|{_CAPITALS}")
_NO_DEMAND = re.compile(
    r"\bkey\s?words?\b.{0,400}\binterpreted\b|\bRFC ?2119\b.{0,200}\binterpreted\b|\?\s*[\"')*_]*$"
    r"|^\s*(?:[-*]\s*)?(?:if you must|what\b|why\b|whether\b)|\b(?:nobody|no one)\s+(?:has|needs?)\s+to\b"
    r"|\b(?:do|does|did)(?:n['\u2019]t|\s+not)\s+(?:have|need)\s+to\b|\bneeds?\s+not\s+to\b|\bI\s+(?:have|need)\s+to\b"
    r"|\b(?:must|should)\s+(?:admit|say|confess)\b",
    re.IGNORECASE | re.DOTALL,
)
_TOLD = re.compile(
    r"\b(?:was|were|had|did|used to|went|took|saw|noticed|measured|observed|reported|found|tried|ran|reached"
    r"|last (?:week|month|year|quarter|release|night)|yesterday|currently|so far|historically|previously|formerly"
    r"|in (?:19|20)\d\d|for example|e\.g\.|for instance|typically|usually|often|might|could|would)\b",
    re.IGNORECASE,
)
# `What was said earlier is known`, `can be found at`: a past that is mentioned, and none that is reported.
_SPOKEN_OF = re.compile(
    r"\b(?:that|which|who|what|whatever)\s+(?:was|were|had|did)\b"
    r"|\b(?:when|if|once|after)\s[^,.;]{1,40}?\s(?:was|were|had|did)\b"
    r"|\b(?:be|been|being|is|are)\s+(?:reported|found|measured|observed|noticed|tried)\b",
    re.IGNORECASE,
)
VERBS = frozenset(
    """accept achieve activate add adjust alert allow analyse analyze answer apply archive assert assign attach audit
    authenticate authorise authorize automate avoid balance benchmark bind block bring build cache calculate cap check
    clean close collect compare complete compress confirm connect configure configured consume containerize create
    decide define delete deliver demonstrate deny deploy design detect determine develop disable discover display
    distribute document download drain drop emit enable encrypt enforce ensure escalate establish evaluate execute
    expire expose export extend fail fall finish fix follow forbid forward gather generate give guarantee guard
    handle hide hold host identify implement import improve include index initialise initialize inject insert
    inspect install instrument integrate introduce invalidate isolate issue keep label launch limit list listen load
    log maintain make manage map mask measure meet merge migrate minimise minimize mirror model monitor mount move
    never normalise normalize notify offer open optimise optimize order pass perform persist pin plan preload
    prepare present preserve prevent prioritise prioritize process produce profile prohibit promote propagate
    protect prove provide provision publish pull purge push queue quantize raise rank rate reach read rebuild
    record recover redact redirect reduce refresh refuse register reject release reload remember remove render
    renew repeat replace replicate report reproduce require reserve reset resolve respond restart restore restrict
    retain retry return reuse review revoke roll rotate route run sanitise sanitize save scale scan schedule scrape
    scrub seal search secure select send serialise serialize serve set share ship show shut sign simulate specify
    split stage start stay stop store stream strip submit supply support survive suspend switch sync synchronise
    synchronize tag terminate test throttle timeout tokenise tokenize trace track train transmit trigger trim
    truncate tune unload update upgrade use validate verify version wait warm warn watch wire withstand wrap
    write""".split()
)
_STATE = re.compile(
    r"\b(?:operational|functional|works?|working|available|validated|verified|enabled|disabled|accessible|healthy"
    r"|running|tested|supported|passes|passing|ready|deployed|completed?|configured|documented|reviewed|encrypted"
    r"|logged|enforced|rejected|refused|answers?|returns?|responds?|exposes?|serves?|streams?|keeps?|stays?|remains?"
    r"|never|always|at (?:least|most)|no more than|not more than|without)\b",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"[<>\u2264\u2265]=?\s*\d|\b(?:under|below|within|at (?:most|least)"
    r"|(?:no|not) (?:more|less|fewer|slower|faster|longer|later|higher|lower) than|less than|fewer than|more than"
    r"|up to|above|over|exceeds?"
    r"|max(?:imum)?(?: of)?|min(?:imum)?(?: of)?)\s+[~$]?\d"
    r"|\d[\d.,]{0,8}\s?\w{0,9}(?:\s[a-z]{1,12}){0,3}?\s"
    r"(?:or (?:less|more|better|fewer)|minimum|maximum|at (?:most|least))\b",
    re.IGNORECASE,
)
# `Whoever is above the limit gets 429`: an answer of a kind that a client provokes is asked for.
_ANSWERED = re.compile(
    r"\b(?:gets?|receives?|sees?|(?:is|are) (?:answered|refused|rejected|met|turned away) (?:with|by))\s+"
    r"(?:an?\s+|the\s+|HTTP\s+|status\s+|code\s+){0,4}`?4\d\d\b",
    re.IGNORECASE,
)
_BY_ACCIDENT = re.compile(
    r"\b(?:sometimes|occasionally|now and then|randomly|intermittent\w*|even though|although|instead of|wrongly|bug"
    r"|unexpectedly|suddenly)\b",
    re.IGNORECASE,
)
# Each part begins only where its run of characters begins, so that a long run is read once.
_END = re.compile(
    r"(?<![.!?\u2026])[.!?\u2026]+[\"')\]*_`\u201d\u2019]*(?:[ \t]*\n|[ \t]+)|(?:(?<! )[ ]{2,}|\\)\n|;[ ]?\n"
)
_BEGINS = re.compile(r"[\"'(\[*_`\u201c\u201e]*[A-Z0-9\u00c0-\u00de\u2610-\u2b1c]")
_ABBREVIATION = re.compile(
    r"(?:\b(?i:e\.g|i\.e|etc|vs|approx|ca|cf|resp|incl|excl|no|nr|fig|z\.b|d\.h|bzw|ggf|usw|mr|dr|inc|ltd)"
    r"|\b[A-Z])\.[\"')\]*_`]*\s*$"
)
_MEASURES = frozenset({"time", "size", "tokens", "cores", "rate", "token_rate", "ratio"})
_FIGURE = re.compile(
    r"\d(?!\d)\s{0,2}-?\s{0,2}(?:"
    + "|".join(
        re.escape(spelling).replace(r"\ ", r"\s{1,3}")
        for spelling in sorted(UNITS, key=lambda spelling: (-len(spelling), spelling))
        if UNITS[spelling].dimension in _MEASURES
    )
    + r")(?![A-Za-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and where it begins and ends in its text."""

    text: str
    begin: int
    end: int


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a paragraph; a line break ends one only where the author forced it."""
    begin = 0
    for cut in _END.finditer(text):
        forced = cut[0].endswith(("  \n", "\\\n", ";\n", "; \n"))
        if not forced and (
            _BEGINS.match(text, cut.end()) is None or _ABBREVIATION.search(text[max(begin, cut.end() - 16) : cut.end()])
        ):
            continue
        yield from _sentence(text, begin, cut.end())
        begin = cut.end()
    yield from _sentence(text, begin, len(text))


def _sentence(text: str, begin: int, end: int) -> Iterator[Sentence]:
    piece = text[begin:end]
    stripped = piece.strip().rstrip("\\").rstrip()
    if stripped:
        first = begin + len(piece) - len(piece.lstrip())
        yield Sentence(stripped, first, first + len(stripped))


def is_normative(text: str, strong: bool = False) -> bool:
    """Whether a sentence asks by its words; `strong` asks for must, shall, or capitals (in asides)."""
    pattern = _STRONG if strong else _MODAL
    return pattern.search(text) is not None and _NO_DEMAND.search(text) is None


def is_order(text: str) -> bool:
    """Whether a sentence begins like an order: `Keep p99 ...`, `Ensure that ...`."""
    words = re.findall(r"[A-Za-z][A-Za-z-]*|\d[\w.,%]*", plain(text[:400]))
    return len(words) > 2 and words[0].lower() in VERBS


def has_figure(text: str) -> bool:
    """Whether a text holds a figure with a unit that something can be measured in."""
    return _FIGURE.search(with_digits(text)) is not None


def has_limit(text: str) -> bool:
    """Whether a text states a limit: a comparator, in signs or words, at a figure that has a unit."""
    return has_figure(text) and _COMPARED.search(with_digits(text)) is not None


def asks(text: str, strong: bool = False) -> bool:
    """Whether a sentence that stands anywhere asks for something."""
    if is_normative(text, strong):
        return True
    if strong or _NO_DEMAND.search(text) is not None:
        return False
    if is_order(text):
        return has_figure(text)
    is_answered = _ANSWERED.search(text) is not None and _BY_ACCIDENT.search(text) is None
    return (has_limit(text) or is_answered) and not is_told(text)


def asks_by_form(text: str) -> bool:
    """Whether a list item asks for something where no heading says what the list is for."""
    return asks(text) or is_order(text)


def is_told(text: str) -> bool:
    """Whether a sentence describes what was, or what may be."""
    return _TOLD.search(_SPOKEN_OF.sub(" ", text)) is not None


def states(text: str) -> bool:
    """Whether a sentence under criteria says what holds, so that it is one of them."""
    if _NO_DEMAND.search(text) is not None or is_told(text):
        return False
    return asks(text) or is_order(text) or has_figure(text) or _STATE.search(text) is not None
