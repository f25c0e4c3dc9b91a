"""Figures of a load run: time to first token, between tokens and to the end, and the client's share of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from signoff.perf.client.exchange import Exchange

Values = NDArray[np.float64]
FIGURES: Final = ("p50", "p90", "p99", "mean")


@dataclass(frozen=True, slots=True)
class Times:
    """Quantiles (order statistics, nothing interpolated), mean and extreme of times in milliseconds."""

    p50: float
    p90: float
    p99: float
    mean: float
    max: float
    samples: int

    @classmethod
    def of(cls, values_ms: Values) -> Times | None:
        """None if there is nothing to report."""
        if not values_ms.size:
            return None
        p50, p90, p99 = np.quantile(values_ms, (0.5, 0.9, 0.99), method="inverted_cdf")
        p50, p90, p99, mean, most = (
            round(float(each), 4) for each in (p50, p90, p99, values_ms.mean(), values_ms.max())
        )
        return cls(p50, p90, p99, mean, most, int(values_ms.size))


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """The times of a run. Every request counts; any failure counts as the time-out.

    Gaps between tokens (strictly: between content chunks) are the observed ones, and a
    stream that timed out adds its last, open gap. Interrupted requests do not count.
    """

    ttft_ms: Times | None
    itl_ms: Times | None
    e2e_ms: Times | None
    ttft_from_sent_ms: Times | None
    e2e_from_sent_ms: Times | None

    @classmethod
    def of(cls, exchanges: Sequence[Exchange], timeout_ms: float, stream: bool) -> LoadFigures:
        ended = [each for each in exchanges if each.outcome != "interrupted"]

        def charged(times_ms: list[float | None]) -> Times | None:
            pairs = zip(ended, times_ms, strict=True)
            kept = [ms if each.ok and ms is not None else timeout_ms for each, ms in pairs]
            return Times.of(np.asarray(kept, dtype=float))

        return cls(
            ttft_ms=charged([each.ttft_ms for each in ended]) if stream else None,
            itl_ms=Times.of(gaps_ms(ended)) if stream else None,
            e2e_ms=charged([each.latency_ms for each in ended]),
            ttft_from_sent_ms=charged([each.ttft_from_sent_ms for each in ended]) if stream else None,
            e2e_from_sent_ms=charged([each.latency_from_sent_ms for each in ended]),
        )


def gaps_ms(exchanges: Sequence[Exchange]) -> Values:
    """Every gap between two content chunks of one stream."""
    gaps = [np.diff(_tokens(each)) for each in exchanges if each.token_ns]
    return np.concatenate(gaps) / 1e6 if gaps else np.empty(0)


def _tokens(exchange: Exchange) -> NDArray[np.int64]:
    stamps = np.asarray(exchange.token_ns, dtype=np.int64)
    return np.append(stamps, exchange.finished_ns) if exchange.outcome == "timeout" else stamps


@dataclass(frozen=True, slots=True)
class Series:
    """Times of one kind from successful requests, and the client's known part in each.

    `unstamped` marks those without a kernel timestamp: they may contain any lag of the event loop.
    """

    name: str
    times_ms: Values
    client_ms: Values
    unstamped: NDArray[np.bool_]


def series(exchanges: Sequence[Exchange]) -> list[Series]:
    """The times of successful requests, with the client's part in them.

    A late send counts in full. The kernel timestamps arrivals, but a read that spans packets carries the
    timestamp of the last one: two chunks with one timestamp may have arrived separately while the client was
    late, at most as far apart as that exchange's bytes were unread.
    """
    good = [each for each in exchanges if each.ok]
    if not good:
        return []
    latencies = np.array([each.latency_ms for each in good])
    found = [Series("the time to the end", latencies, _lags_ms(good), _unstamped(good))]
    streams = [each for each in good if each.token_ns]
    if streams:
        first = np.array([(each.token_ns[0] - each.intended_ns) / 1e6 for each in streams])
        merged_ms = [each.receive_lag_ns / 1e6 * (each.token_ns[0] in each.token_ns[1:2]) for each in streams]
        part = _lags_ms(streams) + np.array(merged_ms)
        found.append(Series("the time to the first token", first, part, _unstamped(streams)))
        streams = [each for each in streams if len(each.token_ns) > 1]
    if streams:
        gaps = [np.diff(np.asarray(each.token_ns, dtype=np.int64)) for each in streams]
        # A gap may be too long where the piece that ended it shares its stamp with the one after.
        parts = [
            np.append(each_gaps[1:] == 0, False) * (each.receive_lag_ns / 1e6)
            for each, each_gaps in zip(streams, gaps, strict=True)
        ]
        between: Values = np.concatenate(gaps).astype(float) / 1e6
        unstamped = np.repeat(_unstamped(streams), [len(each) for each in gaps])
        found.append(Series("the time between tokens", between, np.concatenate(parts), unstamped))
    return found


def _unstamped(exchanges: Sequence[Exchange]) -> NDArray[np.bool_]:
    return np.array([each.stamps == "user" for each in exchanges], dtype=bool)


def _lags_ms(exchanges: Sequence[Exchange]) -> Values:
    return np.array([(each.send_lag_ns or 0) / 1e6 for each in exchanges])


def figure_of(times_ms: Values, figure: str) -> float:
    """One figure of times: the mean, or a quantile as an order statistic."""
    if figure == "mean":
        return float(times_ms.mean())
    return float(np.quantile(times_ms, int(figure[1:]) / 100, method="inverted_cdf"))
