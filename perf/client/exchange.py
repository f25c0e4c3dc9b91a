"""One request and its result: the record behind every figure.

All times are integer nanoseconds on CLOCK_MONOTONIC. Latency counts from the intended time, so that a client
or a server that falls behind cannot hide it (coordinated omission).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter, itemgetter
from typing import Any, Literal

from signoff.perf.redaction.known_secrets import counted

Stamps = Literal["kernel", "user"]

OWN_FAULTS = frozenset({"interrupted", "client_error"})
"""Outcomes caused by the client. They never count as good, and they make a run invalid."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The record of one request.

    `outcome` is "ok" or what went wrong: timeout, refused, unreachable, reset, tls, redirect, http_<status>,
    truncated, stream_error, malformed, empty, interrupted, client_error. `sent_ns` is None if nothing was
    sent; `connect_ns` is how long a fresh connection took, 0 on a reused one. `token_ns` holds the arrival of
    each piece of content of a stream. Token counts are the server's own, None if it gives none.
    """

    sequence: int
    intended_ns: int
    sent_ns: int | None
    connect_ns: int
    first_byte_ns: int | None
    first_token_ns: int | None
    last_token_ns: int | None
    token_ns: tuple[int, ...]
    finished_ns: int
    status: int | None
    outcome: str
    prompt_tokens: int | None
    completion_tokens: int | None
    error: str
    stamps: Stamps
    receive_lag_ns: int
    """The longest time that bytes of this exchange waited in the kernel before they were read."""
    text: str = ""
    redacted: int = 0
    """The number of keys removed from `error` and `text`."""

    @property
    def ok(self) -> bool:
        """Whether a real completion came back."""
        return self.outcome == "ok"

    @property
    def latency_ms(self) -> float:
        """From the intended time to the end."""
        return (self.finished_ns - self.intended_ns) / 1e6

    @property
    def latency_from_sent_ms(self) -> float | None:
        """From the send to the end."""
        return None if self.sent_ns is None else (self.finished_ns - self.sent_ns) / 1e6

    @property
    def ttft_ms(self) -> float | None:
        """From the intended time to the first content of a stream."""
        return None if self.first_token_ns is None else (self.first_token_ns - self.intended_ns) / 1e6

    @property
    def ttft_from_sent_ms(self) -> float | None:
        """From the send to the first content of a stream."""
        if self.first_token_ns is None or self.sent_ns is None:
            return None
        return (self.first_token_ns - self.sent_ns) / 1e6

    @property
    def send_lag_ns(self) -> int | None:
        """The lateness of the send, without the time of a new connection."""
        return None if self.sent_ns is None else max(0, self.sent_ns - self.intended_ns - self.connect_ns)

    def as_record(self) -> dict[str, Any]:
        """Plain JSON without the keys of this process; `text` and `redacted` only if not empty."""
        record: dict[str, Any] = {"record": "exchange", **dict(zip(_NAMES, _VALUES(self), strict=True))}
        record["token_ns"] = list(self.token_ns)
        if self.error or self.text:
            kept, count = counted({"error": self.error, "text": self.text})
            record |= {**kept, "redacted": self.redacted + count}
        for name in _ONLY_WHERE_THERE_IS_SOME:
            if not record[name]:
                del record[name]
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Exchange:
        """The exchange of a stored record. Raises ValueError if a field is missing."""
        try:
            values = [*_ITEMS(record), record.get("text", ""), record.get("redacted", 0)]
        except KeyError:
            missing = ", ".join(name for name in _NEEDED if name not in record)
            raise ValueError(f"not a record of an exchange: {missing} missing") from None
        values[_TOKENS] = tuple(values[_TOKENS])
        return cls(*values)


_NAMES = tuple(field.name for field in fields(Exchange))
_ONLY_WHERE_THERE_IS_SOME = ("text", "redacted")
_NEEDED = _NAMES[:-2]
_TOKENS = _NEEDED.index("token_ns")
# There are as many of both as there are requests: these two are the quickest.
_VALUES, _ITEMS = attrgetter(*_NAMES), itemgetter(*_NEEDED)
assert _NAMES[-2:] == _ONLY_WHERE_THERE_IS_SOME


def latencies_ms(exchanges: Iterable[Exchange], timeout_ms: float) -> list[float]:
    """Latency of every request in order of intended time, each failure charged at the time-out."""
    ordered = sorted(exchanges, key=lambda exchange: (exchange.intended_ns, exchange.sequence))
    return [min(each.latency_ms, timeout_ms) if each.ok else timeout_ms for each in ordered]


def outcomes(exchanges: Iterable[Exchange]) -> dict[str, int]:
    """The number of exchanges by outcome."""
    return dict(sorted(Counter(exchange.outcome for exchange in exchanges).items()))
