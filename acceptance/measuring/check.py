"""A check: how one kind of criterion is measured and judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.kind import Kind
from signoff.acceptance.verdict import Verdict

if TYPE_CHECKING:
    from signoff.acceptance.measuring.site import Site


@dataclass(frozen=True, slots=True)
class Check:
    """A kind plus two functions: `measure` touches the deployment, `judge` is pure.

    `measure` returns evidence (shared with other checks by name) or raises `NotMeasurable`. `judge` sees the
    criterion and the records alone, so that a stored run gives the same verdict again. `seconds` is the usual cost,
    for the time left; checks of one `group` share one measurement. `after_stop` checks are measured once the run has
    stopped the service that it started itself. `of_process` says that the figure describes the service's processes, and
    of nothing once one of them has ended.
    """

    kind: Kind
    measure: Callable[[Criterion, Site], Evidence]
    judge: Callable[[Criterion, Evidence], Verdict]
    seconds: float = 1.0
    group: str = ""
    after_stop: bool = False
    of_process: bool = False

    def __post_init__(self) -> None:
        if self.kind.asks is None:
            raise ValueError(f"the check of {self.kind.name!r} judges what its kind does not put into words: no `asks`")
        if not self.kind.failure:
            raise ValueError(f"the check of {self.kind.name!r} has no failing case: its kind states no `failure`")
