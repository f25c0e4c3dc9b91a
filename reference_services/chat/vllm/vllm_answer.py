"""vLLM's stream of an answer as the steps of a generation."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from typing import Any, cast

from signoff.reference_services.chat.engine.engine import FinishReason, Step
from signoff.reference_services.chat.engine.likelihood import Alternatives
from signoff.reference_services.web.access.failures import Refused

_DATA = b"data: "
_DONE = b"[DONE]"


async def events(parts: AsyncIterable[bytes]) -> AsyncGenerator[dict[str, Any], None]:
    """The objects of a stream of server-sent events, however it is cut. Raises Refused for an error in it."""
    rest = b""
    async for part in parts:
        *whole, rest = (rest + part).split(b"\n\n")
        for event in whole:
            data = event.strip().removeprefix(_DATA)
            if data == _DONE or not event.strip().startswith(_DATA):
                continue
            answer = json.loads(data)
            if "error" in answer:
                raise Refused(503, "The engine failed on this request; its log says why.", "engine_unavailable")
            yield answer


async def steps(stream: AsyncGenerator[dict[str, Any], None], top: int | None) -> AsyncGenerator[Step, None]:
    """The steps: with log probabilities one for each token, else one for each event, with its tokens.

    Raises Refused if the stream ends without the answer's end.
    """
    counted = 0
    waiting: deque[Step] = deque()
    """Tokens with log probabilities whose text has not come: vLLM holds back what may begin a stop string."""
    async for event in stream:
        if not event["choices"]:
            continue
        choice = event["choices"][0]
        made = event["usage"]["completion_tokens"] - counted
        counted += made
        reason = _reason(choice["finish_reason"])
        if top is None:
            if made or choice["text"] or reason:
                yield Step(choice["text"], reason, made)
        else:
            waiting.extend(_tokens(choice["logprobs"], top))
            released = list(_released(waiting, choice["text"]))
            if reason is not None:
                # What is left has no text: the end token, or what a stop string cut off.
                released += [step._replace(text="") for step in waiting] or ([] if released else [Step("", tokens=0)])
                waiting.clear()
                released[-1] = released[-1]._replace(finish_reason=reason)
            for step in released:
                yield step
        if reason is not None:
            return
    raise Refused(503, "The engine's answer broke off; send the request again.", "engine_unavailable")


def _released(waiting: deque[Step], text: str) -> list[Step]:
    """The tokens that a text is made of, each with its part; a character of several tokens goes to the last of them."""
    found: list[Step] = []
    while text and waiting:
        step = waiting.popleft()
        own = step.text if text.startswith(step.text) else "" if waiting else text
        found.append(step._replace(text=own))
        text = text[len(own) :]
    if text and found:
        found[-1] = found[-1]._replace(text=found[-1].text + text)
    elif text:
        found.append(Step(text, tokens=0))
    return found


def _tokens(logprobs: Mapping[str, Any] | None, top: int) -> list[Step]:
    if not logprobs:
        return []
    alternatives = logprobs.get("top_logprobs") or [None] * len(logprobs["tokens"])
    return [
        Step(token, logprob=logprob, top=_likeliest(each, top))
        for token, logprob, each in zip(logprobs["tokens"], logprobs["token_logprobs"], alternatives, strict=True)
    ]


def _likeliest(probabilities: Mapping[str, float] | None, top: int) -> Alternatives:
    """vLLM adds the token that was taken to the likeliest, where it is none of them."""
    return tuple(sorted((probabilities or {}).items(), key=lambda each: -each[1])[:top])


def _reason(reason: str | None) -> FinishReason | None:
    if reason is None or reason in ("stop", "length"):
        return cast("FinishReason | None", reason)
    raise Refused(503, "The engine gave this request up; send it again.", "engine_unavailable")
