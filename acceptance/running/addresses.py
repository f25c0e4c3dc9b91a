"""Finds the document's address of the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

from signoff.acceptance.criterion import Criterion


def primary_address(criteria: Sequence[Criterion], target: str) -> str | None:
    """The `host:port` under which the document knows the target: the same port, else the one asked most often."""
    asked: Counter[str] = Counter()
    for criterion in criteria:
        request = criterion.parameters.get("request")
        address = request.get("address") if isinstance(request, dict) else None
        if address:
            asked[address] += 1
    if not asked:
        return None
    port = urlsplit(target).port
    same_port = [address for address in asked if address.endswith(f":{port}")]
    return max(same_port or asked, key=lambda address: asked[address])
