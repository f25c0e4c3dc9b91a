"""Memory stays below the limit: at its peak under load, and after a day of the same growth."""

from __future__ import annotations

from signoff.acceptance.checks.performance.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import ended_process, offered_load, repeated_prompts
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict, measured
from signoff.perf.processes.process_identity import identify

FORWARDERS = {
    "docker-proxy",
    "rootlesskit",
    "rootlessport",
    "slirp4netns",
    "passt",
    "pasta",
    "gvproxy",
    "vpnkit",
    "ssh",
    "sshd",
    "autossh",
    "socat",
    "kubectl",
}
"""Programs that listen for a service that runs elsewhere: in a container, or behind a tunnel."""


def measure(criterion: Criterion, site: Site) -> Evidence:
    """The load run's samples of the service's process tree; not measurable where that cannot be seen."""
    if site.process_id is None:
        raise NotMeasurable(
            f"the processes behind {site.deployment.target} cannot be seen from this machine",
            "run Signoff on the server's own machine",
        )
    process = identify(site.process_id)
    if process is not None and process.name in FORWARDERS:
        raise NotMeasurable(
            f"{process.text()} listens at {site.deployment.target} and only forwards to the service: "
            "its memory and CPU are not the service's",
            "judge the service at the address where its own process listens, inside the container or on its machine",
        )
    return offered_load.measure(criterion, site)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the high-water mark, and the growth's lower bound over 24 h on top of it, stay below the limit.

    Growth with new prompts alone decides nothing: see `repeated_prompts`.
    """
    assert criterion.threshold is not None
    if idle := offered_load.unserved(evidence):
        return Verdict("inconclusive", idle)
    alpha = next(evidence.of("setup"))["alpha"]
    samples = offered_load.last_attempt(evidence, "memory")
    marks = offered_load.last_attempt(evidence, "high_water")
    if not marks:
        return Verdict("inconclusive", "the service's memory could not be read under load")
    limit_bytes = criterion.threshold.base()[0]
    decision = repeated_prompts.decide(samples, limit_bytes, marks[-1]["bytes"], alpha)
    basis = f"{marks[-1]['source']}{of_process(evidence)}; {decision.basis}"
    if not repeated_prompts.leads_beyond(decision):
        return Verdict(
            decision.outcome, f"{decision.reason} ({basis})", measured(decision, "bytes"), detail=decision.detail
        )
    if ended_process.said(evidence):
        return Verdict(
            "inconclusive",
            f"{decision.reason}, if the observed growth continues ({basis})",
            measured(decision, "bytes"),
            detail=decision.detail,
        )
    is_cache, again, figures = repeated_prompts.compared(evidence, decision, limit_bytes, alpha)
    return Verdict(
        "inconclusive" if is_cache else "fail",
        f"{again if is_cache else '; '.join(filter(None, (decision.reason, again)))} ({basis})",
        measured(decision, "bytes"),
        hint=repeated_prompts.CACHED,
        detail={**decision.detail, **figures},
    )


def of_process(evidence: Evidence) -> str:
    """Which process the figures are of, with those that it started; "" in a run that did not keep it."""
    return next((f" of {each['text']}" for each in offered_load.last_attempt(evidence, "process")), "")


CHECK = Check(KINDS["memory"], measure, judge, seconds=offered_load.SECONDS, group=offered_load.GROUP, of_process=True)
