"""One completion from its checked request to its end: the prompt, the tokens, the record of the turn, the account.

The order at the end is what a client may rely on: the turn is committed, then the counters move, then the last
chunk (or the whole response) leaves.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol, cast

from reference_services.chat import sampling_limits
from reference_services.chat.coherence import CoherenceScore
from reference_services.chat.engine import Ask, FinishReason
from reference_services.chat.failures import Refused
from reference_services.chat.metrics import Account, Metrics
from reference_services.chat.prompt import Prompt
from reference_services.chat.requests import ChatRequest, CompletionRequest
from reference_services.chat.service import ModelService
from reference_services.chat.sessions import SessionManager, Turn


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes of an app work with."""

    service: ModelService
    sessions: SessionManager
    metrics: Metrics
    coherence: CoherenceScore
    started_s: float


class _Closable(Protocol):
    async def aclose(self) -> None: ...


class Generation:
    """A generation under way. `close` it in any case."""

    def __init__(self, parts: Parts, account: Account, ask: Ask, prompt_tokens: int, turn: Turn | None) -> None:
        self.id = uuid.uuid4().hex
        self.created = int(time.time())
        self.prompt_tokens = prompt_tokens
        self.finish_reason: FinishReason | None = None
        self._parts = parts
        self._account = account
        self._ask = ask
        self._turn = turn

    @property
    def usage(self) -> dict[str, int]:
        """Tokens read and generated so far."""
        made = self._account.generated_tokens
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": made,
            "total_tokens": self.prompt_tokens + made,
        }

    async def texts(self) -> AsyncIterator[str]:
        """The text as it comes. When this ends, the turn is stored and the request accounted for."""
        said: list[str] = []
        steps = self._parts.service.engine.generate(self._ask)
        async with aclosing(cast(_Closable, steps)):
            async for step in steps:
                self._account.step(self.prompt_tokens, step.tokens)
                said.append(step.text)
                if step.text:
                    yield step.text
                if step.finish_reason is not None:
                    self.finish_reason = step.finish_reason
        if self.finish_reason is None:
            raise RuntimeError("the engine ended without a finish reason")
        await self._end("".join(said))

    def fail(self) -> None:
        """Account for a failure on our side."""
        self._account.close("error")

    def cancel(self) -> None:
        """Account for a client that left."""
        self._account.close("cancelled")

    async def close(self) -> None:
        """Let the next turn of the session go ahead; what was not ended counts as abandoned."""
        self._account.close("cancelled")
        if self._turn is not None:
            self._turn.close()

    async def _end(self, reply: str) -> None:
        messages = self._ask.prompt.messages
        if self._turn is not None:
            await self._turn.commit(messages[-1].content, reply)
        self._parts.coherence.add(messages, reply)
        self._account.close("ok", self.finish_reason)


async def chat(parts: Parts, account: Account, body: ChatRequest, session_id: str | None) -> Generation:
    """Start a chat completion; waits for the session's turn. Raises Refused."""
    _check(parts, body)
    messages = tuple(message.message() for message in body.messages)
    if session_id is None:
        return _start(parts, account, body, Prompt(messages), None)
    if messages[-1].role != "user":
        raise Refused(400, "The last message of a session's request is the user's.", "invalid_value", "messages")
    turn = await parts.sessions.begin(session_id)
    try:
        count = parts.service.engine.count
        prompt = turn.prompt(messages, body.limit, lambda some: count(Prompt(tuple(some))))
        return _start(parts, account, body, Prompt(prompt), turn)
    except BaseException:
        turn.close()
        raise


async def complete(parts: Parts, account: Account, body: CompletionRequest, session_id: str | None) -> Generation:
    """Start a text completion, which has no session. Raises Refused."""
    _check(parts, body)
    if session_id is not None:
        raise Refused(400, "Sessions hold chats: use /v1/chat/completions.", "invalid_value", "X-Session-ID")
    if not body.prompt:
        raise Refused(400, "prompt: a text that is not empty is needed.", "invalid_value", "prompt")
    return _start(parts, account, body, Prompt(text=body.prompt), None)


def check_model(service: ModelService, model: str | None) -> None:
    """Raises Refused where a request names a model that is not served."""
    names = service.served_names()
    if model is not None and model not in names:
        raise Refused(
            404, f"The model {model!r} is not served here; served is {names[0]!r}.", "model_not_found", "model"
        )


def _check(parts: Parts, body: ChatRequest | CompletionRequest) -> None:
    if parts.service.state != "ready":
        raise Refused(503, f"The engine is {parts.service.state}.", "not_ready")
    check_model(parts.service, body.model)
    sampling_limits.check(body, parts.service.config)


def _start(
    parts: Parts, account: Account, body: ChatRequest | CompletionRequest, prompt: Prompt, turn: Turn | None
) -> Generation:
    read = parts.service.engine.count(prompt)
    ask = Ask(
        prompt=prompt,
        max_tokens=_room(read, body.limit, parts.service.config.max_model_len),
        min_tokens=body.min_tokens,
        ignore_eos=body.ignore_eos,
        stop=body.stops(),
        temperature=1.0 if body.temperature is None else body.temperature,
        seed=body.seed,
        sampling=body.shape(),
    )
    return Generation(parts, account, replace(ask, min_tokens=min(ask.min_tokens, ask.max_tokens)), read, turn)


def _room(prompt_tokens: int, asked: int | None, length: int) -> int:
    """How many tokens may be generated. Raises Refused where the prompt, or what is asked on top, is too long."""
    if prompt_tokens + (asked or 0) <= length:
        # Without max_tokens a prompt may fill the context to the last token; the reply is then empty.
        return asked if asked is not None else length - prompt_tokens
    asks = f" and {asked} are asked for in the reply" if asked is not None else ""
    raise Refused(
        400,
        f"The context length is {length} tokens; the prompt has {prompt_tokens} tokens{asks}, "
        f"{prompt_tokens + (asked or 0)} together. Shorten the messages or lower max_tokens.",
        "context_length_exceeded",
        "messages" if asked is None or prompt_tokens > length else "max_tokens",
    )
