"""From a checked request to a generation: engine, prompt, room for the reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from signoff.reference_services.chat.api import sampling_limits
from signoff.reference_services.chat.api.context import Context, find_context
from signoff.reference_services.chat.api.generation import Generation, Parts
from signoff.reference_services.chat.api.metrics import Account
from signoff.reference_services.chat.api.requests import ChatRequest, CompletionRequest
from signoff.reference_services.chat.api.service import ModelService
from signoff.reference_services.chat.engine.engine import Ask
from signoff.reference_services.chat.engine.json_scalars import Unsupported
from signoff.reference_services.chat.moderation.moderation import Result
from signoff.reference_services.chat.prompt.prompt import Message, Prompt
from signoff.reference_services.chat.sessions.turn import Turn
from signoff.reference_services.web.access.failures import Refused

COUNTED = 2
"""Times the context length that a text may have and is still counted to the token, for its refusal."""
MOST_FIGURES = 200_000
"""Log probabilities of one request: 20 alternatives of 9,500 tokens."""


async def chat(parts: Parts, account: Account, body: ChatRequest, caller: str, session_id: str | None) -> Generation:
    """Start a chat completion; waits for the session's turn. Raises Refused."""
    _check(parts, body)
    messages = tuple(message.message() for message in body.messages)
    if body.retrieval and parts.library is None:
        raise Refused(400, "retrieval: this service has no store of documents.", "no_documents", "retrieval")
    # Of a session's request, what does not fit of the earlier messages is left out.
    needed = [each for each in messages if session_id is None or each.role == "system" or each is messages[-1]]
    check_countable(parts.service, [message.content for message in needed], "messages")
    if session_id is None:
        judged = await parts.moderation.check([message.content for message in messages], "messages")
        messages = _led(messages, parts.service.config.system_prompt)
        found = await _context(parts, body, caller, messages)
        return _start(parts, account, body, messages, caller, judged, context=found)
    if messages[-1].role != "user":
        raise Refused(400, "The last message of a session's request is the user's.", "invalid_value", "messages")
    if body.choices > 1:
        raise Refused(400, "A session's turn has one answer: n is 1 there.", "invalid_value", "n")
    judged = await parts.moderation.check([message.content for message in messages], "messages")
    turn = await parts.sessions.begin(session_id, carried=len(messages))
    try:
        found = await _context(parts, body, caller, messages)
        count = parts.service.engine.count
        # What was found takes its room from the oldest turns.
        prompt = turn.prompt(messages, body.limit, lambda some: count(Prompt(found.into(some))))
        return _start(parts, account, body, prompt, caller, judged, turn, found)
    except BaseException:
        turn.close()
        raise


async def complete(
    parts: Parts, account: Account, body: CompletionRequest, caller: str, session_id: str | None
) -> Generation:
    """Start a text completion, which has no session. Raises Refused."""
    _check(parts, body)
    if session_id is not None:
        raise Refused(400, "Sessions hold chats: use /v1/chat/completions.", "invalid_value", "X-Session-ID")
    if not body.prompt:
        raise Refused(400, "prompt: a text that is not empty is needed.", "invalid_value", "prompt")
    check_countable(parts.service, [body.prompt], "prompt")
    judged = await parts.moderation.check([body.prompt], "prompt")
    return _start(parts, account, body, body.prompt, caller, judged)


def check_ready(service: ModelService) -> None:
    """Raises Refused if the engine is not loaded."""
    if service.state != "ready":
        raise Refused(503, f"The engine is {service.state}.", "not_ready")


def check_model(service: ModelService, model: str | None) -> None:
    """Raises Refused if a request names a model that is not served."""
    names = service.served_names()
    if model is not None and model not in names:
        raise Refused(
            404, f"The model {model!r} is not served here; served is {names[0]!r}.", "model_not_found", "model"
        )


def check_countable(service: ModelService, texts: Sequence[str], param: str) -> None:
    """Raises Refused for texts so far above the limit that counting them would delay other clients."""
    length = service.config.max_model_len
    if sum(map(len, texts)) <= COUNTED * length:
        return
    tokens = sum(service.engine.at_least(text) for text in texts)
    if tokens > COUNTED * length:
        raise Refused(
            400,
            f"The context length is {length} tokens; {param} has at least {tokens}. Shorten it.",
            "context_length_exceeded",
            param,
        )


def _check(parts: Parts, body: ChatRequest | CompletionRequest) -> None:
    check_ready(parts.service)
    check_model(parts.service, body.model)
    sampling_limits.check(body, parts.service.config)


def _start(
    parts: Parts,
    account: Account,
    body: ChatRequest | CompletionRequest,
    asked: tuple[Message, ...] | str,
    caller: str,
    judged: Result | None,
    turn: Turn | None = None,
    context: Context | None = None,
) -> Generation:
    engine = parts.service.engine
    length = parts.service.config.max_model_len
    if context is not None and not isinstance(asked, str):
        messages, found = asked, context
        # What was found never makes a request too long that is not so without it.
        context = found.within(lambda few: engine.count(Prompt(few.into(messages))) + (body.limit or 0) <= length)
        prompt = Prompt(context.into(messages))
    else:
        prompt = Prompt(text=asked) if isinstance(asked, str) else Prompt(asked)
    read = engine.count(prompt)
    room = _room(read, body.limit, length)
    _check_figures(body, room)
    ask = Ask(
        prompt=prompt,
        max_tokens=room,
        min_tokens=min(body.min_tokens, room),
        ignore_eos=body.ignore_eos,
        stop=body.stops(),
        temperature=1.0 if body.temperature is None else body.temperature,
        seed=body.seed,
        sampling=body.shape(),
        top_logprobs=body.top,
        json_schema=body.schema_text(),
    )
    try:
        engine.check(ask)
    except Unsupported as error:
        raise Refused(400, f"response_format: {error}.", "unsupported_schema", "response_format") from None
    asks = [ask, *(replace(ask, choice=number) for number in range(1, body.choices))]
    return Generation(parts, account, asks, read, turn, caller, context, judged)


def _check_figures(body: ChatRequest | CompletionRequest, room: int) -> None:
    """Raises Refused if the request may need too many log probabilities for the service's memory and time."""
    if body.top is None or body.choices * room * (body.top + 1) <= MOST_FIGURES:
        return
    raise Refused(
        400,
        f"{body.top_name}: {body.choices} answers of up to {room} tokens with {body.top} alternatives each have more "
        f"than {MOST_FIGURES} log probabilities together; lower n, max_tokens or {body.top_name}.",
        "invalid_value",
        body.top_name,
    )


def _led(messages: tuple[Message, ...], system_prompt: str) -> tuple[Message, ...]:
    """The messages, led by the service's system prompt where they have none."""
    if not system_prompt or any(message.role == "system" for message in messages):
        return messages
    return Message("system", system_prompt), *messages


async def _context(parts: Parts, body: ChatRequest, caller: str, messages: tuple[Message, ...]) -> Context:
    """What the caller's documents hold about the new message."""
    if body.retrieval is False or messages[-1].role != "user":
        return Context()
    service, question = parts.service, messages[-1].content
    found = await find_context(parts.library, service.config, caller, question, service.engine.count_text)
    if found.is_asked:
        parts.metrics.retrieval.labels(found.finding).inc()
    return found


def _room(prompt_tokens: int, asked: int | None, length: int) -> int:
    """How many tokens may be generated. Raises Refused if the prompt, or the prompt with the reply, is too long."""
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
