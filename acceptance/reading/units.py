"""Units as documents spell them, each with the one spelling that thresholds use."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What a figure is about where no word near it says so.
DIMENSIONS = {
    "time": "duration",
    "size": "size",
    "tokens": "tokens",
    "cores": "cpu",
    "rate": "throughput",
    "token_rate": "token_rate",
    "ratio": "ratio",
    "count": "count",
}
_LS_NOTE = "{0} as `ls -h` prints it is binary: {0}iB"
_SI_NOTE = "{0} is read as SI: 1 {0} is {1} bytes"


@dataclass(frozen=True, slots=True)
class Unit:
    """`scaled` marks the K of `8K context`, which multiplies by 1,024."""

    spelling: str
    dimension: str
    note: str = ""
    scaled: bool = False


def _spelled(unit: Unit, *spellings: str) -> dict[str, Unit]:
    return dict.fromkeys(spellings, unit)


_PER_SECOND = ("/s", "/sec", "/second", " per second", " / s", " per sec", " a second")

UNITS: dict[str, Unit] = {
    **_spelled(Unit("ms", "time"), "ms", "msec", "msecs", "millisecond", "milliseconds"),
    **_spelled(Unit("s", "time"), "s", "sec", "secs", "second", "seconds"),
    **_spelled(Unit("min", "time"), "min", "mins", "minute", "minutes"),
    **_spelled(Unit("h", "time"), "h", "hr", "hrs", "hour", "hours"),
    **{
        spelling: Unit(name, "size", _SI_NOTE.format(name, power))
        for name, power in (("kB", "10^3"), ("MB", "10^6"), ("GB", "10^9"), ("TB", "10^12"))
        for spelling in (name, name.lower(), name.upper())
    },
    **{spelling: Unit(name, "size") for name in ("KiB", "MiB", "GiB", "TiB") for spelling in (name, name.lower())},
    **{f"{letter}": Unit(f"{letter}iB", "size", _LS_NOTE.format(letter)) for letter in "MG"},
    **{
        noun + per: Unit("requests/s", "rate")
        for noun in ("req", "reqs", "request", "requests", "queries")
        for per in _PER_SECOND
    },
    **_spelled(Unit("requests/s", "rate"), "rps", "qps"),
    **{noun + per: Unit("tokens/s", "token_rate") for noun in ("tok", "token", "tokens") for per in _PER_SECOND},
    **_spelled(Unit("tokens", "tokens"), "token", "tokens"),
    **_spelled(Unit("tokens", "tokens", scaled=True), "k", "k tokens", "k token", "k-token", "k context"),
    **_spelled(Unit("cores", "cores"), "core", "cores", "cpu core", "cpu cores", "cpus", "vcpu", "vcpus", "cpu"),
    **_spelled(Unit("%", "ratio"), "%", "percent", "per cent"),
    **{
        word: Unit(word, "count")
        for word in ("users", "sessions", "connections", "turns", "sequences", "replicas", "workers")
    },
}


def unit_pattern() -> str:
    """An expression that matches any spelling, the longest first; case is the caller's business."""
    ordered = sorted(UNITS, key=lambda spelling: (-len(spelling), spelling))
    return "|".join(re.escape(spelling).replace(r"\ ", r"\s+") for spelling in ordered)
