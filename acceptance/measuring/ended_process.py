"""A watched process that ended or was replaced during a measurement.

A process that starts again has forgotten its peak and its growth, so that what was seen of several processes in a row
shows no limit to be kept. What was measured at the requests themselves is no figure of a process, and is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict
from signoff.perf.errors import NoListener
from signoff.perf.processes.memory_sampler import EndedProcess
from signoff.perf.processes.process_identity import ProcessIdentity, identify
from signoff.perf.processes.process_tree import listener

PROCESS, SERVICE = "process_ended", "service_ended"
MOST_NAMED = 2


def note(
    recorder: Recorder,
    site: Site,
    ended: Sequence[EndedProcess],
    started_ns: int,
    load: str = "the load run",
    **more: Any,
) -> tuple[str, ...]:
    """Record which processes ended, when, and who took the place of the one that listened; gives that in words."""
    texts: list[str] = []
    for each in ended:
        successor = _successor(site, each.process) if each.is_first else None
        after_s = round((each.t_ns - started_ns) / 1e9, 1)
        when = f"{after_s:g} s into {load}" if after_s > 0 else f"before {load}"
        role = "" if each.is_first else ", one of the service's"
        place = f", and {successor.text()} took its place" if successor is not None else ""
        texts.append(f"{each.process.text()}{role} ended {when}{place}")
        ending = {"after_s": after_s, "successor": None if successor is None else successor.as_record()}
        recorder.write(PROCESS, {**each.as_record(), **ending, "text": texts[-1], **more})
    return tuple(texts)


def said(evidence: Evidence) -> str:
    """Which processes ended while the last attempt was measured, in words; "" if none did."""
    records = list(evidence.of(PROCESS))
    last = max((each.get("attempt", 0) for each in evidence.records), default=0)
    texts = list(dict.fromkeys(each["text"] for each in records if each.get("attempt", last) == last))
    more = [f"{len(texts) - MOST_NAMED} more ended"] if len(texts) > MOST_NAMED else []
    return "; ".join([*texts[:MOST_NAMED], *more, *dict.fromkeys(each["text"] for each in evidence.of(SERVICE))])


def bound(verdict: Verdict, evidence: Evidence, *, of_process: bool) -> Verdict:
    """The verdict with what ended beside it; a figure of a process (`of_process`) shows no limit to be kept then."""
    text = said(evidence)
    if not text:
        return verdict
    found = replace(verdict, reason=f"{verdict.reason}; {text}")
    if not of_process or verdict.outcome != "pass":
        return found
    return replace(
        found,
        outcome="inconclusive",
        reason=f"{verdict.reason}; but {text}: the figure is not of one process over the whole run",
        hint="look at the service's log for why it ended, and run again",
    )


def _successor(site: Site, ended: ProcessIdentity) -> ProcessIdentity | None:
    """Who listens at the target now, where that is another process."""
    parts = urlsplit(site.deployment.target)
    try:
        found = identify(listener(parts.port or {"https": 443}.get(parts.scheme, 80), parts.hostname))
    except NoListener:
        return None
    return None if found is None or found == ended else found
