"""The question of an answer in words: which request is sent, how it is made wrong, and what has to come back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from signoff.acceptance.asked import COMPLETIONS, Asked, listed, request_words, shown
from signoff.acceptance.parameters import Parameters

_BODY = 500
_CHANGES = {
    "torn": "with a body of JSON that breaks off",
    "malformed": "with JSON that breaks off, messages as a text, and max_tokens as a word, one after the other",
    "long": "with a prompt longer than the context",
}


def answer_question(asked: Asked) -> str:
    """`POST /v1/chat/completions with messages left out answers 400 with a reason in JSON`."""
    parameters = asked.parameters
    request = request_words(parameters.get("request")) or COMPLETIONS
    changes = [_change(change) for change in parameters.get("sent") or ()]
    if changes:
        request = f"{request} is answered as it is, and {'; and '.join(changes)} it"
    if parameters.get("refused"):
        return f"{request} is refused: with a status of 4xx, or the connection is refused"
    wanted = listed(_parts(parameters))
    if not changes and not parameters.get("status") and not wanted:
        return f"{request} answers 200"
    codes = listed((str(code) for code in parameters.get("status") or (200,)), "or")
    verb = "gets" if changes else "answers"
    return f"{request} {verb} {codes}{f' with {wanted}' if wanted else ''}"


def _change(change: Mapping[str, Any]) -> str:
    how, field = change["how"], change.get("field")
    if how == "missing":
        return f"with {field} left out"
    if how == "set":
        return (
            f"with {field} set to {shown(json.dumps(change['value'], ensure_ascii=False))}"
            if change["value"] != ""
            else f"with {field} empty"
        )
    if how == "size":
        return f"with a body of more than {change['bytes']} bytes"
    return _CHANGES.get(how, f"as {how}")


def _parts(parameters: Parameters) -> Iterator[str]:
    expected = parameters.get("expected")
    if expected == "...":
        yield "JSON of any value"
    elif expected is not None:
        yield f"JSON that holds all of {shown(expected, _BODY)} (... matches any value)"
    if values := list(map(_value, parameters.get("holds") or ())):
        yield f"JSON in which {listed(values)}"
    if words := parameters.get("mentions"):
        yield f"JSON that mentions {listed(map(shown, words))}"
    if parameters.get("reason"):
        yield "a reason in JSON"
    for name, value in (parameters.get("headers") or {}).items():
        yield f"the header {name}{f': {value}' if value else ''}"


def _value(wanted: Mapping[str, Any]) -> str:
    what = "the name of the served model" if wanted.get("served") else shown(str(wanted.get("value")))
    below = f" under {wanted['key']}" if wanted.get("key") else ""
    return f"{what} is {'absent' if wanted.get('absent') else 'there'}{below}"
