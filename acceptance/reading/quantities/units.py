"""Units as documents spell them, each with the one spelling that thresholds use."""

from __future__ import annotations

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
    "concurrency": "concurrency",
}
_LS_NOTE = "{0} as `ls -h` prints it is binary: {0}iB"
_SI_NOTE = "{0} is read as SI: 1 {0} is {1} bytes"


@dataclass(frozen=True, slots=True)
class Unit:
    """`scaled` marks the K of `8K context`, which multiplies by 1,024; `factor` makes the spelling's unit this one.

    `needs` is what has to be near a unit that names no noun, such as `/min`.
    """

    spelling: str
    dimension: str
    note: str = ""
    scaled: bool = False
    factor: float = 1.0
    needs: str = ""


def _spelled(unit: Unit, *spellings: str) -> dict[str, Unit]:
    return dict.fromkeys(spellings, unit)


_PER: dict[float, tuple[str, ...]] = {
    1.0: (
        "/s",
        "/sec",
        "/second",
        " per second",
        " / s",
        " per sec",
        " a second",
        "/ s",
        " por segundo",
        "/segundo",
        " pro sekunde",
        "/sekunde",
    ),
    1 / 60: (
        "/min",
        "/minute",
        " per minute",
        " / min",
        " per min",
        " a minute",
        "/m",
        " por minuto",
        "/minuto",
        " pro minute",
    ),
    1 / 3600: ("/h", "/hr", "/hour", " per hour", " / h", " an hour", " por hora", "/hora", " pro stunde"),
}
# As Spanish and German documents write them.
_OF_TIME = {
    "ms": ("milisegundo", "milisegundos", "millisekunde", "millisekunden"),
    "s": ("segundo", "segundos", "sekunde", "sekunden"),
    "min": ("minuto", "minutos", "minuten"),
    "h": ("hora", "horas", "stunde", "stunden"),
}
_REQUESTS = (
    "req",
    "reqs",
    "request",
    "requests",
    "queries",
    "query",
    "calls",
    "call",
    "infer",
    "inferences",
    "completions",
    "generations",
    "predictions",
    "prompts",
    "messages",
    "answers",
    "chats",
    "replies",
    "peticiones",
    "solicitudes",
    "consultas",
    "anfragen",
)
_WHICH_TOKENS = ("output", "input", "prompt", "completion", "generated", "generation", "new", "decode", "prefill")
COUNTED_WITHIN = ("requests", "calls", "queries", "prompts", "messages", "completions")
OF_REQUESTS = ("requests", "generations", "completions", "answers", "streams", "chats")
"""What is worked on: so many of them are said to limit something only where they come at once."""
_AT_ONCE = ("concurrent", "simultaneous", "parallel")
_WHO = ("request", "user", "session", "connection", "client", "conversation", "stream", "generation", "call")


def _rates(nouns: tuple[str, ...], spelling: str, dimension: str) -> dict[str, Unit]:
    return {
        noun + per: Unit(spelling, dimension, factor=factor)
        for noun in nouns
        for factor, spellings in _PER.items()
        for per in spellings
        if per != "/m"
    }


UNITS: dict[str, Unit] = {
    **_spelled(Unit("us", "time"), "us", "µs", "μs", "microsecond", "microseconds"),
    **_spelled(Unit("ms", "time"), "ms", "msec", "msecs", "millisecond", "milliseconds", *_OF_TIME["ms"]),
    **_spelled(Unit("s", "time"), "s", "sec", "secs", "second", "seconds", *_OF_TIME["s"]),
    **_spelled(Unit("min", "time"), "min", "mins", "minute", "minutes", *_OF_TIME["min"]),
    **_spelled(Unit("h", "time"), "h", "hr", "hrs", "hour", "hours", *_OF_TIME["h"]),
    **{
        spelling: Unit(name, "size", _SI_NOTE.format(name, power))
        for name, power in (("kB", "10^3"), ("MB", "10^6"), ("GB", "10^9"), ("TB", "10^12"))
        for spelling in (name, name.lower(), name.upper())
    },
    **_spelled(Unit("GB", "size", _SI_NOTE.format("GB", "10^9")), "gigabyte", "gigabytes", "gig", "gigs"),
    **_spelled(Unit("MB", "size", _SI_NOTE.format("MB", "10^6")), "megabyte", "megabytes"),
    **{spelling: Unit(name, "size") for name in ("KiB", "MiB", "GiB", "TiB") for spelling in (name, name.lower())},
    **_spelled(Unit("GiB", "size"), "gibibyte", "gibibytes"),
    **{f"{letter}": Unit(f"{letter}iB", "size", _LS_NOTE.format(letter)) for letter in "MGT"},
    **{f"{letter}i": Unit(f"{letter}iB", "size") for letter in "MGT"},
    **_rates(_REQUESTS, "requests/s", "rate"),
    **{
        f"{noun} {within} {period}": Unit("requests/s", "rate", factor=factor)
        for noun in COUNTED_WITHIN
        for period, factor in (("second", 1.0), ("minute", 1 / 60), ("hour", 1 / 3600))
        for within in ("each", "every", *(f"{word} {one}" for word in ("within", "in") for one in ("a", "an", "one")))
    },
    **_spelled(Unit("requests/s", "rate"), "rps", "qps"),
    **_spelled(Unit("requests/s", "rate", factor=1 / 60), "rpm", "qpm"),
    **{
        per.strip(): Unit("requests/s", "rate", factor=factor, needs=r"request|\bcalls?\b|\brate|quer|throughput")
        for factor, spellings in _PER.items()
        for per in spellings
        if per not in ("/m", "/h") and not per.startswith(" /")
    },
    **_rates(
        (
            "tok",
            "token",
            "tokens",
            *(f"{which} {noun}" for which in _WHICH_TOKENS for noun in ("tok", "token", "tokens")),
        ),
        "tokens/s",
        "token_rate",
    ),
    **_spelled(Unit("tokens/s", "token_rate"), "t/s", "tps"),
    **_spelled(Unit("tokens", "tokens"), "token", "tokens"),
    **_spelled(Unit("tokens", "tokens", scaled=True), "k", "k tokens", "k token", "k-token", "k context"),
    **_spelled(
        Unit("cores", "cores"),
        "core",
        "cores",
        "cpu core",
        "cpu cores",
        "núcleo",
        "núcleos",
        "kerne",
        "cpus",
        "vcpu",
        "vcpus",
        "cpu",
    ),
    **_spelled(Unit("%", "ratio"), "%", "percent", "per cent"),
    **{
        f"{at_once} {who}{plural}": Unit("requests", "concurrency")
        for at_once in _AT_ONCE
        for who in _WHO
        for plural in ("", "s")
    },
    **_spelled(Unit("requests", "concurrency"), *_AT_ONCE),
    **{
        word: Unit(word, "count")
        for word in ("users", "sessions", "connections", "clients", "turns", "sequences", "replicas", "workers")
    },
    **_spelled(Unit("requests", "count"), "request", *OF_REQUESTS),
    **{
        f"{state} {what}": Unit("requests", "concurrency")
        for state in ("running", "open", "active")
        for what in OF_REQUESTS
    },
}
