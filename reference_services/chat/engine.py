"""Engines: what generates. The simulated one is deterministic and knows only the prompt that it is given."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from reference_services.chat import VERSION, prose, retrieval, tokenizer
from reference_services.chat.prompt import Prompt
from reference_services.chat.settings import ChatSettings
from reference_services.chat.slots import Slots
from reference_services.chat.templates import TEMPLATES, Template

FinishReason = Literal["stop", "length"]
BREATHER = 32
"""Steps that may follow each other without a pause before others get a turn."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One generation. `sampling` holds what else shapes the draw; at temperature 0 nothing but the prompt does."""

    prompt: Prompt
    max_tokens: int
    min_tokens: int = 0
    ignore_eos: bool = False
    stop: tuple[str, ...] = ()
    temperature: float = 1.0
    seed: int | None = None
    sampling: tuple[tuple[str, float], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Step:
    """One generated token; its text may be empty. The last step of a generation has a finish reason.

    `tokens` is 0 only in the one step of a generation that had no room for a token.
    """

    text: str
    finish_reason: FinishReason | None = None
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds from a place in the engine to the first token, and from token to token."""

    first_s: float
    step_s: float


class Engine(Protocol):
    """What the service needs of an engine."""

    name: str
    version: str

    @property
    def loaded(self) -> bool:
        """Whether it can generate now."""

    @property
    def running(self) -> int:
        """How many generations it works on."""

    @property
    def waiting(self) -> int:
        """How many wait for a place."""

    def load(self) -> None:
        """Make it able to generate; may take long, called off the event loop."""

    def count(self, prompt: Prompt) -> int:
        """How many tokens a prompt has, template included."""

    def count_text(self, text: str) -> int:
        """How many tokens a bare text has."""

    def encode(self, prompt: Prompt) -> Sequence[int]:
        """The ids of a prompt's tokens."""

    def generate(self, ask: Ask) -> AsyncIterator[Step]:
        """The tokens, as they come. Closing or cancelling it ends the work within one step."""


class SimulatedEngine:
    """Answers from the prompt by retrieval, else continues in prose that a hash of the prompt fixes.

    Paced by absolute deadlines: token i is due at start + first + i * step, so that lateness does not add up.
    `pace` gives the pace of a generation of so many tokens; without it the settings do.
    """

    name = "simulated"
    version = VERSION

    def __init__(self, settings: ChatSettings, pace: Callable[[int], Pace] | None = None) -> None:
        fixed = Pace(settings.time_to_first_token_ms / 1e3, settings.time_per_token_ms / 1e3)
        self._pace = pace or (lambda tokens: fixed)
        self._template = TEMPLATES[settings.chat_template]
        self._slots = Slots(settings.max_num_seqs)
        self._loaded = False

    @property
    def loaded(self) -> bool:
        """Whether `load` has been through."""
        return self._loaded

    @property
    def running(self) -> int:
        """Generations in a place."""
        return self._slots.running

    @property
    def waiting(self) -> int:
        """Generations in the queue."""
        return self._slots.waiting

    def load(self) -> None:
        """Generate once, which needs every part that later generations need."""
        list(self.tokens(Ask(Prompt(text="The engine is warm."), max_tokens=8)))
        self._loaded = True

    def count(self, prompt: Prompt) -> int:
        """See `tokenizer.count_prompt`."""
        return tokenizer.count_prompt(prompt, self._template)

    def count_text(self, text: str) -> int:
        """See `tokenizer.count`."""
        return tokenizer.count(text)

    def encode(self, prompt: Prompt) -> Sequence[int]:
        """See `tokenizer.encode_prompt`."""
        return tokenizer.encode_prompt(prompt, self._template)

    async def generate(self, ask: Ask) -> AsyncIterator[Step]:
        """The tokens of the answer at their deadlines; waits for a place first."""
        async with self._slots:
            start = time.monotonic()
            steps = self.tokens(ask)
            pace = self._pace(len(steps))
            for number, step in enumerate(steps):
                await _until(start + pace.first_s + number * pace.step_s, number)
                yield step

    def tokens(self, ask: Ask) -> list[Step]:
        """The whole generation: a pure function of what is asked."""
        texts: list[str] = []
        finish: FinishReason = "stop"
        for text, is_end in self._endless(ask):
            if is_end and len(texts) >= ask.min_tokens and not ask.ignore_eos:
                break
            if len(texts) == ask.max_tokens:
                finish = "length"
                break
            if not is_end:
                texts.append(text)
        return _cut(texts, finish, ask)

    def _endless(self, ask: Ask) -> Iterator[tuple[str, bool]]:
        """Pieces without end; True marks the places where the text may end."""
        key = _key(ask, self._template)
        told = retrieval.answer(ask.prompt)
        if told is not None:
            yield from ((piece, False) for piece in tokenizer.pieces(told))
            yield "", True
        made, natural = 0, 0 if told is not None else prose.natural_length(key)
        for number, sentence in enumerate(prose.prose(key)):
            lead = " " if number or told is not None else ""
            for piece in tokenizer.pieces(lead + sentence):
                made += 1
                yield piece, False
            if made >= natural:
                yield "", True


def _key(ask: Ask, template: Template) -> bytes:
    prompt = ask.prompt.text if ask.prompt.text is not None else template.render(ask.prompt.messages)
    drawn = [ask.seed, ask.temperature, sorted(ask.sampling)] if ask.temperature > 0 else []
    return hashlib.sha256(f"{json.dumps(drawn)}\n{prompt}".encode("utf-8", "replace")).digest()


def _cut(texts: list[str], finish: FinishReason, ask: Ask) -> list[Step]:
    """The steps up to a stop string, which is not shown; the tokens that complete it count."""
    whole = "".join(texts)
    # A stop string counts only where it is completed after the smallest number of tokens.
    least = sum(len(text) for text in texts[: ask.min_tokens]) if ask.min_tokens else 0
    ends = sorted(
        (place + len(stop), place)
        for stop in ask.stop
        if (place := whole.find(stop, max(0, least - len(stop) + 1))) >= 0
    )
    end, cut = ends[0] if ends else (len(whole), len(whole))
    if ends:
        finish = "stop"
    steps: list[Step] = []
    begin = 0
    for text in texts:
        if steps and begin >= end:
            break
        steps.append(Step(text[: max(0, cut - begin)]))
        begin += len(text)
    if not steps:
        return [Step("", finish, tokens=0)]
    last = steps.pop()
    return [*steps, Step(last.text, finish)]


async def _until(deadline_s: float, number: int) -> None:
    delay_s = deadline_s - time.monotonic()
    if delay_s > 0:
        await asyncio.sleep(delay_s)
    elif number % BREATHER == 0:
        await asyncio.sleep(0)
