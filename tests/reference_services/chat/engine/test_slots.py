"""Places under every order of coming, leaving and ending: never too many, none lost, first come first served."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from signoff.reference_services.chat.engine.slots import Slots
from signoff.reference_services.switch.requests.refusals import Refused
from signoff.reference_services.switch.serving.chain import Queue

SIZE = 2


class SlotsMachine(RuleBasedStateMachine):
    """Whoever comes waits in a task of its own. Leaving and ending are asked for in one turn of the event loop or over
    several, so that a place is handed to someone who is just leaving.
    """

    comers = Bundle("comers")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.slots = Slots(SIZE)
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.end: dict[int, asyncio.Event] = {}
        self.came: list[int] = []
        self.inside: list[int] = []
        self.entered: list[int] = []

    def teardown(self) -> None:
        try:
            for number in self.tasks:
                self.end[number].set()
            self.turn(5 * len(self.tasks) + 5)
            # Nothing but the leaving itself ever comes out of a place.
            faults = [task.exception() for task in self.tasks.values() if task.done() and not task.cancelled()]
            assert [fault for fault in faults if fault is not None] == []
            assert all(task.done() for task in self.tasks.values())
            assert (self.slots.running, self.slots.waiting, self.inside) == (0, 0, [])
        finally:
            for task in self.tasks.values():
                task.cancel()
            self.turn(5)
            self.loop.close()

    def turn(self, times: int = 1) -> None:
        async def some() -> None:
            for _ in range(times):
                await asyncio.sleep(0)

        self.loop.run_until_complete(some())

    async def _come(self, number: int) -> None:
        async with self.slots:
            self.inside.append(number)
            self.entered.append(number)
            try:
                await self.end[number].wait()
            finally:
                self.inside.remove(number)

    @rule(target=comers, turns=st.integers(0, 2))
    def come(self, turns: int) -> int:
        number = len(self.came)
        self.end[number] = asyncio.Event()
        self.tasks[number] = self.loop.create_task(self._come(number))
        self.came.append(number)
        self.turn(1 + turns)
        return number

    @rule(number=comers, turns=st.integers(0, 2))
    def leave(self, number: int, turns: int) -> None:
        self.tasks[number].cancel()
        self.turn(turns)

    @rule(number=consumes(comers), turns=st.integers(0, 2))
    def finish(self, number: int, turns: int) -> None:
        self.end[number].set()
        self.turn(turns)

    @precondition(lambda self: self.inside)
    @rule(order=st.randoms(use_true_random=False), turns=st.integers(0, 2))
    def finish_and_leave_at_once(self, order: random.Random, turns: int) -> None:
        """The place of one is handed on in the very turn in which the others give up."""
        waiting = [number for number in self.came if number not in self.entered]
        acts = [lambda: self.end[self.inside[0]].set()]
        acts += [lambda number=number: self.tasks[number].cancel() for number in waiting[:2]]
        order.shuffle(acts)
        for act in acts:
            act()
        self.turn(turns)

    @invariant()
    def never_too_many(self) -> None:
        assert len(self.inside) <= SIZE
        assert self.slots.running <= SIZE

    @invariant()
    def first_come_first_served(self) -> None:
        assert self.entered == sorted(self.entered)

    @invariant()
    def a_free_place_waits_for_nobody(self) -> None:
        self.turn(5)
        waiting = [number for number in self.came if number not in self.entered and not self.tasks[number].done()]
        assert not waiting or len(self.inside) == SIZE
        assert self.slots.waiting == len(waiting)


TestSlots = SlotsMachine.TestCase
TestSlots.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def test_the_place_of_one_goes_on_when_the_next_leaves_in_that_moment() -> None:
    """The order that lost it: the next has been cancelled, and has not run yet, when the place is handed on."""

    async def work() -> tuple[int, int]:
        slots = Slots(1)
        await slots.__aenter__()
        next_one = asyncio.create_task(slots.__aenter__())
        await asyncio.sleep(0)
        next_one.cancel()
        await slots.__aexit__(None, None, None)
        with pytest.raises(asyncio.CancelledError):
            await next_one
        async with asyncio.timeout(5), slots:
            return slots.running, slots.waiting

    assert asyncio.run(work()) == (1, 0)


def test_whoever_waits_too_long_gets_the_promised_refusal_and_nothing_else() -> None:
    """Time runs out for many in the moments in which places come free."""

    async def one(queue: Queue, seed: int) -> str:
        numbers = random.Random(seed)
        try:
            async with asyncio.timeout(numbers.uniform(0.0005, 0.004)), queue.turn("tin"):
                await asyncio.sleep(numbers.uniform(0, 0.002))
            return "answered"
        except TimeoutError:
            return "late"
        except Refused as refused:
            return str(refused.status)

    async def storm() -> set[str]:
        queue = Queue(2, 8)
        found: set[str] = set()
        for seed in range(60):
            work: list[Coroutine[Any, Any, str]] = [one(queue, 100 * seed + number) for number in range(30)]
            found |= set(await asyncio.gather(*work))
        async with asyncio.timeout(5), queue.turn("tin"), queue.turn("tin"):
            pass
        return found

    assert asyncio.run(storm()) == {"answered", "late", "503"}
