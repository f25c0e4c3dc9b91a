"""Requests of a criterion, brought about by sending them: one that is right, changed in what the document names.

`parameters.sent` lists the changes, as plain JSON: `{"how": "set", "field": "model", "value": "..."}`, `missing` (a
field is left out), `torn` (JSON that breaks off), `malformed` (torn, and two fields of a wrong type), `long` (a prompt
longer than the context) and `size` (a body of more than this number of bytes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.measuring import embeddings, generation
from signoff.acceptance.measuring.site import Recorder, Site, headers_of

SOUND = "Name a colour."
TOKENS = 4
TORN = b'{"messages": [{"role": "user", "content": "Na'
MORE_THAN_THE_CONTEXT = 1.05
"""A word is a token at least, so that this number of words exceeds any context of this length."""
_COMPLETIONS = (generation.CHAT_PATH, "/v1/completions")


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that differs from one that is right in `what`."""

    what: str
    body: Any = None
    raw: bytes | None = None


def take(recorder: Recorder, criterion: Criterion, site: Site) -> None:
    """Write the answer to each request of a criterion, and before them that to the request which is right.

    Raises NotMeasurable where the document shows no body for a route that needs one.
    """
    request = criterion.parameters.get("request")
    changes = criterion.parameters.get("sent") or ()
    if isinstance(request, Mapping) and not changes:
        recorder.write("answer", site.send(_with_usual_body(request, site)))
        return
    base = _base(request, site)
    if not changes:
        recorder.write("answer", site.send(base))
        return
    recorder.write("sound", site.send(base))
    for change in changes:
        for sent in _changed(base, change, site):
            answer = site.ask(
                base["method"],
                base["path"],
                address=base.get("address"),
                headers=headers_of(base),
                body=sent.body,
                raw=sent.raw,
            )
            recorder.write("answer", {**answer, "what": sent.what})


def _base(request: Any, site: Site) -> Mapping[str, Any]:
    """The request that is right: the document's with its body, else one of the route."""
    if not isinstance(request, Mapping):
        request = {"method": "POST", "path": generation.CHAT_PATH}
    return _with_usual_body(request, site)


def _with_usual_body(request: Mapping[str, Any], site: Site) -> Mapping[str, Any]:
    """A request to a route of OpenAI's API that the document names without a body gets one that is right."""
    if request.get("body") is not None or request["method"] != "POST":
        return request
    path = str(request["path"]).partition("?")[0]
    if path == generation.CHAT_PATH:
        return {**request, "body": generation.chat_body(site, SOUND, TOKENS)}
    model = generation.served_model(site)
    named = {"model": model} if model else {}
    if path in _COMPLETIONS:
        return {**request, "body": {**named, "prompt": SOUND, "max_tokens": TOKENS}}
    if path == embeddings.PATH:
        return {**request, "body": {**named, "input": embeddings.TEXTS[0]}}
    return request


def _changed(base: Mapping[str, Any], change: Mapping[str, Any], site: Site) -> Iterator[Sent]:
    how, name = change["how"], str(change.get("field") or "")
    body = base.get("body")
    if how == "torn":
        yield Sent("a body that is torn", raw=TORN)
        return
    if not isinstance(body, Mapping):
        raise NotMeasurable(
            f"the document shows no body for {base['method']} {base['path']} in which this could be changed",
            "show a request to it as a curl command",
        )
    if how == "missing":
        yield Sent(f"{name} left out", {key: value for key, value in body.items() if key != name})
    elif how == "set":
        yield Sent(f"{name} {_shown(change['value'])}", {**body, name: change["value"]})
    elif how == "malformed":
        yield Sent("a body that is torn", raw=TORN)
        yield Sent("messages as a text", {**body, "messages": SOUND})
        yield Sent("max_tokens as a word", {**body, "max_tokens": "many"})
    elif how == "long":
        yield Sent("a prompt longer than the context", _filled(body, " and", _words_beyond_the_context(site)))
    elif how == "size":
        yield Sent(f"a body of more than {change['bytes']} bytes", _filled(body, "a", int(change["bytes"])))
    else:
        raise NotMeasurable(f"no request is known that is {how}")


def _filled(body: Mapping[str, Any], part: str, count: int) -> Mapping[str, Any]:
    text = part * count
    if "prompt" in body or "input" in body:
        return {**body, ("prompt" if "prompt" in body else "input"): text}
    return {**body, "messages": [{"role": "user", "content": text}]}


def _words_beyond_the_context(site: Site) -> int:
    """More words than the context has tokens, as the document or the list of models states it."""
    stated = [int(threshold.value) for threshold in site.limits("context_length")]
    listed = site.ask("GET", "/v1/models").get("json")
    models = listed.get("data") if isinstance(listed, Mapping) else None
    for model in models if isinstance(models, list) else []:
        length = model.get("max_model_len") if isinstance(model, Mapping) else None
        if isinstance(length, int) and not isinstance(length, bool) and length > 0:
            stated.append(length)
    if not stated:
        raise NotMeasurable(
            "neither the document nor the list of models says how long the context is",
            "state the context length, or let /v1/models give max_model_len",
        )
    return int(max(stated) * MORE_THAN_THE_CONTEXT) + 1


def _shown(value: Any) -> str:
    if value in ("", [], {}):
        return "empty"
    return f"set to {value!r}"[:80]
