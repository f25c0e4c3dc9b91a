"""What an answer has to hold: its status, fields, values, words and headers; or that it is a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from signoff.acceptance.evidence import Record
from signoff.acceptance.measuring.answers.shape import differences
from signoff.acceptance.measuring.refusal import is_refusal, reason, status_of
from signoff.acceptance.parameters import Parameters

OF_A_BODY = ("expected", "holds", "mentions")
"""Parameters for which the body has to be JSON."""
_OK = 200


def problems(parameters: Parameters, answer: Record, served: str | None = None) -> list[str]:
    """What keeps an answer from being what the parameters ask for, one sentence each.

    `served` is the name of the model that the server lists, where a value has to be that name.
    """
    if parameters.get("refused"):
        return [] if is_refusal(answer) or is_shut(answer) else [f"gives {status_of(answer)}, and is not refused"]
    wanted: Sequence[int | str] = parameters.get("status") or (_OK,)
    if answer["status"] is None:
        return [f"gets no answer ({answer['error'][:120]}), not {_listed(wanted)}"]
    if not any(_is(answer["status"], each) for each in wanted):
        return [f"gives {answer['status']}, not {_listed(wanted)}"]
    found = [
        f"has {said}"
        for name, value in (parameters.get("headers") or {}).items()
        if (said := _header_problem(answer, name, value))
    ]
    if parameters.get("reason") and not reason(answer):
        found.append(f"gives {answer['status']} without a reason in JSON")
    if not any(parameters.get(name) for name in OF_A_BODY):
        return found
    if answer.get("json") is None:
        instead = (answer["content_type"] or "a body without a type") if answer["text"] else "an empty body"
        return [*found, f"gives no JSON, but {instead}"]
    return found + _body_problems(parameters, answer["json"], served)


def is_shut(answer: Record) -> bool:
    """Whether connections are refused there."""
    return answer["status"] is None and "refused" in answer["error"].lower()


def _body_problems(parameters: Parameters, body: Any, served: str | None) -> list[str]:
    found = differences(parameters["expected"], body) if parameters.get("expected") else []
    for wanted in parameters.get("holds") or ():
        found += _value_problems(wanted, body, served)
    text = json.dumps(body, ensure_ascii=False).lower()
    found += [f"nothing in the body mentions {word}" for word in parameters.get("mentions") or () if word not in text]
    return found


def _value_problems(wanted: Mapping[str, Any], body: Any, served: str | None) -> list[str]:
    """Whether a value is in the body, below a key that names it; or is not there, if it has to be absent."""
    key = str(wanted.get("key") or "").lower()
    value = served if wanted.get("served") else wanted["value"]
    if value is None:
        return ["the server lists no model whose name could be looked for"]
    below = [text for path, text in _leaves(body) if not key or any(key in each for each in path)]
    is_there = _plain(str(value)) in map(_plain, below)
    named = f"{key} {value}" if key else str(value)
    if wanted.get("absent"):
        return [f"the body still holds {named}"] if is_there else []
    if is_there:
        return []
    instead = f", but {', '.join(dict.fromkeys(below[:3]))[:120]}" if key and below else ""
    return [f"the body does not hold {named}{instead}"]


def _plain(text: str) -> str:
    """A text without the `v` of a version, in lower case."""
    text = text.strip().lower()
    return text[1:] if text[:1] == "v" and text[1:2].isdigit() else text


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(each, (*path, str(key).lower()))
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, path)
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)


def _is(status: int, wanted: int | str) -> bool:
    """Whether a status is the one that is wanted, or of its hundred: 4xx."""
    return status == wanted or (isinstance(wanted, str) and f"{status // 100}xx" == wanted)


def _listed(wanted: Sequence[int | str]) -> str:
    return " or ".join("a 4xx" if each == "4xx" else str(each) for each in wanted)


def _header_problem(answer: Record, name: str, value: str) -> str:
    found = answer["headers"].get(name.lower())
    if found is None:
        return f"no header {name}"
    return f"{name} {found[:80]!r}, not {value!r}" if value and value.lower() not in found.lower() else ""
