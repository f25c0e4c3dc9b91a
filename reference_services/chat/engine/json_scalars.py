"""Numbers and formatted texts for JSON Schemas."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, cast


class Unsupported(ValueError):
    """Why no value can be written."""


class TooMuch(Unsupported):
    """It would take too long: no other option is tried in its place."""


def number(schema: Mapping[str, Any], drawn: int, *, is_whole: bool) -> float:
    """A number within the bounds, a multiple if one is asked for; small if nothing is said."""
    step: float = schema.get("multipleOf", 1 if is_whole else 0.5)
    step = max(1, step) if is_whole else step
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is None and above is None:
        top = high if high is not None else below
        low = 0 if top is None or top > 0 else top - 100 * step
    least = math.ceil(max(each for each in (low, above) if each is not None) / step)
    if above is not None and least * step <= above:
        least += 1
    tops = [each for each in (high, below) if each is not None]
    most = math.floor(min(tops) / step) if tops else least + 99
    if below is not None and most * step >= below:
        most -= 1
    if most < least:
        if is_whole or "multipleOf" in schema or not tops:
            raise Unsupported("no number lies within its bounds")
        return cast(float, (max(each for each in (low, above) if each is not None) + min(tops)) / 2)
    found = (least + drawn % (min(most, least + 99) - least + 1)) * step
    return int(found) if is_whole else found


FORMATS = frozenset({"date-time", "date", "time", "email", "uuid", "uri", "hostname", "ipv4", "ipv6", "duration"})


def formatted(name: str, numbers: Iterator[int]) -> str:
    """A text of one of the FORMATS."""
    drawn = next(numbers)
    date = f"20{10 + drawn % 20}-{1 + drawn % 12:02}-{1 + drawn % 28:02}"
    time = f"{drawn % 24:02}:{drawn % 60:02}:00Z"
    return {
        "date-time": f"{date}T{time}",
        "date": date,
        "time": time,
        "email": f"reader{drawn % 1000}@example.org",
        "uuid": str(uuid.UUID(int=(drawn << 96) | next(numbers), version=4)),
        "uri": f"https://example.org/{drawn % 1000}",
        "hostname": f"host{drawn % 1000}.example.org",
        "ipv4": f"192.0.2.{drawn % 255}",
        "ipv6": f"2001:db8::{drawn % 9999:x}",
        "duration": f"PT{1 + drawn % 59}M",
    }[name]
