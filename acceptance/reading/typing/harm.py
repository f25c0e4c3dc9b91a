"""Requests that would change a server: read and shown, left to a person, never sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from signoff.acceptance.reading.drafts.criterion_draft import Draft, Note, person
from signoff.acceptance.reading.typing.criteria import Typed

_ASKS = frozenset({"GET", "HEAD", "OPTIONS", "POST"})
_CHANGES = re.compile(
    r"(?:^|[/_.-])(?P<verb>shutdown|restart|reboot|stop|kill|terminate|reload|reset|flush|purge|drop|delete|remove|wipe"
    r"|uninstall|unload|pull|upgrade)(?=$|[/_.?-])",
    re.IGNORECASE,
)
_HINT = "somebody judges it by hand, or a binding says what to measure in its place"


def without_harm(typed: Typed) -> Typed:
    """The same with harmful requests left to a person, with the reason."""
    if not typed.notes and not any("request" in draft.parameters for draft in typed.drafts):
        return typed
    drafts: list[Draft] = []
    notes = list(typed.notes)
    for draft in typed.drafts:
        request = draft.parameters.get("request")
        harm = harm_of(request) if draft.judge == "machine" and isinstance(request, Mapping) else ""
        drafts.append(person(harm, draft.threshold) if harm else draft)
        if harm:
            notes.append(Note("request-withheld", "warning", harm, _HINT))
    return Typed(tuple(drafts), tuple(dict.fromkeys(notes)))


def harm_of(request: Mapping[str, Any]) -> str:
    """Why a request must not be sent; "" where nothing speaks against it."""
    method, path = str(request.get("method", "GET")).upper(), str(request.get("path", ""))
    if method not in _ASKS:
        return f"a {method} request changes the server: it is read and shown, never sent"
    verb = _CHANGES.search(path.partition("?")[0])
    if verb is not None:
        return f"a request to {verb['verb'].lower()} something changes the server: it is read and shown, never sent"
    return ""
