"""The route that a figure is about: that of its clause, its sentence, its row or the heading above it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from signoff.acceptance.reading.commands.routes import Route, described, routes_of
from signoff.acceptance.reading.drafts.criterion_draft import Draft
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.quantities.quantity import Quantity
from signoff.acceptance.reading.source.document import Statement

_OF_A_ROUTE = frozenset({"latency", "throughput", "error_rate"})

_SAYS = re.compile(r"\d|\b(?:must|shall|should|will|is|are|has|have)\b", re.IGNORECASE)
_PARTED = re.compile(r"[,;]\s|\sand\s")


def on_its_route(draft: Draft, quantity: Quantity, statement: Statement, facts: Facts) -> Draft:
    """The draft with the request of the route that its figure is about; completions are asked where none is named."""
    if draft.kind not in _OF_A_ROUTE or draft.judge != "machine":
        return draft
    if statement.command is not None and statement.command.request is not None:
        return draft
    route, is_in_text = _route(quantity, statement)
    if route is None or route.is_of_completions:
        return draft
    request = with_body_of(route, statement.line, facts)
    spans = ((route.begin, route.end),) if is_in_text else ()
    return replace(draft, parameters={**draft.parameters, "request": request}, spans=(*draft.spans, *spans))


def with_body_of(route: Route, line: int, facts: Facts) -> dict[str, Any]:
    """The request of a route, with the body that a command of the document sends to it."""
    request = route.request(line)
    if route.body is not None or route.method != "POST":
        return request
    for command in facts.commands:
        shown = command.request
        if (
            shown is not None
            and shown["path"] == route.path
            and shown["method"] == "POST"
            and shown.get("body") is not None
        ):
            return {**request, "address": shown.get("address"), "headers": shown["headers"], "body": shown["body"]}
    return request


def of_heading(statement: Statement) -> Route | None:
    """The route that the nearest heading names."""
    return _only(routes_of(statement.headings[-1].text[:400])) if statement.headings else None


def _route(quantity: Quantity, statement: Statement) -> tuple[Route | None, bool]:
    """The route, and whether the statement's own text names it."""
    text = statement.text[:4000]
    # `health endpoint, 1500 ms latency` are two demands, as a path with a comma behind it need not be.
    in_words = [route for route in described(text) if not _is_apart(route, quantity, text)]
    for found in (routes_of(text), in_words):
        if route := _nearest(found, quantity):
            return route, True
    for other in (statement.label, statement.population):
        if other and (route := _only(routes_of(other[:400]))):
            return route, False
    return of_heading(statement), False


def _is_apart(route: Route, quantity: Quantity, text: str) -> bool:
    before = route.end <= quantity.begin
    begin, end = (route.end, quantity.begin) if before else (quantity.end, route.begin)
    parted = _PARTED.search(text, begin, end)
    # `The embedding service must sustain 40 requests/s and ...` goes on with the same subject.
    return parted is not None and _SAYS.search(text, begin, parted.start()) is None


def _nearest(found: Sequence[Route], quantity: Quantity) -> Route | None:
    """The last route before a figure, else the first behind it."""
    before = [route for route in found if route.end <= quantity.begin]
    return before[-1] if before else found[0] if found else None


def _only(found: Sequence[Route]) -> Route | None:
    return found[0] if len({route.path for route in found}) == 1 else None
