"""Conversations with a server, each in a separate session, and each with a control."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from signoff.coherence.conversations import Conversation
from signoff.coherence.scoring import score
from signoff.coherence.sender import Reply, Sender

Record = dict[str, Any]
"""A plain JSON object with a `record` field."""

TurnRecord = Record


class Dialogue:
    """One session with a server; every turn becomes two records."""

    def __init__(
        self, send: Sender, conversation: str, category: str, session_id: str | None, *, control: bool = False
    ) -> None:
        self.name = conversation
        self.session_id = session_id
        self.records: list[TurnRecord] = []
        self.errors: list[str] = []
        self._send = send
        self._common = {"record": "turn", "conversation": conversation, "category": category}
        self._control = control
        self._turns = 0

    async def say(self, text: str) -> Reply:
        """Send only the new user message: the server has to remember the history."""
        reply = await self._send(text, self.session_id)
        self._turns += 1
        common = {**self._common, "session": self.session_id, "control": self._control}
        self.records.append({**common, "role": "user", "text": text, "status": None, "ms": None, "error": ""})
        self.records.append(
            {
                **common,
                "role": "assistant",
                "text": reply.text,
                "status": reply.status,
                "ms": reply.ms,
                "error": reply.error,
                "prompt_tokens": reply.prompt_tokens,
            }
        )
        if reply.error:
            self.errors.append(f"{'control' if self._control else f'turn {self._turns}'}: {reply.error}")
        return reply


def new_session_id() -> str:
    """A unique session id that cannot be guessed."""
    return f"signoff-{secrets.token_hex(16)}"


async def hold(conversation: Conversation, send: Sender, session_id: str) -> list[TurnRecord]:
    """The records of one conversation and its control, and the result.

    The control is the question alone in a fresh session, sent last, so that a server which mixes sessions
    up is detected. A turn with an error ends the session: the conversation counts as wrong.
    """
    session = Dialogue(send, conversation.id, conversation.category, session_id)
    control = Dialogue(send, conversation.id, conversation.category, new_session_id(), control=True)
    reply = Reply("", None, 0.0)
    for text in (*conversation.turns, conversation.question):
        reply = await session.say(text)
        if reply.error:
            break
    control_reply = await control.say(conversation.question)
    found = score(conversation, reply.text)
    summary = {
        "record": "conversation",
        "id": conversation.id,
        "category": conversation.category,
        "turns": len(conversation.turns),
        "question": conversation.question,
        "expected": list(conversation.expected),
        "forbidden": list(conversation.forbidden),
        "reply": reply.text,
        "control_reply": control_reply.text,
        "correct": found.correct and not session.errors,
        "control_correct": score(conversation, control_reply.text).correct and not control.errors,
        "why": session.errors[0] if session.errors else found.why,
        "errors": session.errors + control.errors,
    }
    return [*session.records, *control.records, summary]


async def hold_all(
    conversations: Sequence[Conversation],
    send: Sender,
    concurrency: int = 8,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_records: Callable[[Sequence[Record]], None] = lambda records: None,
) -> list[Record]:
    """Run conversations concurrently; the records are returned in the order of the conversations.

    `on_records` gets the records of each conversation as soon as it has ended, so that they can be kept.
    """
    gate = asyncio.Semaphore(concurrency)
    done = 0

    async def one(conversation: Conversation) -> list[Record]:
        nonlocal done
        async with gate:
            records = await hold(conversation, send, new_session_id())
        done += 1
        on_records(records)
        on_progress(done, len(conversations))
        return records

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(conversation)) for conversation in conversations]
    return [record for task in tasks for record in task.result()]
