"""Threads over HTTP: GET /sessions, PATCH /sessions/{id}, POST /sessions/{id}/branch, GET /sessions/{id}/tree."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from signoff.reference_services.chat.api.document_requests import Name
from signoff.reference_services.chat.api.generation import Parts
from signoff.reference_services.chat.api.requests import Strict
from signoff.reference_services.chat.api.session_models import Parent
from signoff.reference_services.chat.api.session_name import SessionInPath, checked_session
from signoff.reference_services.chat.sessions.sessions import in_utc
from signoff.reference_services.chat.sessions.threads import Threads, unknown
from signoff.reference_services.chat.settings.settings import LARGEST
from signoff.reference_services.chat.stores.records import SessionRecord
from signoff.reference_services.web.access.gate import caller
from signoff.reference_services.web.requests import request_body
from signoff.reference_services.web.requests.description import Count, Time, Told, answers

MOST_LISTED = 100
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class RenameRequest(Strict):
    """The body of PATCH /sessions/{id}; null takes the title away."""

    title: Title | None


class BranchRequest(Strict):
    """The body of POST /sessions/{id}/branch. Without `turn` the branch begins with all turns."""

    turn: Annotated[int, Field(ge=0, le=LARGEST)] | None = None
    session_id: Name | None = None
    """The new session's name; one without gets one."""
    title: Title | None = None


class Thread(Told):
    """A session of the caller's. Times are in UTC."""

    object: Literal["session"] = "session"
    session_id: str
    title: str | None
    created: Time
    last_used: Time
    turn_count: Count
    parent: Parent | None


class ThreadList(Told):
    """A page of threads, last used first; `last_id` is what the next page comes after."""

    object: Literal["list"] = "list"
    data: list[Thread]
    first_id: str | None
    last_id: str | None
    has_more: bool


class Node(Thread):
    """A thread in its tree; the root has depth 0."""

    depth: Count


class Tree(Told):
    """The tree that a session is in: each session after its parent."""

    object: Literal["session.tree"] = "session.tree"
    session_id: str
    root: str
    data: list[Node]


def router(parts: Parts) -> APIRouter:
    """The routes of a service with threads."""
    routes = APIRouter()
    most_bytes = parts.service.config.max_body_bytes

    @routes.get("/sessions", **answers(ThreadList, 400, 404, 503))
    async def list_threads(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 20,
        after: Annotated[str | None, Query()] = None,
    ) -> ThreadList:
        """The caller's sessions, last used first."""
        threads = Threads(parts.sessions, caller(request))
        found = [shown(threads, record) for record in await threads.all()]
        begin = 0
        if after is not None:
            names = [thread.session_id for thread in found]
            if after not in names:
                raise unknown(after)
            begin = names.index(after) + 1
        page = found[begin : begin + limit]
        return ThreadList(
            data=page,
            first_id=page[0].session_id if page else None,
            last_id=page[-1].session_id if page else None,
            has_more=begin + limit < len(found),
        )

    @routes.patch(
        "/sessions/{session_id}",
        openapi_extra=request_body.schema(RenameRequest),
        **answers(Thread, 400, 404, 415, 503),
    )
    async def rename_thread(request: Request, session_id: SessionInPath) -> Thread:
        """Give a session a title."""
        checked_session(request, session_id)
        asked = await request_body.read(request, RenameRequest, most_bytes)
        threads = Threads(parts.sessions, caller(request))
        return shown(threads, await threads.rename(session_id, asked.title))

    @routes.post(
        "/sessions/{session_id}/branch",
        status_code=201,
        openapi_extra=request_body.schema(BranchRequest),
        **answers(Thread, 400, 404, 409, 415, 503, status=201),
    )
    async def branch_thread(request: Request, session_id: SessionInPath) -> Thread:
        """Open a session that begins with the first turns of this one."""
        checked_session(request, session_id)
        asked = await request_body.read(request, BranchRequest, most_bytes)
        threads = Threads(parts.sessions, caller(request))
        made = await threads.branch(session_id, asked.turn, asked.session_id, asked.title)
        parts.metrics.branched.inc()
        return shown(threads, made)

    @routes.get("/sessions/{session_id}/tree", **answers(Tree, 400, 404, 503))
    async def show_tree(request: Request, session_id: SessionInPath) -> Tree:
        """The tree of branches that a session is in."""
        checked_session(request, session_id)
        threads = Threads(parts.sessions, caller(request))
        nodes = [
            Node(**shown(threads, record).model_dump(), depth=depth) for record, depth in await threads.tree(session_id)
        ]
        return Tree(session_id=session_id, root=nodes[0].session_id, data=nodes)

    return routes


def shown(threads: Threads, record: SessionRecord) -> Thread:
    """A session as its caller sees it."""
    parent = None
    if record.parent is not None and record.parent_created is not None and record.parent_turns is not None:
        parent = Parent(
            session_id=threads.name(record.parent), created=in_utc(record.parent_created), turn=record.parent_turns
        )
    return Thread(
        session_id=threads.name(record.session_id),
        title=record.title,
        created=in_utc(record.created),
        last_used=in_utc(record.last_used),
        turn_count=record.turns,
        parent=parent,
    )
