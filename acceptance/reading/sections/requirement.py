"""The id that a document gives a demand: `FR-012`, `SC-003`, `N-2`, or `Requirement 4.2` by heading and list number."""

from __future__ import annotations

import re
from collections.abc import Sequence

from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.wording import plain

# Prefixes that stand for nothing but requirements, so that neither a hyphen nor a colon has to say so.
_KNOWN = r"(?:N?FR|REQ|[SAQTBUI]C|US|[BTQSCDI]R|SLO|KPI)"
_NAME = r"[A-Z][A-Z0-9]{0,7}(?:[-_][A-Z][A-Z0-9]{0,7}){0,3}"
_NUMBER = r"\d{1,5}(?:\.\d{1,4}){0,3}[a-z]?"
_END = r"(?=[*_`]{0,3}\s*(?:[:)\]|]|[.]\s|[\u2013\u2014-]\s|\s{2}|$))"
_FREE = r"(?=[*_`]{0,3}\s)"
_ID = (
    rf"(?P<id>{_NAME}[-_]{_NUMBER}{_END}|{_KNOWN}[-_]?{_NUMBER}(?:{_END}|{_FREE})|[RN]\d{{1,4}}(?:\.\d{{1,4}})?{_END})"
)
_OWN = re.compile(rf"^[\s>|]*(?:(?:[-*+]|\d{{1,4}}[.)])\s+)?(?:\[[ xX]\]\s*)?[*_`\[(]{{0,4}}{_ID}")
_OF_HEADING = re.compile(rf"^\W*(?:{_ID}|(?P<named>{_NAME}[-_]{_NUMBER}){_FREE})")
_REQUIREMENT = re.compile(rf"^\W*(?P<id>Requirement\s+{_NUMBER})(?![\w.]*\d)")
_MARKER = re.compile(r"^(?P<indent>[ \t]*)(?:(?P<number>\d{1,4})[.)]|[-*+])\s")
_BEGINS = re.compile(r"^[ \t]*(?:$|\||#|(?:\d{1,4}[.)]|[-*+])\s)")
# What is written like an id, and names something that everybody knows.
_NO_ID = re.compile(
    r"^(?:UTF|SHA|MD|AES|RSA|RFC|ISO|IEC|IEEE|TLS|SSL|HTTP|HTTPS|TCP|IP|IPV|GPT|LLAMA|PHI|CVE|GPU|CPU|RTX|GTX|PCI|CUDA"
    r"|P|TP|A|H|L|V|X|Q|K|INT|FP|BF|GB|ASCII|UTC|GMT|S)[-_]?\d"
)
_IN_A_FENCE = {"config", "expected", "shape"}
_FURTHEST = 40


def requirement_of(statement: Statement, lines: Sequence[str]) -> str | None:
    """The id that the statement's own line begins with, else the nearest heading's; None where there is none."""
    if statement.type not in _IN_A_FENCE and (own := _own(statement, lines)):
        return own
    for heading in reversed(statement.headings):
        text = plain(heading.text)[:200]
        if (match := _REQUIREMENT.match(text)) is not None:
            numbers = [] if statement.type in _IN_A_FENCE else _numbers(statement, lines)
            return ".".join([" ".join(match["id"].split()), *numbers])
        # The number in a title is that of the ticket or the document.
        if heading.level > 1 and (found := _sound(_OF_HEADING.match(text))):
            return found
    return None


def _own(statement: Statement, lines: Sequence[str]) -> str:
    """The id at the beginning of the list item, row or paragraph that the statement is part of."""
    first = statement.lines[0]
    for number in range(first, max(first - _FURTHEST, 0), -1):
        text = lines[number - 1][:400]
        if found := _sound(_OWN.match(text)):
            return found
        if _BEGINS.match(text):
            break
    return ""


def _sound(match: re.Match[str] | None) -> str:
    found = "" if match is None else next(text for text in match.groupdict().values() if text)
    return "" if _NO_ID.match(found) else found


def _numbers(statement: Statement, lines: Sequence[str]) -> list[str]:
    """The numbers of the list items that the statement is in, the outermost first."""
    found: list[str] = []
    first, width = statement.lines[0], 1_000
    for number in range(first, max(first - _FURTHEST, statement.headings[-1].line), -1):
        text = lines[number - 1]
        marker = _MARKER.match(text)
        if marker is None:
            # A line without a mark goes on with an item above it, unless it begins a paragraph of its own.
            if text.strip() and not text[0].isspace() and (number < 2 or not lines[number - 2].strip()):
                break
            continue
        indent = len(marker["indent"].expandtabs(4))
        if indent < width:
            width = indent
            found[:0] = [marker["number"]] if marker["number"] else []
        if not indent:
            break
    return found
