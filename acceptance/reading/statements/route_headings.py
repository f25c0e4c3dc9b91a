"""Demands below a heading that is a route: the route is part of each, so it is put before its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.wording import plain

_HEADING = re.compile(
    r"^\W*(?:\d+(?:\.\d+)*\W+)?(?P<route>(?:(?:GET|POST|PUT|PATCH|DELETE|HEAD|WS|WSS)\s+)?/[\w{}<>:/.*-]+)\W*$"
)
_ROUTE = re.compile(r"(?<![\w/.])/[A-Za-z_{<][\w{}<>:/.*-]*")
# A command, a body and a setting say by themselves what is asked.
_OF_WORDS = frozenset({"bullet", "checkbox", "prose", "target"})


def of_routes(statements: Iterable[Statement]) -> Iterator[Statement]:
    """The statements, those below a route's heading with the route; what names a route itself is about that one."""
    for statement in statements:
        heading = statement.headings[-1].text if statement.headings else ""
        match = _HEADING.match(plain(heading)[:200]) if "/" in heading else None
        if match is None or statement.type not in _OF_WORDS or _ROUTE.search(statement.text[:4000]):
            yield statement
            continue
        front = f"{match['route']}: "
        limits = statement.limits
        moved = None if limits is None else (limits[0] + len(front), limits[1] + len(front))
        yield replace(statement, text=f"{front}{statement.text}", limits=moved)
