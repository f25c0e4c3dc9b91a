"""File descriptors for the connections of a service."""

from __future__ import annotations

import logging
import resource

RESERVED = 256
"""For files, stores, threads and the connections that are just being taken or closed."""


def room_for(connections: int, each: int, log: logging.Logger) -> int:
    """How many connections there is room for, of those that are wanted; `each` is what one of them takes.

    The process's soft limit is raised as far as the hard one lets it: a service that has no descriptor left can take no
    connection, open no file, and ask no store.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections * each + RESERVED
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(hard, needed)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return connections
    room = max(soft // 2, soft - RESERVED) // each
    log.warning(
        "fewer connections than are set", extra={"fields": {"set": connections, "room": room, "descriptors": soft}}
    )
    return room
