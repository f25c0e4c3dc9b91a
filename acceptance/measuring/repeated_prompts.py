"""Cache or leak: whether memory also grows with repeated prompts.

Within a minute, a filling prompt cache looks like a leak. Both grow with new prompts; with the same prompt
repeatedly, a cache stops growing and a leak per request continues. So where a run's growth would reach the limit,
its load runs once more, shorter, with its prompts as they are in the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import ended_process
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.perf.decisions.decision import Decision
from signoff.perf.decisions.statistics import decide_growth
from signoff.perf.errors import PerfError
from signoff.perf.load.load import LoadPlan, run_load_in_process
from signoff.perf.load.load_run import LoadProgress
from signoff.perf.processes.memory_sampler import MemorySampler

DURATION_S = 30.0
RUN, SAMPLE = "repeated_load", "repeated_memory"
CACHED = (
    "bound the cache (llama-server: --cache-ram), or generate load until it is full, and judge again; "
    "what still grows then is a leak"
)


def leads_beyond(decision: Decision) -> bool:
    """Whether only the growth fails."""
    return decision.outcome == "fail" and "projected_low_bytes" in decision.detail


def offer(recorder: Recorder, site: Site, plan: LoadPlan, samples: Sequence[Record], peak_bytes: float) -> None:
    """Run the plan's load with repeated prompts, if these samples' growth would reach one of the limits."""
    limits = [threshold.base()[0] for threshold in site.limits("memory")]
    if site.process_id is None or not limits:
        return
    if not leads_beyond(decide(samples, min(limits), peak_bytes, site.profile.alpha)):
        return
    again = replace(plan, vary=False, duration_s=DURATION_S)

    def tell(progress: LoadProgress) -> None:
        site.on_progress("memory grows: the same prompts again", min(1.0, progress.elapsed_s / DURATION_S))

    try:
        with MemorySampler(site.process or site.process_id) as sampler:
            run = run_load_in_process(again, None, tell)
    except PerfError as error:
        recorder.write("note", {"text": f"the load could not be repeated with the same prompts: {error}"})
        return
    answered = sum(each.ok for each in run.exchanges)
    recorder.write(RUN, {"duration_s": DURATION_S, "offered": len(run.exchanges), "answered": answered})
    ended_process.note(recorder, site, sampler.ended, run.started_ns, "the load with repeated prompts")
    for sample in sampler.samples:
        recorder.write(SAMPLE, {**sample.as_record(), "record": SAMPLE})
    if run.interrupted:
        raise KeyboardInterrupt


def decide(samples: Sequence[Record], limit_bytes: float, peak_bytes: float | None, alpha: float) -> Decision:
    """The decision on stored samples of memory."""
    return decide_growth(
        [sample["t_ns"] / 1e9 for sample in samples],
        [sample["rss_bytes"] for sample in samples],
        limit_bytes,
        peak_bytes,
        alpha,
    )


def compared(
    evidence: Evidence, growth: Decision, limit_bytes: float, alpha: float
) -> tuple[bool, str, dict[str, Any]]:
    """Whether growth is significantly smaller with repeated prompts; a sentence on it, and the figures.

    Significant: the upper bound with the same prompts is below the lower bound with new ones, each at `alpha`, and most
    of them were answered.
    """
    samples = list(evidence.of(SAMPLE))
    again = decide(samples, limit_bytes, None, alpha)
    high = again.detail.get("growth_high_bytes_per_second")
    if high is None:
        return False, "", {}
    low = growth.detail["growth_low_bytes_per_second"]
    offered, answered = (next(evidence.of(RUN))[name] for name in ("offered", "answered"))
    figures = {
        "repeated_prompts_answered": answered,
        "repeated_prompts_growth_low_bytes_per_second": again.detail["growth_low_bytes_per_second"],
        "repeated_prompts_growth_high_bytes_per_second": high,
    }
    if high < low and answered * 2 > offered:
        reason = (
            f"memory grows by at least {low / 1e6:.4g} MB/s with new prompts, by at most {max(0.0, high) / 1e6:.4g} "
            f"with the same ones again ({answered} requests): a cache that fills, whose bound a run does not show"
        )
        return True, reason, figures
    return False, f"with the same prompts again it may grow by {high / 1e6:.4g} MB/s still", figures
