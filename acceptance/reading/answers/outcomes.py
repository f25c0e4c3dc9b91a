"""What an answer has to be and hold, by the words of a sentence: a status, fields, values, names, headers, absence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from signoff.acceptance.reading.answers.piece import Piece
from signoff.acceptance.reading.search.sought import Sought

_CODES = (
    "200 201 202 204 400 401 403 404 405 406 408 409 410 411 413 414 415 422 429 500 501 502 503 504 4xx 5xx"
).split()
_CODE = (
    rf"(?<![\w.,:/$-])(?:{'|'.join(_CODES)})\b(?![.,]?\d|\s?(?:%|tokens?|[mµ]?s\b|sec|min|[kmgt]i?b\b"
    r"|cores?|req|rps|users?|numbers?|texts?|turns?|MB|at once))"
)
_WITH_CODE = (
    r"(?:(?:answer(?:s|ed)?|refuse[sd]?|reject(?:s|ed)?|turned (?:down|away)|denied|responds?|repl(?:y|ies)"
    r"|returns?|returned"
    r"|is|are|be|gets?|receives?|yields?|gives?|ends?|means|stays|see[sn]?|say|says|the|a|an|clear|by|with|in"
    r"|http|https|status"
    r"|code|of|response|result|->|=>|\u2192)\s+)*"
)
_STATUS = Sought(
    rf"(?P<with>{_WITH_CODE})(?P<codes>{_CODE}(?:\s*(?:or|/)\s*(?:an? )?{_CODE})*)"
    r"(?:\s+(?:Not Found|Unprocessable(?: Entity| Content)?|Bad Request|Payload Too Large|Content Too Large|OK"
    r"|Forbidden"
    r"|Unauthorized|Method Not Allowed|Gone|client errors?|errors?|status)\b)?"
    r"(?:,?\s+(?:an? |with an? )?validation errors?\b)?",
)
_EACH_CODE = re.compile(_CODE, re.IGNORECASE)
_CLIENT_ERROR = Sought(rf"{_WITH_CODE}(?:a |with )*client errors?\b")
_REFUSED = Sought(
    r"\b(?:is|are|must be|shall be|gets?|has to be)\s+(?:refused|rejected|denied|forbidden|turned (?:away|down))\b"
    r"|\b(?:refuse|reject|turn (?:away|down))s?\b(?:\s+(?:the|such|those|these)?\s*(?:requests?|it|them))?"
)
_ABSENT = Sought(
    r"\b(?:is|are) (?:now )?gone\b(?: now)?|\b(?:no longer|does not|must not|do not) exists?\b|\b(?:is|was|are"
    r"|has been) removed\b"
    r"|\bmust not be (?:there|offered|exposed|served)\b|\b(?:is|are) not (?:offered|exposed|served|there)\b"
    r"|\bis absent\b"
    r"|\bno (?:\w+ )?(?:endpoint|route)\b|\b(?:is|it is|be) (?:not|no) an? (?:\w+ )?(?:service|endpoint|route)\b"
)
_REASON = Sought(
    r"\b(?:with|and|together with|that has|plus)\s+(?:an?|the)\s+(?:clear\s+|json\s+|structured\s+)?"
    r"(?:error(?: body| message| object)?|reason|explanation|message)\b"
    r"(?!\s+(?:of|with|that|which|rate|ratio|share|budget|count)\b)"
    r"|\b(?:that |which )?(?:tells|says|states|gives|and tells) (?:the (?:reason|cause)|why)\b"
    r"|\band the reason is (?:given|said|stated)\b"
)
_NEVER_MORE = Sought(r",?\s*(?:and )?(?:never|not) (?:with )?(?:a |an )?(?:5\d\d|5xx|200|server error)\b")
_NAMES_IT = Sought(
    r"(?:\b(?:with|and)\s+(?:an? )?(?:error |clear )?(?:message|error|body|reason) that (?:names|tells"
    r"|mentions|says) the (?:field|role|model|parameter)"
    r"|\b(?:and )?(?:the )?(?:body|message|error) (?:must |shall |has to )?(?:names?|mentions?) the (?:field"
    r"|role|model|parameter)"
    r"|\bnames the (?:field|role|parameter)|\bwith (?:the |its )?name in the (?:message|body|error))\b"
)
_ERROR_TYPE = Sought(
    r"(?:\b(?:and|with|has|carries|holds)\s+)*(?:the body (?:has|holds) )?(?:an? |the )?error\s*(?:(?:of|with"
    r"|has) (?:the |a )?type|\.type (?:is|=|:)|type (?:is )?)\s*\"?(?P<type>[a-z]\w*)\"?"
)
_HEADER = Sought(
    r"(?:\b(?:with|and|plus|in|the|an?|header)\s+)*\b(?P<header>Retry-After|WWW-Authenticate"
    r"|X-[A-Za-z]+(?:-[A-Za-z]+)*|Content-Type|Location"
    r"|Cache-Control)\b(?: header)?(?:\s*(?:is|:|=|of)\s+\"?(?P<value>[a-z]+/[a-z.+-]+|\d+)\"?)?"
)
_FIELD_IS = Sought(
    r"\"?\b(?P<field>[a-z][\w.]*)\"?\s*(?:is set to|set to|is|equals|==?|:)\s*\"(?P<value>[^\"]{1,60})\""
)
_FIELD_IS_CODE = Sought(
    r"\"?\b(?P<field>[a-z][\w.]*)\"?\s*(?:is set to|set to|equals|==?|is|:)\s*(?P<value>true|false|[\w.-]+)(?![\w.-])"
)
_SAYS = Sought(r"\b(?:says?|reports?|returns?|shows?|with|states?)\s+(?:the )?(?:status\s+)?\"(?P<value>[^\"]{1,60})\"")
_VERSION = Sought(
    r"(?:\b(?:and|the|its|as|in|reports?|shows?|states?|names?|gives?|with)\s+)*\b(?P<key>version|revision"
    r"|release|build)\s+(?:is\s+|=\s*)?"
    r"\"?(?P<value>v?\d[\w.+-]*\w|v?\d)\"?"
)
_SERVED = Sought(
    r"\b(?:names?|shows?|reports?|states?|gives?|and)\s+(?:the )?(?:(?:name of )?(?:the )?(?:loaded |served "
    r"|current |running )?model(?:'s)?(?: name| id)?)\b(?!\s+[\w./-]*\d|s)"
)
_VERB_OF_NAMES = Sought(
    r"\b(?:lists?|names?|shows?|contains?|includes?|holds?|reports?|mentions?|returns?|has|have"
    r"|gives?)\s+(?:exactly |at least )?(?:(?:the )?(?:models?|metrics?|name|entry|id)\s+)?(?=[\"\w/])"
    r"|\b(?:is|are) (?:named|called)\s+|(?:(?<=list of models)|(?<=model list)|(?<=models list)) is\s+"
)
_ARE_LISTED = Sought(
    r"\s+(?:is|are|must be|shall be|has to be|have to be) (?:among (?:the )?(?:entries|models|names|list)"
    r"|in (?=(?:the|its) list of models)|in (?:the|its) list\b(?! of models)|listed(?: there)?|shown|one of them"
    r"|part of the list)\b"
    r"|\s+(?:must |has to |have to |shall |should )?(?:shows? up|appears?|can be (?:found|seen)|stands)\b"
    r"(?:\s+(?:under|in|at|below)\b)?"
)
_NO_LONGER = re.compile(r"(?:\s*,)?\s*(?:and|but)?\s*(?:no longer|not)\s+(?:the )?(?:model )?", re.IGNORECASE)
_AND = re.compile(r"\s*(?:,\s*(?:and\s+|as well as\s+)?|\s(?:and|as well as|plus)\s+)(?:an?\s+|the\s+)?", re.IGNORECASE)
_SHAPE_OF_NAME = re.compile(r"[A-Za-z][\w.]*(?:[-_/:.][\w.]+)*-?[\w.]*", re.IGNORECASE)
_NAMED_LIKE_A_MODEL = re.compile(r"(?=[\w.:/-]*\d)(?=[\w.:/-]*-)[A-Za-z][\w.:/-]*\w$")
_TOP_FIELDS = frozenset(
    "id object created model choices usage system_fingerprint data embedding source status version uptime error".split()
)
_BELOW_USAGE = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})
_VERB_OF_FIELDS = Sought(
    r"\b(?:include|contain|carr|hold|return|have|has|with|give|answer|reply|tell|report)(?:s|ies|y|ed)?\s+"
    r"(?:json with\s+|a body with\s+|with\s+|back\s+)?(?:an?\s+|the\s+|its\s+)?(?:fields?\s+|keys?\s+)?"
)
_USAGE = Sought(
    r"(?:token )?\busage(?: (?:block|object|figures?|counts?|field|included))?\b(?: of tokens)?"
    r"|\btoken (?:usage|counts?)\b(?=\s*(?:\(|$|[.,;]| in the| of the|and))"
)
_ONE_CHOICE = Sought(r"\b(?:exactly )?one choice\b")
_MENTIONS = Sought(
    r"\b(?:and )?(?:mentions?|speak(?:s)? of|says (?:something )?(?:of|about))\s+(?:the |a )?"
    r"(?!(?:the|a|an|previous|earlier|prior|preceding|last|first|other|its|their|own|same|past)\b)(?P<word>[a-z]{3,30})\b",
)


def outcomes(text: str, code: frozenset[str]) -> Iterator[Piece]:
    """What a text says of an answer. `code` are the words that the document shows as code or in quotes."""
    for match in _STATUS.finditer(text):
        codes = [int(each) if each.isdigit() else each.lower() for each in _EACH_CODE.findall(match["codes"])]
        yield Piece("status", match.start(), match.end(), {"status": codes})
    for match in _CLIENT_ERROR.finditer(text):
        yield Piece("status", match.start(), match.end(), {"status": ["4xx"]})
    for match in _NEVER_MORE.finditer(text):
        yield Piece("neutral", match.start(), match.end())
    for match in _REFUSED.finditer(text):
        yield Piece("refused", match.start(), match.end())
    for match in _ABSENT.finditer(text):
        yield Piece("absent", match.start(), match.end(), {"absent": True, "status": [404, 410]})
    for match in _REASON.finditer(text):
        yield Piece("body", match.start(), match.end(), {"reason": True})
    for match in _NAMES_IT.finditer(text):
        yield Piece("body", match.start(), match.end(), {"names_it": True})
    for match in _ERROR_TYPE.finditer(text):
        if match["type"] in code or "_" in match["type"]:
            yield Piece("body", match.start(), match.end(), {"expected": {"error": {"type": match["type"]}}})
    for match in _HEADER.finditer(text):
        yield Piece("body", match.start(), match.end(), {"headers": {match["header"]: match["value"] or ""}})
    yield from _values(text, code)
    yield from _names(text, code)
    yield from _fields(text, code)


def _values(text: str, code: frozenset[str]) -> Iterator[Piece]:
    for match in _FIELD_IS.finditer(text):
        yield _field_is(match, match["field"], match["value"])
    for match in _FIELD_IS_CODE.finditer(text):
        is_literal = match["value"].lower() in ("true", "false")
        if match["field"] in code | _TOP_FIELDS and (match["value"] in code or is_literal):
            yield _field_is(match, match["field"], match["value"].lower() == "true" if is_literal else match["value"])
    for match in _SAYS.finditer(text):
        yield Piece("body", match.start(), match.end(), {"holds": [{"value": match["value"]}]})
    for match in _VERSION.finditer(text):
        yield Piece(
            "body", match.start(), match.end(), {"holds": [{"key": match["key"].lower(), "value": match["value"]}]}
        )
    for match in _SERVED.finditer(text):
        yield Piece("body", match.start(), match.end(), {"holds": [{"key": "model", "served": True}]})
    for match in _ONE_CHOICE.finditer(text):
        yield Piece("body", match.start(), match.end(), {"expected": {"choices": [{}]}})
    for match in _MENTIONS.finditer(text):
        yield Piece("body", match.start(), match.end(), {"mentions": [match["word"].lower().removesuffix("s")]})


def _field_is(match: re.Match[str], field: str, value: object) -> Piece:
    shape = value
    for name in reversed(field.split(".")):
        shape = {name: shape}
    return Piece("body", match.start(), match.end(), {"expected": shape})


def _names(text: str, code: frozenset[str]) -> Iterator[Piece]:
    """Names that have to be in an answer, or must not: the models of a list."""
    for verb in _VERB_OF_NAMES.finditer(text):
        found, end = _listed(text, verb.end(), code)
        if not found:
            continue
        absent: list[str] = []
        absent_end = end
        if (no_longer := _NO_LONGER.match(text, end)) is not None:
            absent, absent_end = _listed(text, no_longer.end(), code)
        holds: list[dict[str, Any]] = [{"value": name} for name in found]
        if absent:
            holds, end = [*holds, *({"value": name, "absent": True} for name in absent)], absent_end
        yield Piece("body", verb.start(), end, {"holds": holds})
    for tail in _ARE_LISTED.finditer(text):
        begin = tail.start()
        before = re.search(r"([\w./:-]+)$", text[:begin])
        if before is not None and _is_name(before[1], code):
            yield Piece("body", before.start(), tail.end(), {"holds": [{"value": before[1]}]})


def _listed(text: str, place: int, code: frozenset[str]) -> tuple[list[str], int]:
    """The names at a place, separated by commas and `and`, and where they end."""
    names: list[str] = []
    end = place
    while True:
        quoted = re.compile(r"[\"']?([\w./:-]*\w)[\"']?(?!\w)").match(text, place)
        if quoted is None or not _is_name(quoted[1], code):
            return names, end
        names.append(quoted[1])
        end = quoted.end()
        joint = _AND.match(text, end)
        if joint is None:
            return names, end
        place = joint.end()


def _is_name(word: str, code: frozenset[str]) -> bool:
    """Whether a word is the name of a model or a metric: shown as code, and no field; or of the shape of one."""
    if word in _TOP_FIELDS or word in _BELOW_USAGE or word.isdigit():
        return False
    return (word in code and ("-" in word or "_" in word or any(map(str.isdigit, word)))) or bool(
        _NAMED_LIKE_A_MODEL.match(word)
    )


def _fields(text: str, code: frozenset[str]) -> Iterator[Piece]:
    """Fields that an answer has to have, and its usage."""
    for verb in _VERB_OF_FIELDS.finditer(text):
        fields, end = _listed_fields(text, verb.end(), code)
        if fields:
            yield Piece("body", verb.start(), end, {"fields": fields})
    for match in _USAGE.finditer(text):
        yield Piece("body", match.start(), match.end(), {"fields": ["usage"]})
    for match in re.finditer(r"\(([^()]{1,200})\)", text):
        inside = [part.strip() for part in match[1].split(",")]
        if inside and all(part in _BELOW_USAGE for part in inside):
            yield Piece("body", match.start(), match.end(), {"fields": inside})


def _listed_fields(text: str, place: int, code: frozenset[str]) -> tuple[Sequence[str], int]:
    fields: list[str] = []
    end = place
    while True:
        match = re.compile(
            r"[\"']?([a-z]\w*)[\"']?(?:\s+(?:block|object|field|list))?(?!\w|\s*(?:is|set|:|=)\b)", re.IGNORECASE
        ).match(text, place)
        if match is None or not _is_field(match[1], code):
            return fields, end
        fields.append(match[1])
        end = match.end()
        joint = _AND.match(text, end)
        if joint is None:
            return fields, end
        place = joint.end()


def _is_field(word: str, code: frozenset[str]) -> bool:
    if word in _BELOW_USAGE or word in ("usage", "choices"):
        return True
    return word in code and word.islower() and "-" not in word and not word[-1].isdigit()
