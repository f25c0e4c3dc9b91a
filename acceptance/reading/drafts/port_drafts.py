"""Ports that a sentence names, as criteria: that something listens there, or that nothing does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from signoff.acceptance.reading.drafts.criterion_draft import Draft, Placed, person
from signoff.acceptance.reading.search.sought import Sought
from signoff.acceptance.reading.source.document import Statement

_LAST_PORT = 65_535
_NO_PORT = (
    r"(?![\d.,/-]*\d|\s*(?:%|(?:ms|s|[km]?gb|mb|gpus?|cores?|cpus?|nodes?|hosts?|machines?|servers?|requests?|req"
    r"|users?|tokens?|replicas?|samples?|prompts?|clients?|workers?|concurrent|parallel)\b))"
)
# With the word `port` any number is one; without it four digits behind words such as `listens on`.
_PORT = Sought(
    rf"\b(?:port|puerto)\s*(?:number\s*|no\.?\s*|is\s+|=\s*)?:?\s*`?(?P<port>\d{{1,5}})\b{_NO_PORT}"
    r"|\b(?:listen(?:s|ing)?|bound|binds?|binding|runs?|running|serv(?:es?|ed|ing)|reachable|available|exposed|exposes"
    r"|accessible|escucha|lauscht|läuft)\s+(?:(?:on|to|at|under|en|auf)\s+)?(?:https?://)?"
    rf"(?:[\w.-]*[a-z.*][\w.-]*|\*|\[::\])?(?:(?<=\s)|:)(?P<behind>\d{{4,5}})\b{_NO_PORT}"
)
_PORTS = Sought(r"\bports\s+(?P<first>\d{1,5}(?:\s*,\s*\d{1,5})*)\s*,?\s*(?:and|or|&)\s+(?P<last>\d{1,5})\b")
_SHUT = re.compile(
    r"\b(?:must |shall |should |has to |have to )?(?:no longer|not|never)\s+(?:be\s+)?(?:answers?|listens?"
    r"|accepts?(?: connections)?|reachable"
    r"|open|in use|listening|exposed|respond(?:s|ing)?)\b(?: any ?more)?"
    r"|\b(?:is|are|be|stays?|remains?|must be|shall be)\s+(?:closed|shut|free|refused|unused|blocked)\b(?: again)?"
    r"|\b(?:nothing|nobody|no (?:process|one|service|server))\s+(?:may |must |still |is )?listen(?:s"
    r"|ing)?(?:\s+(?:on|at))?\b",
    re.IGNORECASE,
)
_FREE = re.compile(r"\bfree\b", re.IGNORECASE)
_FROM_OUTSIDE = Sought(
    r"\b(?:from|for|to)\s+(?:the\s+)?(?:outside|internet|other (?:hosts|machines)|external|public|guest|office"
    r"|\w+ networks?)\b|\bexternally\b|\bpublicly\b"
)
_BEFORE = re.compile(
    r"\bpre-?conditions?\b|\bprerequisites?\b|\bbefore (?:the )?(?:start|you start|deploy\w*|install\w*)", re.IGNORECASE
)
_AFTER_STOP = Sought(
    r"\b(?:when|once|after|as soon as)\s+(?:(?:the|its|a)\s+)?(?:\w+\s+){0,3}?(?:stopped|stop|shut ?down"
    r"|terminated|ended|torn down)\b"
)
_CONNECTS = re.compile(
    (
        r"\bconnects? to (?:the )?port\b[^;.]{0,40}\bconnection (?:is (?:accepted|opened|established)|opens"
        r"|succeeds|works)\b"
    ),
    re.IGNORECASE,
)
_UNSEEN = "whether a port is shut from outside cannot be seen from here: a person has to try from there"
_EARLIER = "it is a state before the start, and a run begins after it: a person has to look before"


def ports(statement: Statement, begin: int, end: int) -> Iterator[Placed]:
    """The ports between two places of a statement, each with what is asked of it."""
    text = statement.text
    # `WHEN I connect to port 8800, THEN the connection is accepted` asks for the port of its condition.
    begin = 0 if _CONNECTS.search(text) else begin
    found = [(int(match["port"] or match["behind"]), match.span()) for match in _PORT.finditer(text)]
    for match in _PORTS.finditer(text):
        numbers = [*re.findall(r"\d+", match["first"]), match["last"]]
        found += [(int(number), match.span()) for number in numbers]
    for number, span in found:
        if 0 < number <= _LAST_PORT and begin <= span[0] and span[1] <= end:
            yield _draft(number, span, statement), span


def _draft(number: int, span: tuple[int, int], statement: Statement) -> Draft:
    begin = max(statement.text.rfind(mark, 0, span[0]) for mark in ";,") + 1
    ends = [place for mark in ";," if (place := statement.text.find(mark, span[1])) >= 0]
    shut = _SHUT.search(statement.text, begin, min(ends, default=len(statement.text)))
    if shut is None:
        return Draft("port", parameters={"port": number})
    spans = (shut.span(),)
    if _FROM_OUTSIDE.search(statement.text):
        return person(_UNSEEN)
    heading = statement.headings[-1].text if statement.headings else ""
    if _FREE.search(shut[0]) and (_BEFORE.search(heading[:200]) or _BEFORE.search(statement.text)):
        return person(_EARLIER)
    if stop := _AFTER_STOP.search(statement.text):
        return replace(Draft("port_free", parameters={"port": number}), spans=(*spans, stop.span()))
    return Draft("port", parameters={"port": number, "closed": True}, spans=spans)
