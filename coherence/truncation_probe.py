"""Probe of a session that is longer than the model's context."""

from __future__ import annotations

from signoff.coherence.dialogue import Dialogue, Record, new_session_id
from signoff.coherence.planter import Planter
from signoff.coherence.scoring import holds
from signoff.coherence.sender import Sender
from signoff.coherence.session_result import TruncationResult, errors_of, records_of

LONG_TURNS = 8
OVER = 1.5
FIRST_WORDS = 100
WORD = " and"


async def probe_truncation(send: Sender, seed: int, length: int) -> tuple[TruncationResult, list[Record]]:
    """Send one and a half times `length` tokens in one session, then two facts, and ask for both.

    The server's own count of the first turn, if reported, gives the words per token. The turns are few, so that a
    memory of ten turns drops none of them before the context is full.
    """
    session = Dialogue(send, "truncation", "truncation", new_session_id())
    plants = [plant for name in ("truncation-a", "truncation-b") for plant in [Planter(name, seed).fact(name, 0)]]
    first = await session.say(_long(0, FIRST_WORDS))
    tokens_a_word = first.prompt_tokens / FIRST_WORDS if first.prompt_tokens else 1.0
    words = max(1, round(length * OVER / (LONG_TURNS - 1) / max(tokens_a_word, 0.1)))
    prompts = [first.prompt_tokens]
    said = FIRST_WORDS
    for number in range(1, LONG_TURNS):
        if session.errors:
            break
        prompts.append((await session.say(_long(number, words))).prompt_tokens)
        said += words
    recalled = 0
    if not session.errors:
        for plant in plants:
            await session.say(plant.turns[0])
        for plant in plants:
            reply = await session.say(plant.question)
            recalled += holds(reply.text, plant.value)
            prompts.append(reply.prompt_tokens)
    result = TruncationResult(
        length=length,
        said_tokens=round(said * tokens_a_word),
        longest_prompt=max((count for count in prompts if count is not None), default=None),
        asked=len(plants),
        recalled=recalled,
        errors=errors_of([session]),
    )
    return result, records_of("truncation", seed, result, [session])


def _long(number: int, words: int) -> str:
    return f"Part {number + 1} of a long text, which needs no answer." + WORD * words
