"""The service is up: it says that it is healthy, and it generates."""

from __future__ import annotations

from collections.abc import Mapping

from acceptance import generation
from acceptance.checks.check import Check
from acceptance.criterion import Criterion
from acceptance.evidence import Evidence
from acceptance.site import Recorder, Site
from acceptance.verdict import Verdict

WELL = {"healthy", "ok", "up", "ready", "running", "alive"}


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Ask `/health`, then for one short generation: a dead engine behind a live front is found by the second."""

    def take(recorder: Recorder) -> None:
        recorder.write("health", site.ask("GET", "/health"))
        recorder.write("generation", generation.generate(site, "Greet the reader in one short sentence.", 16))

    return site.measured("service", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where both answers are sound."""
    health = next(evidence.of("health"))
    answer = next(evidence.of("generation"))
    if health["status"] != 200:
        return Verdict("fail", f"GET /health gives {health['status'] or health['error']}, not 200")
    if (state := status_word(health.get("json"))) is not None and state not in WELL:
        return Verdict("fail", f"GET /health says {state!r}")
    text = generation.reply_text(answer)
    if answer["status"] != 200:
        return Verdict("fail", f"a short chat completion gives {answer['status'] or answer['error']}, not 200")
    if text is None:
        return Verdict("fail", "a short chat completion gives 200 without a generated text")
    return Verdict("pass", f"healthy, and generated {len(text)} characters")


def status_word(body: object) -> str | None:
    """The word by which a health body says how the service is, in lower case."""
    word = body.get("status") if isinstance(body, Mapping) else None
    return word.lower() if isinstance(word, str) else None


CHECK = Check(
    kind="service",
    summary="The service answers /health with 200 and generates a short text.",
    measure=measure,
    judge=judge,
    seconds=1,
)
