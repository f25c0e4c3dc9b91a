"""Engines. The simulated one is deterministic and knows only its prompt."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from prometheus_client import Metric

from signoff.reference_services.chat import VERSION
from signoff.reference_services.chat.engine import likelihood, prose, recall, stops, structured
from signoff.reference_services.chat.engine.likelihood import Alternatives
from signoff.reference_services.chat.engine.slots import Slots
from signoff.reference_services.chat.prompt import tokenizer
from signoff.reference_services.chat.prompt.prompt import Prompt
from signoff.reference_services.chat.prompt.templates import TEMPLATES, Template
from signoff.reference_services.chat.settings.settings import ChatSettings

FinishReason = Literal["stop", "length", "content_filter"]
"""Engines end with the first two; the third is what moderation ends an answer with."""
BREATHER = 32
"""Steps that may follow each other without a pause before others get a turn."""


class EngineError(Exception):
    """An engine is not available: it is not installed, has no model, or does not start. The message says what to do."""


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
    sampling: tuple[tuple[str, float], ...] = ()
    choice: int = 0
    """Which of several answers to one request this is."""
    top_logprobs: int | None = None
    """How many alternatives to report of each token; None: no log probabilities at all."""
    json_schema: str | None = None
    """The JSON Schema, as JSON, that the answer has to meet."""


class Step(NamedTuple):
    """One generated token; its text may be empty. The last step of a generation has a finish reason.

    `tokens` is 0 only in the one step of a generation that had no room for a token.
    """

    text: str
    finish_reason: FinishReason | None = None
    tokens: int = 1
    logprob: float | None = None
    top: Alternatives = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds from a place in the engine to the first token, and from token to token."""

    first_s: float
    step_s: float


class Engine(Protocol):
    """What the service needs of an engine."""

    name: str
    version: str
    reason: str
    """Why it cannot generate now, where it knows; "" else."""

    @property
    def facts(self) -> Mapping[str, list[str]]:
        """What it reports of itself beside name and version, for operators."""

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
        """Make it able to generate, for the first time or again; may take long, called off the event loop.

        Raises EngineError.
        """

    async def gone(self) -> str:
        """Wait until it has ended by itself; why. `load` may then be called again."""

    async def close(self) -> None:
        """End it, with all that it started."""

    async def look(self) -> None:
        """Renew what `families` gives; quick, even if the engine is down."""

    def families(self) -> list[Metric] | None:
        """Metrics under the engine's own names; None if it has none, so that the service reports them."""

    def count(self, prompt: Prompt) -> int:
        """How many tokens a prompt has, template included."""

    def count_text(self, text: str) -> int:
        """How many tokens a bare text has."""

    def at_least(self, text: str) -> int:
        """A number of tokens that a bare text has at least: for texts that are too long even to be counted."""

    def encode(self, prompt: Prompt) -> Sequence[int]:
        """The ids of a prompt's tokens."""

    def check(self, ask: Ask) -> None:
        """Raises Unsupported if the answer's form is one that the engine cannot write."""

    def generate(self, ask: Ask) -> AsyncIterator[Step]:
        """The tokens, as they come. Closing or cancelling it ends the work within one step."""


class SimulatedEngine:
    """Answers from the prompt by recall, else continues in prose that a hash of the prompt fixes.

    Paced by absolute deadlines: token i is due at start + first + i * step, so that lateness does not add up.
    `pace` gives the pace of a generation of a number of tokens; the default are the settings.
    """

    name = "simulated"
    version = VERSION
    reason = ""
    facts: Mapping[str, list[str]] = {}

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

    async def gone(self) -> str:
        """Never: it is part of the service."""
        await asyncio.get_running_loop().create_future()
        raise AssertionError("this future is never set")

    async def close(self) -> None:
        """Nothing was started."""

    async def look(self) -> None:
        """Nothing has to be asked."""

    def families(self) -> list[Metric] | None:
        """None: what the service counts is what the engine does."""
        return None

    def count(self, prompt: Prompt) -> int:
        """See `tokenizer.count_prompt`."""
        return tokenizer.count_prompt(prompt, self._template)

    def count_text(self, text: str) -> int:
        """See `tokenizer.count`."""
        return tokenizer.count(text)

    def at_least(self, text: str) -> int:
        """See `tokenizer.at_least`."""
        return tokenizer.at_least(text)

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

    def check(self, ask: Ask) -> None:
        """Write an answer in that form, once."""
        if ask.json_schema is not None:
            self._structured(ask, _key(ask, self._template))

    def tokens(self, ask: Ask) -> list[Step]:
        """The whole generation: a pure function of the request."""
        key = _key(ask, self._template)
        texts, finish = self._structured(ask, key) if ask.json_schema is not None else self._free(ask, key)
        ended = stops.cut(texts, ask.stop, ask.min_tokens)
        if not ended.texts:
            return [Step("", "stop" if ended.is_met else finish, tokens=0)]
        steps = [Step(text) for text in ended.texts]
        if ask.top_logprobs is not None:
            figures = likelihood.figures(ended.texts, key, ask.top_logprobs)
            steps = [step._replace(logprob=own, top=top) for step, (own, top) in zip(steps, figures, strict=True)]
        return [*steps[:-1], steps[-1]._replace(finish_reason="stop" if ended.is_met else finish)]

    def _structured(self, ask: Ask, key: bytes) -> tuple[list[str], FinishReason]:
        """The texts of an answer in JSON, which ends where its value does."""
        schema = json.loads(ask.json_schema or "{}")
        texts = tokenizer.pieces(structured.write(schema, key, recall.answer(ask.prompt)))
        return texts[: ask.max_tokens], "stop" if len(texts) <= ask.max_tokens else "length"

    def _free(self, ask: Ask, key: bytes) -> tuple[list[str], FinishReason]:
        texts: list[str] = []
        for text, is_end in self._endless(ask, key):
            if is_end and len(texts) >= ask.min_tokens and not ask.ignore_eos:
                return texts, "stop"
            if len(texts) == ask.max_tokens:
                break
            if not is_end:
                texts.append(text)
        return texts, "length"

    def _endless(self, ask: Ask, key: bytes) -> Iterator[tuple[str, bool]]:
        """Pieces without end; True marks the places where the text may end."""
        recalled = recall.answer(ask.prompt)
        if recalled is not None:
            yield from ((piece, False) for piece in tokenizer.pieces(recalled))
            yield "", True
        made, natural = 0, 0 if recalled is not None else prose.natural_length(key)
        for number, sentence in enumerate(prose.prose(key)):
            lead = " " if number or recalled is not None else ""
            for piece in tokenizer.pieces(lead + sentence):
                made += 1
                yield piece, False
            if made >= natural:
                yield "", True


def _key(ask: Ask, template: Template) -> bytes:
    prompt = ask.prompt.text if ask.prompt.text is not None else template.render(ask.prompt.messages)
    drawn: list[Any] = [ask.seed, ask.temperature, sorted(ask.sampling)] if ask.temperature > 0 else []
    if drawn and ask.choice:
        drawn.append(ask.choice)
    return hashlib.sha256(f"{json.dumps(drawn)}\n{prompt}".encode("utf-8", "replace")).digest()


async def _until(deadline_s: float, number: int) -> None:
    delay_s = deadline_s - time.monotonic()
    if delay_s > 0:
        await asyncio.sleep(delay_s)
    elif number % BREATHER == 0:
        await asyncio.sleep(0)
