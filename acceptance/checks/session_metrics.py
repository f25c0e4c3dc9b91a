"""The session metrics move when a session is opened and a turn is held."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from acceptance import generation
from acceptance.checks.check import Check
from acceptance.criterion import Criterion
from acceptance.evidence import Evidence, Record
from acceptance.site import Recorder, Site
from acceptance.verdict import Verdict

SESSIONS = 2


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the session metrics, open sessions with one turn each, read again."""
    path = criterion.parameters["path"]

    def take(recorder: Recorder) -> None:
        recorder.write("before", site.ask("GET", path))
        for _ in range(SESSIONS):
            headers = {"X-Session-ID": f"signoff-{secrets.token_hex(8)}"}
            recorder.write("turn", generation.generate(site, "The lamp is lit.", 8, headers))
        recorder.write("after", site.ask("GET", path))

    return site.measured("session-metrics", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where at least one figure about sessions moved by exactly the sessions that were opened."""
    before, after = next(evidence.of("before")), next(evidence.of("after"))
    for answer in (before, after):
        if answer["status"] != 200:
            return Verdict("fail", f"{answer['url']} gives {answer['status'] or answer['error']}, not 200")
    if any(generation.reply_text(record) is None for record in evidence.of("turn")):
        return Verdict("fail", "a turn in a session was not answered")
    earlier, later = dict(_figures(before)), dict(_figures(after))
    if not later:
        return Verdict("fail", f"{after['url']} holds no figure")
    moved = sorted(name for name, value in later.items() if value - earlier.get(name, 0.0) == SESSIONS)
    about_sessions = [name for name in moved if "session" in name.lower()] or moved
    if not about_sessions:
        return Verdict("fail", f"{SESSIONS} sessions were opened and no figure moved by {SESSIONS}")
    return Verdict("pass", f"{', '.join(about_sessions[:3])} moved by {SESSIONS} with {SESSIONS} sessions")


def _figures(answer: Record) -> Iterator[tuple[str, float]]:
    if answer.get("json") is not None:
        yield from _numbers(answer["json"], "")
        return
    try:
        for family in text_string_to_metric_families(answer["text"]):
            yield family.name, sum(sample.value for sample in family.samples)
    except ValueError:
        return


def _numbers(value: Any, name: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _numbers(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, float(value)


CHECK = Check(
    kind="session_metrics",
    summary="The session metrics move by the number of sessions that were opened.",
    measure=measure,
    judge=judge,
)
