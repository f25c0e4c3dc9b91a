"""GET /sessions/{id}/analytics and /metrics/conversations: analytics of the caller's conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request

from signoff.reference_services.chat.api.generation import Parts
from signoff.reference_services.chat.api.session_name import SessionInPath, checked_session
from signoff.reference_services.chat.routes.analytics import Analytics, Conversation, analysed
from signoff.reference_services.chat.sessions.threads import Threads
from signoff.reference_services.chat.stores.records import SessionRecord
from signoff.reference_services.web.access.gate import caller
from signoff.reference_services.web.requests.description import Count, answers

MOST_READ = 500


class SessionAnalytics(Analytics):
    """The figures of one session, with what it copied where it is a branch."""

    session_id: str


class ConversationAnalytics(Analytics):
    """The figures of the sessions that were used last: `read` of all `sessions` that are not over.

    What a branch copied counts where it was said, not again.
    """

    sessions: Count
    branches: Count
    """Those of `sessions` that began as a branch."""
    read: Count


def router(parts: Parts) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    config = parts.service.config

    async def figures(records: Sequence[SessionRecord], with_copies: bool) -> Analytics:
        # One after another: asked for at once, they would hold up the turns that others wait to begin.
        conversations = []
        for record in records:
            found = await asyncio.wrap_future(parts.sessions.store.turns(record.session_id))
            conversations.append(Conversation(found, 0 if with_copies else record.parent_turns or 0))
        # Off the event loop: the streams of others go on.
        return await asyncio.to_thread(
            analysed,
            conversations,
            parts.service.engine.count_text,
            config.conversation_memory_size,
            config.coherence_threshold,
        )

    @routes.get("/sessions/{session_id}/analytics", **answers(SessionAnalytics, 400, 404, 503))
    async def session_analytics(request: Request, session_id: SessionInPath) -> SessionAnalytics:
        """What a conversation was like, from its stored turns."""
        checked_session(request, session_id)
        record = await Threads(parts.sessions, caller(request)).one(session_id)
        return SessionAnalytics(session_id=session_id, **dict(await figures([record], with_copies=True)))

    @routes.get("/metrics/conversations", **answers(ConversationAnalytics, 400, 503))
    async def conversation_analytics(
        request: Request, limit: Annotated[int, Query(ge=1, le=MOST_READ)] = 100
    ) -> ConversationAnalytics:
        """What the caller's conversations were like, from their stored turns."""
        records = await Threads(parts.sessions, caller(request)).all()
        found = dict(await figures(records[:limit], with_copies=False))
        branches = sum(record.parent is not None for record in records)
        return ConversationAnalytics(sessions=len(records), branches=branches, read=len(records[:limit]), **found)

    return routes
