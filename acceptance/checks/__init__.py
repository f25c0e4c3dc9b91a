"""The checks, one kind a file, and the declarations of their kinds."""

from __future__ import annotations

from collections.abc import Mapping

from signoff.acceptance.checks.api import kinds as api
from signoff.acceptance.checks.configuration import kinds as configuration
from signoff.acceptance.checks.estate import kinds as estate
from signoff.acceptance.checks.files import kinds as files
from signoff.acceptance.checks.library import kinds as library
from signoff.acceptance.checks.performance import kinds as performance
from signoff.acceptance.checks.sessions import kinds as sessions
from signoff.acceptance.kind import Kind, Kinds, by_name

ROOMS: Mapping[str, Kinds] = {
    "performance": performance.KINDS,
    "api": api.KINDS,
    "sessions": sessions.KINDS,
    "configuration": configuration.KINDS,
    "library": library.KINDS,
    "estate": estate.KINDS,
    "files": files.KINDS,
}
BY_A_PERSON = Kind(
    name="human_judgement",
    summary="A person looks at it, and says in a record what was seen.",
    asks=None,
    part="Judged by a person",
    of_estate=True,
)
KINDS: Kinds = by_name(*(kind for kinds in ROOMS.values() for kind in kinds.values()), BY_A_PERSON)
