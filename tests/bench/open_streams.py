"""How much memory open streams take, in a process of its own: opens them, and tells its size before and after."""

from __future__ import annotations

import asyncio
import gc
import json
import sys

import psutil

from signoff.perf.client.client import Client
from signoff.perf.client.exchange import Exchange

BODY = {"model": "truth", "messages": [{"role": "user", "content": "hello"}]}


async def main(url: str, count: int, after_s: float) -> None:
    """Prints resident bytes without streams and with `count` of them open for so long."""
    process = psutil.Process()
    ended: list[Exchange] = []
    body = json.dumps({**BODY, "stream": True}).encode()
    async with Client(url, timeout_s=600, gather=True) as client:
        await client.post(BODY, stream=True)  # what is made once is there
        gc.collect()
        before = process.memory_info().rss
        for _ in range(count):
            client.submit(body, ended.append, stream=True)
        await asyncio.sleep(after_s)
        print(json.dumps({"before": before, "open": process.memory_info().rss, "ended": len(ended)}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
