"""A key that a fence uses and does not set: the deployment gives its own in its place."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_OF_KEY = re.compile(r"^authorization$|key|token", re.IGNORECASE)


def lacks_only_a_key(request: Mapping[str, Any], unset: Sequence[str]) -> bool:
    """Whether the variables that a fence does not set are only in headers for a key."""
    headers = {name: value for name, value in request["headers"].items() if not _OF_KEY.search(name)}
    shown = json.dumps({**request, "headers": headers})
    return not any(f"${name}" in shown or f"${{{name}" in shown for name in unset)
