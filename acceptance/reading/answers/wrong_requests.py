"""Requests that are wrong in what a sentence names: `the model is not loaded`, `messages is missing or empty`.

Each is brought about by sending it (acceptance/measuring/answers/sent.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from signoff.acceptance.reading.answers.piece import Piece
from signoff.acceptance.reading.commands.expectation import strict_json
from signoff.acceptance.reading.search.sought import Sought

A_WORD = "many"
NOBODY = "signoff-serves-no-such-model"
FIELDS = (
    "messages model prompt input temperature max_tokens top_p top_k n stop stream seed role content question text query"
    " logprobs tools response_format frequency_penalty presence_penalty"
).split()
_IF = r"(?:\b(?:if|when|whenever|where|in case|given|for)\s+)?"
_ART = r"(?:(?:the|an?|its|any)\s+)?"
_ASKS = (
    r"(?:(?:requests?|calls?|posts?|sends?|whoever|an?|the|ask(?:s|ing)?|client|caller|developer|user|i|with"
    r"|to|for|that"
    r"|which|names?|naming|using|uses)\s+)*"
)
_NAME = r"[A-Za-z][\w./:-]*[\w]"
_NOT_SERVED = (
    r"(?:is|are|was|does|do)(?:\s+not|n't)\s+(?:loaded|served|known|found|available|exist|there|configured|registered"
    r"|deployed)|not\s+(?:loaded|served|known|found|available)|is\s+unknown"
)
_FIELD = rf"(?P<field>{'|'.join(FIELDS)}|[a-z]+_[a-z_]+)"
_GONE = r"(?:missing|absent|left out|omitted|not (?:given|set|there|present)|null)"
_UNITS = {"": 1, "b": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


_UNKNOWN_MODEL = Sought(
    rf"{_IF}{_ASKS}{_ART}(?:requested |named |given |chosen )?models?\s+(?:name\s+)?(?:that\s+"
    rf"|which\s+)?(?:{_NOT_SERVED}"
    r"|(?:that |which )?nobody (?:serves|has|knows|loaded))"
    rf"|{_IF}{_ASKS}{_ART}(?:unknown|unserved|unloaded|non-?existent|non-?existing|wrong"
    rf"|nonexisting) models?(?: names?)?"
)
_NAMED_MODEL = Sought(
    rf"{_IF}{_ASKS}(?:ask(?:s|ed|ing)? for|(?:request|chat|call|completion|post)s? (?:for|with|of|to)|requesting)\s+"
    rf"{_ART}models? (?!name\b|that\b|is\b|list)(?P<name>{_NAME})"
)
_MISSING = (
    Sought(rf"{_IF}{_ART}(?:field |list |parameter )?\b{_FIELD}\s+(?:field |list |array )?(?:is|are)?\s*{_GONE}\b"),
    Sought(rf"{_IF}{_ASKS}{_ART}\b(?:missing|absent|without(?: an?| the| any)?)\s+(?:field |list of )?{_FIELD}\b"),
)
_OR_EMPTY = re.compile(r"\s+or\s+(?:an?\s+)?(?:is\s+)?empty(?:\s+list)?\b", re.IGNORECASE)
_EMPTY = (
    Sought(
        rf"{_IF}{_ART}(?:field |list |parameter )?\b{_FIELD}\s+(?:field |list |array )?(?:is"
        rf"|are)\s+(?:an\s+)?empty(?: list)?\b"
    ),
    Sought(rf"{_IF}{_ASKS}{_ART}\bempty\s+(?:field |list of )?{_FIELD}\b"),
    Sought(rf"{_IF}{_ART}{_FIELD}\s+(?:that|which)\s+(?:is|are)\s+empty\b"),
)
_OR_MISSING = re.compile(rf"\s+or\s+(?:is\s+)?{_GONE}\b", re.IGNORECASE)
_VALUE = Sought(
    rf"{_IF}(?:with\s+)?\"?\b{_FIELD}\"?\s*(?::|=|set to|is set to)\s*(?P<value>\[\s*\]|\{{\s*\}}"
    rf"|\"[^\"]{{0,80}}\"|-?\d+(?:\.\d+)?(?![\w.])"
    r"|true\b|false\b|null\b)"
)
_TYPED = Sought(
    rf"{_IF}{_ART}\b{_FIELD}\s+(?:is\s+|are\s+)?(?:given |sent |passed )?(?:as )?an? (?:string|word|text)\b"
)
_NEGATIVE = Sought(rf"{_IF}{_ART}(?:\b{_FIELD}\s+(?:is\s+)?negative\b|negative\s+(?P<field2>{'|'.join(FIELDS)}))\b")
_ABOVE = Sought(
    rf"{_IF}{_ART}\b{_FIELD}\s+(?:values?\s+|of\s+|is\s+)*(?P<way>above|over|beyond|greater than|larger than"
    rf"|more than|higher than"
    r"|exceeds?|exceeding|below|under|less than|lower than)\s+(?P<number>-?\d[\d,]*(?:\.\d+)?)(?![\w%]"
    r"|\s*(?:tokens?|ms|s)\b)"
)
_TORN = Sought(
    rf"{_IF}{_ASKS}{_ART}(?:request )?(?:body|bodies|payloads?)\s+(?:that\s+|which\s+)?(?:is|are)\s+(?:not"
    rf"|no) (?:valid )?json"
    rf"|{_IF}{_ASKS}{_ART}(?:request )?(?:body|bodies|payloads?)\s+(?:that\s+|which\s+)?(?:cannot|can't"
    rf"|can not) be parsed"
    rf"|{_IF}{_ASKS}{_ART}\b(?:invalid|broken|malformed|torn|unpars[e]?able|truncated) json(?: body| bodies"
    rf"| payloads?)?"
    rf"|{_IF}{_ART}json (?:that |which )?(?:is|are) (?:broken|malformed|invalid|torn)"
)
_MALFORMED = Sought(
    rf"{_IF}{_ART}\b(?:malformed|ill-formed|invalid|broken|bad) (?:chat )?(?:requests?|request bod(?:y|ies)"
    rf"|inputs?|payloads?|bod(?:y|ies))\b"
    rf"|{_IF}{_ART}requests? (?:that |which )?(?:is|are) (?:malformed|ill-formed|invalid)\b"
    r"|\b(?:garbage|rubbish|nonsense) in (?:the|a) (?:request )?(?:body|request)\b"
    r"|\bsend rubbish\b"
)
_PARAMETERS = Sought(
    rf"{_IF}{_ASKS}{_ART}\b(?:invalid|wrong|bad|illegal) (?:parameters?|parameter values?|values?|arguments?|fields?)\b"
    rf"|{_IF}{_ART}(?:parameters?|arguments?|fields?) (?:that |which )?(?:is|are) (?:invalid|wrong|illegal)\b"
)
_LONG = Sought(
    rf"{_IF}{_ART}\b(?:prompts?|inputs?|requests?)\s+(?:that\s+|which\s+)?(?:is\s+|are\s+)?(?:(?:beyond"
    rf"|longer than|above|over|exceed(?:s|ing)?"
    r"|larger than|greater than|bigger than)\s+(?:the\s+|its\s+)?(?:limit|context(?: (?:window|length|size))?"
    r"|window|maximum(?: length)?)"
    r"|too long(?: for the (?:context(?: window)?|window|model))?|(?:does"
    r"|do) not fit(?: (?:into )?the (?:context(?: window)?|window))?)"
    rf"|{_IF}{_ART}\b(?:too long|over-?long|overlong|oversized) (?:prompts?|inputs?)\b"
)
_SIZE = Sought(
    rf"{_IF}{_ART}(?:request )?\b(?:body|bodies|payloads?)\s+(?:that\s+|which\s+)?(?:is\s+"
    rf"|are\s+)?(?:of\s+)?(?:more than|larger than|above|over"
    r"|bigger than|exceed(?:s|ing)?)\s+(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kmg]i?|)b\b"
)
_ROLE = Sought(
    rf"{_IF}{_ASKS}{_ART}(?:message (?:of|with) an? )?(?:unknown|invalid|wrong) roles?\b"
    rf"|{_IF}{_ASKS}{_ART}roles? (?:that |which )?(?:does not exist|do not exist|(?:is|are) unknown)"
)
_NAMED_ROLE = Sought(
    r"\b(?:with|of|in) (?:the|an?) role (?!system\b|user\b|assistant\b|tool\b|developer\b|that\b)(?P<name>[a-z]\w*)"
)
_BELOW = frozenset({"below", "under", "less than", "lower than"})
_WIZARD = [{"role": "wizard", "content": "Name a colour."}]


def wrong_requests(text: str) -> Iterator[Piece]:
    """The wrong requests that a text describes; several readings of one place may come, of which the longest counts."""
    for match in _UNKNOWN_MODEL.finditer(text):
        yield _piece(match, {"how": "set", "field": "model", "value": NOBODY}, names=NOBODY)
    for match in _NAMED_MODEL.finditer(text):
        name = match["name"]
        yield _piece(match, {"how": "set", "field": "model", "value": name}, names=name)
    yield from _missing_or_empty(text)
    for match in _VALUE.finditer(text):
        yield _piece(match, _set(match, strict_json(match["value"])))
    for match in _TYPED.finditer(text):
        yield _piece(match, _set(match, A_WORD))
    for match in _NEGATIVE.finditer(text):
        yield _piece(match, {"how": "set", "field": match["field"] or match["field2"], "value": -1})
    for match in _ABOVE.finditer(text):
        yield _piece(match, _set(match, _beyond(match["number"], match["way"].lower() in _BELOW)))
    for match in _PARAMETERS.finditer(text):
        wrong = {"how": "set", "field": "messages", "value": "Name a colour."}
        yield _piece(match, {"how": "set", "field": "max_tokens", "value": A_WORD}, wrong)
    for pattern, how in ((_TORN, "torn"), (_MALFORMED, "malformed"), (_LONG, "long")):
        for match in pattern.finditer(text):
            yield _piece(match, {"how": how})
    for match in _SIZE.finditer(text):
        count = float(match["number"]) * _UNITS[match["unit"].lower()]
        yield _piece(match, {"how": "size", "bytes": round(count)})
    for match in _NAMED_ROLE.finditer(text):
        message = {"role": match["name"], "content": "Name a colour."}
        yield _piece(match, {"how": "set", "field": "messages", "value": [message]}, names=match["name"])
    for match in _ROLE.finditer(text):
        yield _piece(match, {"how": "set", "field": "messages", "value": _WIZARD}, names="wizard")


def _missing_or_empty(text: str) -> Iterator[Piece]:
    for patterns, or_else, first in ((_MISSING, _OR_EMPTY, "missing"), (_EMPTY, _OR_MISSING, "empty")):
        for pattern in patterns:
            for match in pattern.finditer(text):
                changes = {
                    "missing": {"how": "missing", "field": match["field"]},
                    "empty": _set(match, _empty(match["field"])),
                }
                other = or_else.match(text, match.end())
                wanted = [changes[first]]
                if other is not None:
                    wanted.append(changes["empty" if first == "missing" else "missing"])
                yield _piece(match, *wanted, end=other.end() if other is not None else None)


def _piece(match: re.Match[str], *changes: dict[str, Any], names: str = "", end: int | None = None) -> Piece:
    named = names or str(changes[0].get("field") or "")
    return Piece("wrong", match.start(), match.end() if end is None else end, {"sent": list(changes)}, named)


def _set(match: re.Match[str], value: Any) -> dict[str, Any]:
    return {"how": "set", "field": match["field"].lower(), "value": value}


def _empty(name: str) -> Any:
    return [] if name.lower() in ("messages", "tools", "stop") else ""


def _beyond(number: str, is_below: bool) -> float | int:
    value = float(number.replace(",", ""))
    found = value - 1 if is_below else value + 1
    return int(found) if found.is_integer() else found
