"""A conversation without HTTP: service and sessions put together for library code."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from signoff.reference_services.chat.api.service import Hermes2Service, ModelService
from signoff.reference_services.chat.engine.engine import Ask
from signoff.reference_services.chat.prompt.prompt import Message, Prompt
from signoff.reference_services.chat.sessions.sessions import SessionManager
from signoff.reference_services.chat.settings.settings import ChatSettings

REPLY_TOKENS = 128


class ConversationOrchestrator:
    """Takes turns in sessions; each reply draws on the session's memory and is stored before it is returned."""

    def __init__(
        self,
        config: ChatSettings | None = None,
        service: ModelService | None = None,
        sessions: SessionManager | None = None,
    ) -> None:
        self.service: ModelService = service or Hermes2Service(config)
        self.sessions = sessions or SessionManager(self.service.config)
        if not self.service.engine.loaded:
            self.service.load()

    def start(self) -> str:
        """Open a session; its id."""
        return self.sessions.create_session()

    def say(self, session_id: str, text: str, max_tokens: int = REPLY_TOKENS) -> str:
        """Say something in a session; the reply. Not from within an event loop."""
        return asyncio.run(self._say(session_id, text, max_tokens))

    def close(self) -> None:
        """Close the sessions."""
        self.sessions.close()

    async def _say(self, session_id: str, text: str, max_tokens: int) -> str:
        engine = self.service.engine

        def count(messages: Sequence[Message]) -> int:
            return engine.count(Prompt(tuple(messages)))

        async with await self.sessions.begin(session_id) as turn:
            prompt = Prompt(turn.prompt([Message("user", text)], max_tokens, count))
            steps = [step async for step in engine.generate(Ask(prompt, max_tokens, temperature=0))]
            reply = "".join(step.text for step in steps)
            await turn.commit(text, reply)
        return reply
