import asyncio
import time

from signoff.perf.client.wakeup import Wakeup


def test_it_fires_once_after_the_time_and_a_later_setting_replaces_an_earlier_one():
    async def fire() -> tuple[list[int], int]:
        fired: list[int] = []
        wakeup = Wakeup(asyncio.get_running_loop(), lambda: fired.append(time.monotonic_ns()))
        wakeup.at(time.monotonic_ns() + 10_000_000_000)
        due = time.monotonic_ns() + 20_000_000
        wakeup.at(due)
        await asyncio.sleep(0.2)
        wakeup.at(0)
        await asyncio.sleep(0.1)
        wakeup.close()
        wakeup.close()
        return fired, due

    fired, due = asyncio.run(fire())
    assert len(fired) == 2
    assert fired[0] >= due
