"""Two servers measured in alternating blocks, so that the machine affects both.

The order is target, control, control, target and so on, so that a drift falls on both alike. The ratio of a pair
of blocks is several times as steady as either figure (duet benchmarking: Bulej et al., ICPE 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from signoff.perf.load.load_process import run_load_in_process
from signoff.perf.load.load_run import LoadProgress, LoadRun
from signoff.perf.load.plan import LoadPlan

Side = Literal["target", "control"]
SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True, slots=True)
class Block:
    """One load run of one side; `pair` counts from 0."""

    pair: int
    side: Side
    run: LoadRun


def order(pairs: int) -> list[tuple[int, Side]]:
    """Which side is measured when: each pair holds both, and the one that begins changes from pair to pair."""
    return [(pair, side) for pair in range(pairs) for side in (SIDES if pair % 2 == 0 else SIDES[::-1])]


def run_interleaved(
    plans: Mapping[Side, LoadPlan],
    pairs: int,
    on_progress: Callable[[int, LoadProgress], None] | None = None,
) -> Iterator[Block]:
    """Each block as it ends; both sides of a pair get the same arrivals and prompts. Ctrl-C ends with what there is.

    Raises what `run_load_in_process` raises.
    """
    for number, (pair, side) in enumerate(order(pairs)):
        plan = replace(plans[side], seed=plans[side].seed + pair)

        def tell(progress: LoadProgress, number: int = number) -> None:
            if on_progress is not None:
                on_progress(number, progress)

        run = run_load_in_process(plan, None, tell)
        if run.interrupted:
            return
        yield Block(pair, side, run)
