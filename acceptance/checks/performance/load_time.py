"""The service is ready within the demanded time after a cold start."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from signoff.acceptance import keys
from signoff.acceptance.checks.performance.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.services.service import command
from signoff.acceptance.verdict import Verdict, measured
from signoff.perf.client.request_url import Origin, joined
from signoff.perf.decisions.statistics import decide_cold_starts
from signoff.perf.server_side.cold_start import time_starts

TIMEOUT_IN_LIMITS = 2


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Start a second instance on free ports several times, from the command to ready, and stop it again."""
    start = site.deployment.start
    if start is None:
        raise NotMeasurable(
            "Signoff did not start this service, so it saw no cold start",
            "let Signoff start it: [start] in a deployment file",
        )
    assert criterion.threshold is not None
    limit_s = criterion.threshold.base()[0]
    host = urlsplit(site.deployment.target).hostname or "127.0.0.1"
    count = site.profile.cold_starts

    def take(recorder: Recorder) -> None:
        port, metrics_port = _free_ports(host)
        starts = time_starts(
            command(start, ("--port", str(port), "--metrics-port", str(metrics_port))),
            joined(Origin("http", host, port).url(), "/ready"),
            count,
            limit_s * TIMEOUT_IN_LIMITS,
            env=keys.environment_of_service(),
            on_start=lambda start: site.on_progress("cold starts", start.number / count),
        )
        for each in starts:
            recorder.write("cold_start", each.as_record())

    return site.measured("load-time", take, key=limit_s)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """A tolerance bound: the share of future starts that stay below the limit."""
    assert criterion.threshold is not None
    starts = list(evidence.of("cold_start"))
    failed = [record for record in starts if record["error"]]
    if failed:
        return Verdict("fail", f"{len(failed)} of {len(starts)} starts did not become ready: {failed[0]['error']}")
    decision = decide_cold_starts([record["seconds"] for record in starts], criterion.threshold.base()[0])
    return Verdict(
        decision.outcome,
        f"{decision.reason} ({decision.basis})",
        measured(decision, "s"),
        hint="more starts decide it: --profile signoff" if decision.outcome == "inconclusive" else "",
        detail=decision.detail,
    )


def _free_ports(host: str) -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind((host, 0))
        second.bind((host, 0))
        return first.getsockname()[1], second.getsockname()[1]


CHECK = Check(KINDS["load_time"], measure, judge, seconds=12)
