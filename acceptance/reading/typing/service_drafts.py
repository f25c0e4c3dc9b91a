"""Demands on how a service behaves as criteria: the parameters that their checks need."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from signoff.acceptance.parameters import Parameters
from signoff.acceptance.reading.commands.expectation import any_values, shown_json
from signoff.acceptance.reading.drafts.criterion_draft import Draft, Note, person
from signoff.acceptance.reading.drafts.load_drafts import window
from signoff.acceptance.reading.drafts.setting_figures import setting_for, without_figure
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.source.document import Statement

_CREATED = 300
_UNAVAILABLE = 503
_USUAL_CONCURRENT = 16
_ALL_TAKEN = re.compile(
    r"\b(?:while|when|whenever|once|if|as soon as) (?:all"
    r"|the)(?: of the)? (?P<slots>[1-9]\d{0,3}) (?:slots|workers|places)"
    r" (?:are|is) (?:taken|busy|in use|full|occupied)\b",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\b(X-[A-Za-z0-9-]{2,40}|Authorization|api-key)\b")
_BEARER = re.compile(r"\bbearer\b", re.IGNORECASE)
_DEGRADED = re.compile(r"degrad|fallback|fall_back|unavailable|not loaded", re.IGNORECASE)
_ENDPOINTS = {
    "models": re.compile(r"/v1/models\b|\bmodels? (?:list\w*|endpoint)|\blists? (?:\w+ ){0,3}models?\b", re.IGNORECASE),
    "chat": re.compile(r"/chat/completions\b|\bchat\b", re.IGNORECASE),
    "completions": re.compile(r"/v1/completions\b|\btext[- ]completions?\b", re.IGNORECASE),
    "embeddings": re.compile(r"/v1/embeddings\b|\bembeddings?\b", re.IGNORECASE),
}


def json_shape(statement: Statement, facts: Facts) -> Draft:
    """An answer to the command's own request, in the shape that the text shows."""
    expected, problem = shown_json(statement.text)
    if problem:
        return person(
            problem,
            notes=(Note("json-unreadable", "warning", problem, "write JSON, with ... where any value will do"),),
        )
    return _with_request(statement, "json_shape", {"expected": expected})


def any_answer(statement: Statement, facts: Facts) -> Draft:
    """An answer with status 200, whatever it holds."""
    draft = _with_request(statement, "json_shape", {"expected": "..."})
    return (
        replace(draft, assumptions=("no body is shown: any JSON with status 200 will do",))
        if draft.parameters
        else draft
    )


def response_example(statement: Statement, facts: Facts) -> Draft:
    """A body that the document shows as a response: its fields are promised, its values are examples."""
    expected, problem = shown_json(statement.text)
    if problem or expected is None:
        return person(problem or "the example holds no JSON")
    status = int(statement.label) if statement.label.isdigit() else 200
    if status == _UNAVAILABLE and _DEGRADED.search(statement.text):
        request = statement.command.request if statement.command is not None else None
        return Draft("fallback_chain", parameters={"request": request})
    if status >= _CREATED:
        return person(f"the document does not say how to make the server answer {statement.label}")
    draft = _with_request(statement, "json_shape", {"expected": any_values(expected)})
    return replace(draft, assumptions=("the values of a response example are examples; its fields are required",))


def _with_request(statement: Statement, kind: str, parameters: Parameters) -> Draft:
    command = statement.command
    if command is None or command.request is None:
        why = command.problem if command is not None and command.problem else "no request is before it"
        note = Note(
            "request-missing", "warning", f"this expectation has no request: {why}", "put the curl command above it"
        )
        return person(f"nothing says which request this is the answer of: {why}", notes=(note,))
    return Draft(kind, parameters={"request": command.request, **parameters})


def service(statement: Statement, facts: Facts) -> Draft:
    """The service answers, is well, and generates."""
    return Draft("service")


def streaming(statement: Statement, facts: Facts) -> Draft:
    """Answers come in pieces."""
    return Draft("streaming", parameters={"request": _request(statement)})


def openai_api(statement: Statement, facts: Facts) -> Draft:
    """The endpoints of OpenAI's API that the text names, else those that the document mentions."""
    named = [name for name, words in _ENDPOINTS.items() if words.search(statement.text)]
    path = str((_request(statement) or {}).get("path", ""))
    named = named or [name for name, words in _ENDPOINTS.items() if words.search(path)]
    if named:
        return Draft("openai_api", parameters={"endpoints": named})
    found = ["models", "chat"]
    if facts.speaks_of(r"/v1/completions\b"):
        found.append("completions")
    sentence = f"no endpoint is named: {', '.join(found)} of OpenAI's API are asked"
    return Draft("openai_api", assumptions=(sentence,), parameters={"endpoints": found})


def compatibility(statement: Statement, facts: Facts) -> Draft:
    """Compatibility of an API without saying with what: OpenAI's, where the document mentions it."""
    if not facts.speaks_of(r"\bopenai\b|/v1/(?:chat|completions|models)"):
        return person("it does not say with what the API has to be compatible")
    draft = openai_api(statement, facts)
    return replace(draft, assumptions=("compatible is read as: with OpenAI's API", *draft.assumptions))


def authentication(statement: Statement, facts: Facts) -> Draft:
    """Who shows no key is turned away; the header is the text's, else that of the document's requests."""
    shown = _HEADER.search(statement.text)
    header, request = facts.key_header()
    assumptions: tuple[str, ...] = ()
    if shown is not None:
        header = shown[1]
    elif _BEARER.search(statement.text):
        header = "Authorization"
    elif header == "Authorization" and request is None:
        assumptions = ("the document shows no header for the key: Authorization is sent",)
    return Draft(
        "authentication",
        assumptions=assumptions,
        parameters={"header": header, "request": _request(statement) or request},
    )


def rate_limit(statement: Statement, facts: Facts) -> Draft:
    """Too many requests are turned away; a figure of the configuration says how many are too many."""
    draft = without_figure("rate_limit", facts)
    if draft.judge != "machine":
        return Draft("rate_limit")
    setting, stated = setting_for("rate_limit", facts), facts.stated("rate_limit")
    spelled = setting[0].name if setting is not None else stated.text if stated is not None else ""
    return replace(draft, parameters=window(spelled))


def request_validation(statement: Statement, facts: Facts) -> Draft:
    """Wrong requests are refused."""
    return Draft("request_validation")


def error_handling(statement: Statement, facts: Facts) -> Draft:
    """Errors are answered as errors, and do no harm."""
    return Draft("error_handling")


def chat_roles(statement: Statement, facts: Facts) -> Draft:
    """Messages have roles."""
    return Draft("chat_roles")


def tokenization(statement: Statement, facts: Facts) -> Draft:
    """Text is counted in tokens, one and the same way."""
    return Draft("tokenization")


def queueing(statement: Statement, facts: Facts) -> Draft:
    """Requests that come at once are all answered."""
    if (taken := _ALL_TAKEN.search(statement.text)) is not None:
        slots = int(taken["slots"])
        sentence = f"{2 * slots} requests at once are sent, so that half of them have to wait"
        return Draft("queueing", None, (sentence,), {"concurrent": 2 * slots}, spans=(taken.span(),))
    stated = facts.stated("concurrency")
    if stated is not None and stated.quantity.comparator in (">", ">="):
        count = int(stated.quantity.value)
        return Draft(
            "queueing", None, (f"{count} requests at once, as line {stated.line} states",), {"concurrent": count}
        )
    sentence = f"no number of requests at once is stated: {_USUAL_CONCURRENT} are sent"
    return Draft("queueing", assumptions=(sentence,), parameters={"concurrent": _USUAL_CONCURRENT})


def concurrency_limit(statement: Statement, facts: Facts) -> Draft:
    """No more than so many requests are worked on at once."""
    draft = without_figure("concurrency", facts)
    if draft.threshold is None or draft.judge != "machine" or draft.threshold.comparator not in ("<", "<="):
        return person("the document does not say how many requests may be worked on at once")
    return replace(draft, parameters={"request": _request(statement)})


def retrieval(statement: Statement, facts: Facts) -> Draft:
    """What lies in the store shows in the answers."""
    return Draft(
        "retrieval", assumptions=("integration is judged by what shows: a fact added to the store is answered",)
    )


def websocket(statement: Statement, facts: Facts) -> Draft:
    """Answers come over WebSocket."""
    return Draft("websocket")


def graphql(statement: Statement, facts: Facts) -> Draft:
    """The API can be asked in GraphQL."""
    return Draft("graphql")


def fallback_chain(statement: Statement, facts: Facts) -> Draft:
    """Where the first choice is gone, the second answers, and says so."""
    return Draft("fallback_chain", parameters={"request": _request(statement)})


def _request(statement: Statement) -> Any:
    return statement.command.request if statement.command is not None else None
