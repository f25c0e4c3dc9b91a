"""The service is up: it generates, and where it reports its health, it is healthy."""

from __future__ import annotations

from collections.abc import Mapping

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import generation
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

NO_ROUTE = (404, 405)
WELL = {"healthy", "ok", "up", "ready", "running", "alive"}


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Request `/health`, then one short generation: the second finds a dead engine behind a live front end."""

    def take(recorder: Recorder) -> None:
        recorder.write("health", site.ask("GET", "/health"))
        recorder.write("generation", generation.generate(site, "Greet the reader in one short sentence.", 16))

    return site.measured("service", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if both responses are valid."""
    health = next(evidence.of("health"))
    answer = next(evidence.of("generation"))
    # Whoever asks that a service be up asks for no route: where the document names one, the check `health` judges it.
    is_told = health["status"] not in NO_ROUTE
    if is_told and health["status"] != 200:
        return Verdict("fail", f"GET /health gives {health['status'] or health['error']}, not 200")
    if (state := status_word(health.get("json"))) is not None and state not in WELL:
        return Verdict("fail", f"GET /health says {state!r}")
    text = generation.reply_text(answer)
    if answer["status"] != 200:
        return Verdict("fail", f"a short chat completion gives {answer['status'] or answer['error']}, not 200")
    if text is None:
        return Verdict("fail", "a short chat completion gives 200 without a generated text")
    if not is_told:
        return Verdict(
            "pass",
            f"generated {len(text)} characters; GET /health gives {health['status']}",
            assumptions=("a service that has no /health is up where it generates",),
        )
    return Verdict("pass", f"healthy, and generated {len(text)} characters")


def status_word(body: object) -> str | None:
    """The word by which a health body says how the service is, in lower case."""
    word = body.get("status") if isinstance(body, Mapping) else None
    return word.lower() if isinstance(word, str) else None


CHECK = Check(KINDS["service"], measure, judge, seconds=1)
