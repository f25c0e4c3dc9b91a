"""A key that a fence uses and does not set: the request goes without it, and the deployment gives its own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_OF_KEY = re.compile(r"^authorization$|key|token", re.IGNORECASE)


def without_unset_key(request: Mapping[str, Any], unknown: Sequence[str]) -> Mapping[str, Any] | None:
    """The request without a key that the fence does not set: the deployment gives it. None where more is not set."""
    headers = {name: value for name, value in request["headers"].items() if not ("$" in value and _OF_KEY.search(name))}
    kept = {**request, "headers": headers}
    shown = json.dumps(kept)
    return None if any(f"${name}" in shown or f"${{{name}" in shown for name in unknown) else kept
