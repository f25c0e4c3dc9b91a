"""Many requests to one URL at once, in a process of its own: how they ended, and by how much its memory grew."""

from __future__ import annotations

import asyncio
import json
import resource
import sys

from signoff.perf.client.client import Client
from signoff.perf.client.exchange import Exchange, outcomes

BODY = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}


async def sent(url: str, count: int, timeout_s: float) -> list[Exchange]:
    """Half of them ask for streams."""
    async with Client(url, timeout_s=timeout_s) as client:
        return await asyncio.gather(*(client.post(BODY, stream=bool(each % 2)) for each in range(count)))


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    before = peak_bytes()
    found = asyncio.run(sent(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
    print(json.dumps({"outcomes": outcomes(found), "grown_bytes": peak_bytes() - before}))
