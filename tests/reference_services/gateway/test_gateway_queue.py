"""Balancing and the queue of a service, in one event loop without sockets."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from signoff.reference_services.gateway.forwarding.asked import PRIORITIES
from signoff.reference_services.gateway.services.balancing import least_outstanding
from signoff.reference_services.gateway.services.directory import Directory
from signoff.reference_services.gateway.services.replica import Lease
from signoff.reference_services.gateway.services.service import Overloaded, Service, Unavailable
from signoff.reference_services.gateway.settings.configuration import Configuration

NORMAL = PRIORITIES["normal"]
NOBODY = frozenset()


def directory(replicas: int = 1, concurrent: int = 1, length: int = 2, wait_s: float = 60) -> Directory:
    settings = {
        "services": {
            "tin": {"models": ["tin-1"], "replicas": [f"http://127.0.0.1:{9000 + n}" for n in range(replicas)]}
        },
        "upstream": {"concurrent": concurrent},
        "queue": {"length": length, "wait_seconds": wait_s},
    }
    return Directory(Configuration.model_validate(settings), lambda replica, state: None)


def tin(**figures: float) -> Service:
    return directory(**figures).services["tin"]


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


async def queued(service: Service, priority: str = "normal", session: str | None = None) -> asyncio.Task[Lease]:
    """A request that is in the queue, or has its slot, or was refused."""
    task = asyncio.create_task(service.acquire(PRIORITIES[priority], session, NOBODY))
    await asyncio.sleep(0)
    return task


def test_the_more_urgent_go_first_and_equals_in_the_order_in_which_they_came() -> None:
    async def test() -> None:
        service = tin(length=9)
        held = await service.acquire(NORMAL, None, NOBODY)
        asked = ["low", "normal", "high", "normal", "high", "low"]
        tasks = [await queued(service, priority) for priority in asked]
        assert service.waiting == 6
        order = []
        for _ in asked:
            held.completed()
            await asyncio.sleep(0)
            (number,) = [n for n, task in enumerate(tasks) if task.done() and n not in order]
            order.append(number)
            held = tasks[number].result()
        assert order == [2, 4, 1, 3, 0, 5]

    run(test)


def test_a_full_queue_refuses_its_least_urgent_and_youngest() -> None:
    async def test() -> None:
        service = tin(length=2)
        await service.acquire(NORMAL, None, NOBODY)
        low, normal = await queued(service, "low"), await queued(service, "normal")
        late = await queued(service, "low")
        await asyncio.sleep(0)
        assert isinstance(late.exception(), Overloaded)
        high = await queued(service, "high")
        await asyncio.sleep(0)
        refused = low.exception()
        assert isinstance(refused, Overloaded)
        assert (refused.status, refused.code, refused.headers["Retry-After"]) == (503, "queue_full", "1")
        assert not normal.done()
        assert not high.done()
        for task in (normal, high):
            task.cancel()

    run(test)


def test_a_queue_of_length_0_refuses_what_cannot_go_at_once() -> None:
    async def test() -> None:
        service = tin(length=0)
        lease = await service.acquire(NORMAL, None, NOBODY)
        with pytest.raises(Overloaded):
            await service.acquire(NORMAL, None, NOBODY)
        lease.completed()
        await service.acquire(NORMAL, None, NOBODY)

    run(test)


def test_who_waits_too_long_is_refused_and_who_leaves_gives_the_place_back() -> None:
    async def test() -> None:
        service = tin(wait_s=0.01)
        lease = await service.acquire(NORMAL, None, NOBODY)
        with pytest.raises(Overloaded, match="had room within"):
            await service.acquire(NORMAL, None, NOBODY)
        service.figures = service.figures.model_copy(update={"wait_seconds": 60})
        left = await queued(service)
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)
        assert service.waiting == 0
        # Cancelled in the moment in which it was given the slot.
        late = await queued(service)
        lease.completed()
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)
        assert service.replicas[0].outstanding == 0

    run(test)


def test_without_a_replica_that_may_be_asked_nobody_waits() -> None:
    async def test() -> None:
        service = tin()
        await service.acquire(NORMAL, None, NOBODY)
        waiting = await queued(service)
        service.replicas[0].probed("gone", 1)
        with pytest.raises(Unavailable) as caught:
            await waiting
        assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "2")
        with pytest.raises(Unavailable):
            await service.acquire(NORMAL, None, NOBODY)

    run(test)


def test_an_open_breaker_says_when_to_come_again() -> None:
    async def test() -> None:
        service = tin()
        for _ in range(5):
            (await service.acquire(NORMAL, None, NOBODY)).failed()
        with pytest.raises(Unavailable) as caught:
            await service.acquire(NORMAL, None, NOBODY)
        assert caught.value.headers["Retry-After"] == "10"

    run(test)


def test_requests_go_where_the_least_is_under_way_and_equals_take_turns() -> None:
    async def test() -> None:
        service = tin(replicas=3, concurrent=100)
        leases = [await service.acquire(NORMAL, None, NOBODY) for _ in range(30)]
        assert [replica.outstanding for replica in service.replicas] == [10, 10, 10]
        for lease in leases:
            if lease.replica is service.replicas[1]:
                lease.completed()
        following = [(await service.acquire(NORMAL, None, NOBODY)).replica for _ in range(10)]
        assert set(following) == {service.replicas[1]}
        for lease in leases:
            lease.completed()
        one_by_one: Counter[str] = Counter()
        for _ in range(9):
            lease = await service.acquire(NORMAL, None, NOBODY)
            one_by_one[lease.replica.name] += 1
            lease.completed()
        assert min(one_by_one.values()) >= 2

    run(test)


def test_a_session_waits_for_its_replica_while_others_pass() -> None:
    async def test() -> None:
        service = tin(replicas=2, length=9)
        home = least_outstanding(service.replicas, "s")
        first = await service.acquire(NORMAL, "s", NOBODY)
        assert first.replica is home
        second = await queued(service, session="s")
        other = await service.acquire(NORMAL, None, NOBODY)
        assert other.replica is not home
        assert not second.done()
        first.completed()
        assert (await second).replica is home

    run(test)


def test_when_a_replica_goes_only_its_sessions_move_and_they_come_back_with_it() -> None:
    async def test() -> None:
        replicas = tin(replicas=4).replicas
        sessions = [f"session-{number}" for number in range(400)]
        before = {session: least_outstanding(replicas, session) for session in sessions}
        shares = Counter(before.values())
        assert len(shares) == 4
        assert min(shares.values()) > 50
        without = {session: least_outstanding(replicas[:3], session) for session in sessions}
        moved = {session for session in sessions if without[session] is not before[session]}
        assert moved == {session for session in sessions if before[session] is replicas[3]}
        assert len({without[session] for session in moved}) == 3

    run(test)


def test_a_new_configuration_keeps_the_state_of_what_it_still_holds() -> None:
    async def test() -> None:
        here = directory(replicas=2)
        service = here.services["tin"]
        lease = await service.acquire(NORMAL, None, NOBODY)
        kept = lease.replica
        url = kept.url
        settings = {"services": {"tin": {"replicas": [url, "http://127.0.0.1:9100"]}}, "upstream": {"concurrent": 2}}
        here.apply(Configuration.model_validate(settings))
        assert here.services["tin"].replicas[0] is kept
        assert (kept.outstanding, kept.concurrent) == (1, 2)
        waiting = [await queued(service) for _ in range(4)]
        here.apply(Configuration.model_validate({"services": {"zinc": {"replicas": ["http://127.0.0.1:9200"]}}}))
        await asyncio.sleep(0)
        assert isinstance(waiting[3].exception(), Unavailable)
        assert here.of_model("tin-1") is None

    run(test)
