"""Demands on answers as criteria: which request, and what its answer has to be and hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from signoff.acceptance.parameters import Parameters
from signoff.acceptance.reading.answers.groups import Group, groups_of
from signoff.acceptance.reading.answers.outcomes import outcomes
from signoff.acceptance.reading.answers.piece import OF_ANSWERS as ANSWERING
from signoff.acceptance.reading.answers.piece import OF_REQUESTS, Piece, without_overlap
from signoff.acceptance.reading.answers.wrong_requests import A_WORD, wrong_requests
from signoff.acceptance.reading.commands.routes import COMPLETIONS, Route, described, routes_of
from signoff.acceptance.reading.drafts.criterion_draft import Draft, Placed
from signoff.acceptance.reading.drafts.route_drafts import of_heading, with_body_of
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.search.sought import Sought
from signoff.acceptance.reading.source.document import Statement

LONGEST = 2_000
OF_ANSWERS = frozenset({"json_shape", "request_validation"})
"""Kinds that are read here."""
REPLACED = frozenset(
    {
        "service",
        "tokenization",
        "chat_roles",
        "openai_api",
        "health",
        "queueing",
        "request_validation",
        "error_handling",
    }
    | {"model_information", "gateway_routing", "context_length", "discovery"}
)
"""Kinds that ask something weaker of a sentence, or something else, than what is read here."""
_KEY = (401, 403)
_STEPS = frozenset({"then", "and", "but"})
_CODE = re.compile(r"`+\s*([^`]{1,80}?)\s*`+|[\"\u201c]([\w./:-]{1,60})[\"\u201d]")
_MARKS = '`"\u201c'
_WORD = re.compile(r"[\w./:-]+")
_CHAT = Sought(
    r"(?:\b(?:if|when|whenever)\s+)?(?:\b(?:an?|the|each|every"
    r"|any)\s+)?(?:valid\s+)?\b(?:chat[- ])?(?:completions?|chat)(?:\s+requests?)?"
    r"(?:\s+(?:is|are)\s+(?:valid|received|sent|answered))?\b"
)
_CHAT_ANSWER = Sought(r"\b(?:each|every|all|the|an?)?\s*(?:responses?|answers?|repl(?:y|ies))\b")
_SOUND = Sought(
    r"\bgiven (?:that )?(?:a valid key|a valid request|(?:all (?:the )?|both |every )?(?:the )?"
    r"(?:workers?|services?|replicas?|server|system|model|api|engine)s? (?:is|are) (?:up|running|well|healthy"
    r"|ready|loaded|available|up and running))\b"
    r"|\bwith the roles? (?:system|user|assistant)(?: and (?:system|user|assistant))?\b"
)
_UNKNOWN = re.compile(
    r"\b(?:(?:requests?|calls?) (?:to|for) )?(?:an?\s+|the\s+)?(?:unknown|undefined|non-?existent|non-?existing"
    r"|unmapped|other) (?:routes?|paths?|endpoints?|urls?)\b",
    re.IGNORECASE,
)
_NO_ROUTE = Route("GET", "/signoff-knows-no-such-route", 0, 0)
_USAGE = ("prompt_tokens", "completion_tokens", "total_tokens")
_REFUSAL = "refused is read as: a status of 4xx, or no connection"
_METRICS = "/metrics"
_TOKENIZE = "/tokenize"
# What clients of an API expect is more than one answer: its own check looks at all of it.
_AS_CLIENTS_EXPECT = re.compile(
    r"\b(?:as|what) (?:an? |any |the )?openai clients? (?:would )?expects?\b", re.IGNORECASE
)
_OF_HEALTH = re.compile(r"/health(?:z|/\w+)?$", re.IGNORECASE)
_WELL = re.compile(r"\b(?:says?|is|reports?|status) (?:that it is )?(?:healthy|well|ok)\b", re.IGNORECASE)
_SHOWN_BODY = re.compile(r"\(\s*`?-d\s+'[^']{0,80}'`?\s*\)")
_COMPARED = re.compile(r"\b(?:agrees?|same|equals?|match(?:es)?|as many|alike|consistent\w*)\b", re.IGNORECASE)


def answer_drafts(statement: Statement, facts: Facts) -> list[Placed]:
    """The criteria on answers that a statement asks for, each with where the answer is spoken of."""
    text = statement.text[:LONGEST]
    if statement.type in ("config", "shape", "smart", "subtask") or text.lstrip()[:1] in ("{", "["):
        return []
    if _AS_CLIENTS_EXPECT.search(text):
        return []
    said = list(outcomes(text, _code_words(statement, facts)))
    if not any(piece.sort in ANSWERING for piece in said):
        return []
    pieces = _pieces(text, said)
    is_step = statement.label.lower() in _STEPS and bool(statement.context)
    if not any(piece.sort in ANSWERING for piece in pieces):
        return []
    if is_step and not any(piece.sort in OF_REQUESTS for piece in pieces):
        # What a step is asked of stands in the steps before it.
        return []
    found = []
    for group in groups_of(pieces, text):
        draft = _draft(group, text, statement, facts)
        if draft is not None:
            main = group.answers[0]
            found.append((draft, (main.begin, main.end)))
    return found


def _pieces(text: str, said: Sequence[Piece]) -> list[Piece]:
    """All that a text says of requests and answers; `said` is what it says of answers."""
    routes = routes_of(text)
    found = [Piece("request", route.begin, route.end, {"route": route}) for route in (*routes, *described(text))]
    found += wrong_requests(text)
    found += [Piece("request", match.start(), match.end(), {"route": _NO_ROUTE}) for match in _UNKNOWN.finditer(text)]
    if not routes:
        found += [Piece("neutral", match.start(), match.end(), {"chat": True}) for match in _CHAT.finditer(text)]
    found += [Piece("neutral", match.start(), match.end()) for match in _SOUND.finditer(text)]
    found += [Piece("neutral", match.start(), match.end()) for match in _SHOWN_BODY.finditer(text)]
    found += said
    return without_overlap(found)


def _code_words(statement: Statement, facts: Facts) -> frozenset[str]:
    """Words that the document shows as code or in quotes on the lines of the statement."""
    lines = [facts.lines[number - 1] for number in statement.lines if 0 < number <= len(facts.lines)]
    marked = [line for line in (*lines, statement.text) if any(mark in line for mark in _MARKS)]
    shown = (match[1] or match[2] for line in marked for match in _CODE.finditer(line[:LONGEST]))
    return frozenset(word for text in shown for word in (text, *_WORD.findall(text)))


def _draft(group: Group, text: str, statement: Statement, facts: Facts) -> Draft | None:
    if not group.answers:
        return None
    route = _route(group, text, statement)
    if route is not None and route.path == _TOKENIZE and _COMPARED.search(text):
        # That two counts agree is no matter of one answer: the check of tokenization compares them.
        return None
    wrong = [piece for piece in group.requests if piece.sort == "wrong"]
    command = statement.command.request if statement.command is not None else None
    path = route.path if route is not None else str(command["path"]) if command is not None else ""
    asked = _asked(group.answers, wrong, path)
    if asked is None or not _is_decided(asked, wrong, route, statement, text):
        return None
    request = _request(route, statement, facts)
    pieces = (*group.requests, *group.answers, *group.neutral)
    spans = tuple((piece.begin, piece.end) for piece in pieces)
    if route is not None and route.path == _METRICS and not wrong:
        return _of_metrics(asked, request, spans)
    changes = [change for piece in wrong for change in piece.says["sent"]]
    if changes and asked.get("status") == ["4xx"] and set(asked) <= {"status", "reason"} and _is_of_any_kind(changes):
        # Wrong requests in general, and a clear refusal: that check sends many of them, and wants a reason.
        return Draft("request_validation", spans=spans)
    if route is not None and _OF_HEALTH.search(route.path) and set(asked) == {"mentions"} and _WELL.search(text):
        return Draft("health", parameters={"request": request, "mentions": asked["mentions"]}, spans=spans)
    parameters = {"request": request, **({"sent": changes} if changes else {}), **asked}
    assumptions = (_REFUSAL,) if asked.get("refused") else ()
    return Draft("json_shape", assumptions=assumptions, parameters=cast(Parameters, parameters), spans=spans)


def _is_of_any_kind(changes: Sequence[Mapping[str, Any]]) -> bool:
    return any(change["how"] == "malformed" for change in changes) or all(
        change["how"] == "set" and change["value"] == A_WORD for change in changes
    )


def _route(group: Group, text: str, statement: Statement) -> Route | None:
    named = [piece.says["route"] for piece in group.requests if piece.sort == "request"]
    if named:
        found: Route = named[0]
        return found
    if statement.command is not None and statement.command.request is not None:
        return None
    if any(piece.says.get("chat") for piece in group.neutral):
        return None
    return of_heading(statement)


def _request(route: Route | None, statement: Statement, facts: Facts) -> Any:
    """The request as checks take it; None is a chat completion."""
    if route is not None:
        return with_body_of(route, statement.line, facts)
    return statement.command.request if statement.command is not None else None


def _asked(answers: Sequence[Piece], wrong: Sequence[Piece], path: str) -> dict[str, Any] | None:
    """The parameters that the pieces state together; None where two of them state different things."""
    found: dict[str, Any] = {}
    fields: list[str] = []
    for piece in answers:
        says = piece.says
        if "status" in says:
            if (
                "status" in found
                and found["status"] != says["status"]
                and not says.get("absent")
                and not found.get("absent")
            ):
                return None
            found["status"] = found.get("status") if says.get("absent") and "status" in found else says["status"]
        for name in ("reason", "absent"):
            if says.get(name):
                found[name] = True
        if piece.sort == "refused":
            found["refused"] = True
        for name in ("holds", "mentions"):
            found[name] = [*found.get(name, ()), *says[name]] if name in says else found.get(name, [])
        found["headers"] = {**found.get("headers", {}), **says.get("headers", {})}
        found["expected"] = _merged(found.get("expected", {}), says.get("expected", {}))
        fields += says.get("fields", ())
        if says.get("names_it"):
            named = [each.names.lower() for each in wrong if each.names]
            if not named:
                return None
            found["mentions"] = [*found["mentions"], *named]
    for name in dict.fromkeys(fields):
        found["expected"] = _merged(found["expected"], _shape_of(name, fields))
    found["holds"] = _on_their_keys(found["holds"], path)
    if found.get("refused") and (found.get("status") or wrong):
        # A request that is wrong is refused by a status.
        del found["refused"]
        found.setdefault("status", ["4xx"])
    return {name: value for name, value in found.items() if value}


def _shape_of(name: str, fields: Sequence[str]) -> Mapping[str, Any]:
    if name in _USAGE:
        return {"usage": {name: "..."}}
    if name == "usage":
        return {"usage": {}} if any(each in _USAGE for each in fields) else {"usage": dict.fromkeys(_USAGE, "...")}
    return {"choices": ["..."]} if name == "choices" else {name: "..."}


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(one)
    for name, value in other.items():
        before = found.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            found[name] = _merged(before, value)
        elif before in (None, "...", ["..."]):
            found[name] = value
    return found


def _on_their_keys(holds: Sequence[Mapping[str, Any]], path: str) -> list[Mapping[str, Any]]:
    """The values with the key below which they stand, where the route says it: the ids of a list of models."""
    key = {"/v1/models": "id", "": "model", **dict.fromkeys(COMPLETIONS, "model")}.get(path)
    return [{**({"key": key} if key else {}), **each} for each in holds]


def _is_decided(
    asked: Mapping[str, Any], wrong: Sequence[Piece], route: Route | None, statement: Statement, text: str
) -> bool:
    """Whether the sentence says which request it is, and asks something of its answer that another check does not."""
    status = asked.get("status") or ()
    body = any(asked.get(name) for name in ("expected", "holds", "mentions", "headers", "reason"))
    command = statement.command.request if statement.command is not None else None
    if wrong:
        # What is wrong has to be met with an error that the sentence states.
        return bool(status) and all(str(each)[0] == "4" or str(each)[0] == "5" for each in status)
    if (status and all(each in _KEY for each in status)) or 429 in status:
        return False
    if asked.get("refused") or asked.get("absent"):
        return route is not None and not route.in_words
    if statement.type == "expected" and "openai" in text.lower():
        # A completion of that API holds more than the fields that are named: its own check looks at all of them.
        return False
    if command is not None and not (route is not None and not route.in_words):
        return (bool(status) and status != [200]) or body
    if route is not None:
        if route.in_words:
            return body and set(status) <= {200}
        return bool(status) or body
    if statement.type == "expected":
        return False
    of_chat = _CHAT.search(text) or _CHAT_ANSWER.search(text) or "body" in text
    return bool(of_chat) and bool(asked.get("expected") or asked.get("holds")) and set(status) <= {200}


def _of_metrics(asked: Mapping[str, Any], request: Any, spans: tuple[tuple[int, int], ...]) -> Draft | None:
    names = [each["value"] for each in asked.get("holds", ()) if "value" in each]
    if not names or set(asked) - {"holds", "status"}:
        return None
    return Draft("metrics", parameters={"request": request, "contains": names}, spans=spans)


def beside_answers(by_rules: Sequence[Placed], answers: Sequence[Placed]) -> list[Placed]:
    """The drafts of rules without those that ask a weaker or another question where an answer is read.

    A metric that is named says nothing of what its name mentions: `health is exported as wren_state`.
    """
    if not answers:
        names = any(draft.kind == "metrics" and draft.spans for draft, _ in by_rules)
        return [found for found in by_rules if not (names and found[0].kind in REPLACED)]
    replaced = REPLACED | {draft.kind for draft, _ in answers}
    return [(draft, span) for draft, span in without_swallowed(by_rules, answers) if draft.kind not in replaced]


def without_swallowed(others: Sequence[Placed], answers: Sequence[Placed]) -> list[Placed]:
    """The drafts that stand apart from what is read of an answer: the 4096 of `max_tokens above 4096` does not."""
    taken = [span for draft, _ in answers for span in draft.spans]
    return [
        (draft, (begin, end))
        for draft, (begin, end) in others
        if not any(first <= begin and end <= last for first, last in taken)
    ]
