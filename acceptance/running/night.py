"""One night: the document's performance criteria judged, then target and control measured in turns.

The machine's load affects both, so their ratio distinguishes a slower server from a busy machine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from signoff.acceptance import deployment as deployments
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.deployment import Deployment, Start
from signoff.acceptance.errors import RunInvalid, UsageError
from signoff.acceptance.measuring import offered_load, route_load
from signoff.acceptance.profile import PROFILES, Profile
from signoff.acceptance.running import plan
from signoff.acceptance.running.judging import Judging
from signoff.acceptance.running.progress import Progress
from signoff.acceptance.services.service import OwnService
from signoff.perf.client.request_url import joined
from signoff.perf.errors import PerfError
from signoff.perf.load.load_run import LoadProgress
from signoff.perf.load.plan import LoadPlan
from signoff.perf.nights.comparison import compare
from signoff.perf.nights.history import JudgedFigure, Night
from signoff.perf.nights.interleaved import SIDES, Block, Side, run_interleaved
from signoff.reports.stored.stored_run import StoredCriterion, StoredRun

LOAD_TIME = "load_time"
BESIDE_A_BLOCK_S = 1.5
"""Overhead of a block: the start of the client, and the last answers."""


@dataclass(frozen=True, slots=True)
class NightPlan:
    """The plan of a night: `pairs` pairs of blocks, each of `block_s` seconds."""

    paths: Sequence[Path]
    deployment_file: Path
    folder: Path
    profile: Profile = PROFILES["quick"]
    pairs: int = 10
    block_s: float = 10.0
    seed: int | None = None
    api_key_env: str = ""


@dataclass
class Measurements:
    """The results of a night so far."""

    stored: StoredRun | None = None
    load: LoadPlan | None = None
    blocks: list[Block] = field(default_factory=list)


def is_about_performance(criterion: Criterion) -> bool:
    """Whether a criterion's figure comes from the load run, or is the time to load."""
    check = CHECKS.get(criterion.kind)
    if criterion.judge != "machine" or check is None:
        return False
    return check.group == offered_load.GROUP or criterion.kind == LOAD_TIME


def measure(wanted: NightPlan, progress: Progress) -> tuple[Night, Measurements]:
    """Judge and compare. Ctrl-C keeps the measurements, and the night is marked.

    Raises UsageError for a deployment without a control or documents without figures under load, RunInvalid where
    a side does not start or answer.
    """
    deployment = deployments.load(wanted.deployment_file, wanted.api_key_env)
    control = deployment.control
    if control is None:
        raise UsageError(
            f"{wanted.deployment_file}: a night compares the target with a control, and none is named",
            'add [control] with url = "http://HOST:PORT": a server on the same machine that stays as it is',
        )
    judging = Judging(deployment, wanted.profile, wanted.paths, wanted.folder, progress, wanted.seed)
    documents = judging.findings.reading.documents
    criteria = [each for read in documents for each in read.criteria if is_about_performance(each)]
    under_load = [each for each in criteria if each.kind != LOAD_TIME and not route_load.is_of_another_route(each)]
    if not under_load:
        raise UsageError(
            f"{', '.join(str(path) for path in wanted.paths)}: no figure under load is asked for",
            "name a document with a latency, a rate, an error share or a memory limit",
        )
    found = Measurements()
    try:
        judging.select(criteria)
        judging.begin()
        for criterion in plan.order(criteria):
            judging.judge(criterion)
        found.load = offered_load.run_of(offered_load.measure(under_load[0], judging.site)).plan
        with _running(control, wanted.folder):
            plans = _sides(found.load, deployment, control.url, wanted.block_s)
            for block in run_interleaved(plans, wanted.pairs, _teller(progress, wanted)):
                found.blocks.append(block)
    except KeyboardInterrupt:
        pass  # the blocks that are missing say so
    except PerfError as error:
        raise RunInvalid(str(error), error.hint) from None
    finally:
        found.stored = judging.finish()
    return _night(wanted, deployment, found), found


def judged(stored: StoredRun) -> list[StoredCriterion]:
    """The criteria that a night looked at."""
    return [each for each in stored.criteria if each.outcome != "not_run"]


@contextlib.contextmanager
def _running(control: Start, folder: Path) -> Iterator[None]:
    """The control, started and stopped where the deployment says how."""
    if not control.service:
        yield
        return
    service = OwnService(control, folder, "control.log")
    try:
        service.launch()
        service.wait()
        yield
    finally:
        service.stop()


def _sides(load: LoadPlan, deployment: Deployment, control: str, block_s: float) -> Mapping[Side, LoadPlan]:
    """The same load for both sides; keys go to their own origin. A late client spoils a block by its compared means."""
    path = load.url.removeprefix(deployment.target)
    urls: Mapping[Side, str] = {"target": load.url, "control": joined(control, path)}
    return {
        side: replace(
            load,
            url=url,
            headers=deployment.headers(url),
            duration_s=block_s,
            judged_apart=False,
            limit_ms=None,
            figure="mean",
        )
        for side, url in urls.items()
    }


def _teller(progress: Progress, wanted: NightPlan) -> Callable[[int, LoadProgress], None]:
    total = len(SIDES) * wanted.pairs
    each_s = wanted.block_s + BESIDE_A_BLOCK_S

    def tell(number: int, at: LoadProgress) -> None:
        left_s = (total - number) * each_s - min(at.elapsed_s, wanted.block_s)
        progress.step(f"[block {number + 1}/{total}] target and control in turns, about {left_s:.0f} s left")

    return tell


def _night(wanted: NightPlan, deployment: Deployment, found: Measurements) -> Night:
    stored = found.stored
    assert stored is not None
    spoiled = (f"block {place}: {each.run.reason}" for place, each in enumerate(found.blocks, 1) if not each.run.valid)
    reason = "interrupted" if len(found.blocks) < len(SIDES) * wanted.pairs else next(spoiled, "")
    load = found.load
    return Night(
        started=stored.started,
        document=", ".join(str(path) for path in wanted.paths),
        deployment=deployment.name,
        target=deployment.target,
        control=deployment.control.url if deployment.control is not None else "",
        rate_per_second=load.rate_per_second if load is not None else 0.0,
        block_s=wanted.block_s,
        seed=load.seed if load is not None else 0,
        valid=not reason,
        reason=reason,
        about={"machine": stored.machine, "versions": dict(stored.versions), "engine": asdict(stored.engine)},
        criteria=tuple(
            JudgedFigure(
                each.id,
                each.kind,
                each.outcome,
                each.measured.value if each.measured else None,
                each.measured.unit if each.measured else None,
                each.reason,
            )
            for each in judged(stored)
        ),
        figures=tuple(compare(found.blocks)),
    )
