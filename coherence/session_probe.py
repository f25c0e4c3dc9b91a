"""Probes of what a server remembers: in a session, for how long, for whom, and without one.

Each probe gives a small result and its plain JSON records; the last record (`record` = `probe`) is the result
itself. A probe looks for nonces in replies and judges nothing else, so it is about the server, not the model.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from coherence.dialogue import Dialogue, Record, new_session_id
from coherence.phrasing import fillers, load
from coherence.scoring import holds, tokens
from coherence.sender import Sender
from coherence.words import SHAPES, Words

CONCURRENCY = 8


@dataclass(frozen=True, slots=True)
class RecallResult:
    """In how many sessions a reply held what was said before, and in how many a fresh session knew it, too."""

    sessions: int
    recalled: int
    control_recalled: int
    misses: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every session remembered and no fresh one did."""
        return self.recalled == self.sessions > 0 and not self.control_recalled and not self.errors


@dataclass(frozen=True, slots=True)
class WindowResult:
    """How many turns may lie between a fact and its question.

    `recalled` maps the turns between to whether the fact came back. `unit` is what the observed edge fits: the
    size counted in turns or in messages, with or without the question's own, `more` than the size, `none`, or
    `irregular`.
    """

    size: int
    recalled: dict[int, bool]
    most_between: int
    unit: str
    errors: tuple[str, ...]

    @property
    def remembers_within(self) -> bool:
        """Whether facts came back from everywhere within `size` turns, the question's own counted among them."""
        within = [found for between, found in self.recalled.items() if between <= max(0, self.size - 2)]
        return bool(within) and all(within) and not self.errors

    @property
    def forgets_beyond(self) -> bool:
        """Whether the fact was gone with more than `size` turns between. Not a fault by itself: report it."""
        return not self.recalled.get(self.size + 1, True) and not self.errors


@dataclass(frozen=True, slots=True)
class IsolationResult:
    """What concurrent sessions knew of each other. `bound` is the rule of three: with no leak in n sessions, the
    true share of leaking ones is below 3/n at 95 %."""

    sessions: int
    answered: int
    recalled: int
    leaks: tuple[str, ...]
    errors: tuple[str, ...]
    bound: float

    @property
    def is_vacuous(self) -> bool:
        """Whether no session remembered anything: then there was nothing that could leak."""
        return self.recalled == 0

    @property
    def holds(self) -> bool:
        """Whether all sessions answered, at least one remembered, and none knew another's nonce."""
        return not self.leaks and not self.errors and not self.is_vacuous


@dataclass(frozen=True, slots=True)
class StatelessResult:
    """In how many of the pairs of requests without a session header the second one knew the first."""

    asked: int
    remembered: int
    errors: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was remembered."""
        return self.asked > 0 and not self.remembered and not self.errors


async def probe_recall(
    send: Sender, seed: int, sessions: int = 6, most_between: int = 3, question: str = ""
) -> tuple[RecallResult, list[Record]]:
    """Say something, ask for it 0 to `most_between` turns later, and ask a fresh session the same.

    A `question` of one's own is about the request just made ("What did I just ask you?"), so that a request
    with a nonce is sent right before it.
    """
    phrasing, words, chance = load(), Words(f"recall {seed}", load().vocabulary), _chance("recall", seed)

    async def one(index: int) -> tuple[bool, bool, Dialogue, Dialogue]:
        name = f"recall-{index}"
        if question:
            value, between, asked = words.draw("name"), 0, question
            told = chance.choice(phrasing.requests).format(value=value)
        else:
            thing = chance.choice(phrasing.families).things(chance, 1)[0]
            value, between, asked = words.draw(thing.shape), index % (most_between + 1), thing.put("What is {thing}?")
            told = thing.put(chance.choice(phrasing.tell), value)
        session = Dialogue(send, name, "recall", new_session_id())
        control = Dialogue(send, name, "recall", new_session_id(), control=True)
        for text in (told, *fillers(chance, between)):
            await session.say(text)
        reply = await session.say(asked)
        return holds(reply.text, value), holds((await control.say(asked)).text, value), session, control

    found = await _side_by_side(one(index) for index in range(sessions))
    result = RecallResult(
        sessions=sessions,
        recalled=sum(recalled for recalled, *_ in found),
        control_recalled=sum(known for _, known, *_ in found),
        misses=tuple(f"recall-{index}" for index, (recalled, *_) in enumerate(found) if not recalled),
        errors=_errors(dialogue for _, _, *both in found for dialogue in both),
    )
    return result, _records("recall", seed, result, result.holds, [both for _, _, *both in found])


async def probe_window(send: Sender, size: int, seed: int) -> tuple[WindowResult, list[Record]]:
    """Plant a fact in a session of its own for each distance around `size` turns and around `size` messages."""
    phrasing, words, chance = load(), Words(f"window {seed}", load().vocabulary), _chance("window", seed)
    near = (0, size // 2 - 2, size // 2 - 1, size // 2, size - 2, size - 1, size, size + 1)
    distances = sorted({between for between in near if between >= 0})

    async def one(between: int) -> tuple[bool, Dialogue]:
        thing = chance.choice(phrasing.families).things(chance, 1)[0]
        value = words.draw(thing.shape)
        session = Dialogue(send, f"window-{between}", "window", new_session_id())
        for text in (thing.put(chance.choice(phrasing.tell), value), *fillers(chance, between)):
            await session.say(text)
        return holds((await session.say(thing.put("What is {thing}?"))).text, value), session

    found = await _side_by_side(one(between) for between in distances)
    recalled = {between: known for between, (known, _) in zip(distances, found, strict=True)}
    most_between = max((between for between, known in recalled.items() if known), default=-1)
    result = WindowResult(
        size=size,
        recalled=recalled,
        most_between=most_between,
        unit=_unit(size, recalled, most_between),
        errors=_errors(session for _, session in found),
    )
    return result, _records("window", seed, result, result.remembers_within, [[session] for _, session in found])


def _unit(size: int, recalled: dict[int, bool], most_between: int) -> str:
    if most_between < 0:
        return "none"
    if not all(known for between, known in recalled.items() if between <= most_between):
        return "irregular"
    named = {
        size // 2 - 2: "messages, the question counted",
        size // 2 - 1: "messages",
        size - 2: "turns, the question counted",
        size - 1: "turns",
        size: "more",
        size + 1: "more",
    }
    return named.get(most_between, "irregular")


async def probe_isolation(
    send: Sender, count: int, seed: int, concurrency: int = 64
) -> tuple[IsolationResult, list[Record]]:
    """Tell `count` sessions the same fact with a nonce each, then ask all: no reply may hold another's nonce."""
    words, chance = Words(f"isolation {seed}", load().vocabulary), _chance("isolation", seed)
    thing = chance.choice(load().families).things(chance, 1)[0]
    values = [words.draw(SHAPES[index % len(SHAPES)]) for index in range(count)]
    owners = {tokens(value): index for index, value in enumerate(values)}
    longest = max((len(key) for key in owners), default=0)
    dialogues = [Dialogue(send, f"isolation-{index}", "isolation", new_session_id()) for index in range(count)]
    tell, ask = thing.put("{Thing} is {value}.", "{value}"), thing.put("What is {thing}?")

    async def say(index: int, text: str) -> str:
        return (await dialogues[index].say(text)).text

    told = await _side_by_side(
        (say(index, tell.replace("{value}", value)) for index, value in enumerate(values)), concurrency
    )
    asked = await _side_by_side((say(index, ask) for index in range(count)), concurrency)
    known = [
        _owners(told[index], owners, longest) | _owners(asked[index], owners, longest) for index in range(count)
    ]
    answered = sum(not dialogue.errors for dialogue in dialogues)
    result = IsolationResult(
        sessions=count,
        answered=answered,
        recalled=sum(holds(reply, value) for reply, value in zip(asked, values, strict=True)),
        leaks=tuple(
            f"isolation-{index} knew {values[other]} of isolation-{other}"
            for index in range(count)
            for other in sorted(known[index] - {index})
        ),
        errors=_errors(dialogues),
        bound=min(1.0, 3 / answered) if answered else 1.0,
    )
    return result, _records("isolation", seed, result, result.holds, [[dialogue] for dialogue in dialogues])


async def probe_stateless(send: Sender, seed: int, pairs: int = 3) -> tuple[StatelessResult, list[Record]]:
    """Say something without a session header, then ask for it without one: nothing may be remembered."""
    phrasing, words, chance = load(), Words(f"stateless {seed}", load().vocabulary), _chance("stateless", seed)
    dialogues = [Dialogue(send, f"stateless-{index}", "stateless", None) for index in range(pairs)]
    remembered = 0
    for dialogue in dialogues:
        thing = chance.choice(phrasing.families).things(chance, 1)[0]
        value = words.draw(thing.shape)
        await dialogue.say(thing.put(chance.choice(phrasing.tell), value))
        remembered += holds((await dialogue.say(thing.put("What is {thing}?"))).text, value)
    result = StatelessResult(pairs, remembered, _errors(dialogues))
    return result, _records("stateless", seed, result, result.holds, [[dialogue] for dialogue in dialogues])


def _chance(probe: str, seed: int) -> random.Random:
    return random.Random(f"{probe} {seed}")  # noqa: S311  repeatable, guards no secret


def _owners(reply: str, owners: dict[tuple[str, ...], int], longest: int) -> set[int]:
    """The sessions whose nonces a reply holds; one look at each run of words, however many sessions there are."""
    words = tokens(reply)
    return {
        owners[words[start : start + length]]
        for length in range(1, longest + 1)
        for start in range(len(words) - length + 1)
        if words[start : start + length] in owners
    }


async def _side_by_side[T](jobs: Iterable[Coroutine[Any, Any, T]], concurrency: int = CONCURRENCY) -> list[T]:
    gate = asyncio.Semaphore(concurrency)

    async def one(job: Coroutine[Any, Any, T]) -> T:
        async with gate:
            return await job

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(job)) for job in jobs]
    return [task.result() for task in tasks]


def _errors(dialogues: Iterable[Dialogue]) -> tuple[str, ...]:
    return tuple(f"{dialogue.name}, {error}" for dialogue in dialogues for error in dialogue.errors)


def _records(
    probe: str, seed: int, result: Any, good: bool, dialogues: Sequence[Sequence[Dialogue]]
) -> list[Record]:
    turns = [record for group in dialogues for dialogue in group for record in dialogue.records]
    return [*turns, {"record": "probe", "probe": probe, "seed": seed, "holds": good, **asdict(result)}]
