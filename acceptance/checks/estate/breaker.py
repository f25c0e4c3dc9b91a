"""A service whose upstream is down is refused quickly after the first failures, and other services still answer."""

from __future__ import annotations

import time

from signoff.acceptance.checks.estate.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import gateway, generation, role
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict

ROLE = "broken"
REQUESTS = 12
REFUSALS = 3
QUICK_S = 1.0
LONGEST_S = 150.0
REFUSED = 503


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Request the broken model or address until several consecutive refusals were quick.

    `[addresses] broken` is a URL, or the name of a model at the gateway whose upstream is down.
    """
    broken = site.deployment.addresses.get(ROLE)
    if broken is None:
        raise NotMeasurable(
            "the deployment names nothing whose upstream is down, and Signoff breaks nothing itself",
            f'add {ROLE} = "http://HOST:PORT", or the name of a model, under [addresses] of the deployment file',
        )

    def take(recorder: Recorder) -> None:
        begin, refusals = time.monotonic(), 0
        for number in range(REQUESTS):
            record = _timed(site, broken, f"Name the number {number}.")
            recorder.write("refusal", record)
            refusals = refusals + 1 if _is_quick_refusal(record) else 0
            if refusals == REFUSALS or record["status"] == 200 or time.monotonic() - begin > LONGEST_S:
                break
        if gateway.ROLE in site.deployment.addresses:
            listing = gateway.names(next(gateway.models(site).of("models")).get("json"))
            other = next((name for name in listing if name != broken), None)
            recorder.write("beside", gateway.complete(site, other, "Greet the reader in one word."))

    return site.measured("breaker", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the last answers are quick 503s, and services that are not broken still answer."""
    answers = list(evidence.of("refusal"))
    last = answers[-1]
    if last["status"] == 200:
        return Verdict(
            "not_measurable",
            f"{last['url']} answers with 200, so no upstream of it is down",
            hint=f"name under [addresses] as {ROLE} what really has no upstream",
        )
    seen = ", ".join(
        f"{each['status'] or each['error'].split(':')[0]} after {each['seconds']:.2f} s" for each in answers
    )
    figure = Measured(last["seconds"], "s", samples=len(answers))
    if not all(_is_quick_refusal(record) for record in answers[-REFUSALS:]) or len(answers) < REFUSALS:
        return Verdict(
            "fail",
            f"{last['url']} did not come to refuse at once: {REFUSALS} answers of {REFUSED} in a row, each within "
            f"{QUICK_S:g} s, were waited for; there were {seen}",
            figure,
        )
    beside = next(evidence.of("beside"), None)
    if beside is not None and (beside["status"] != 200 or generation.reply_text(beside) is None):
        return Verdict(
            "fail",
            f"the broken service affects others: {beside['url']} gives {beside['status'] or beside['error']} "
            "for a model that is not",
            figure,
        )
    others = "" if beside is None else "; a model beside it is answered"
    return Verdict(
        "pass",
        f"{last['url']} refuses at once after {len(answers) - REFUSALS} failures: {seen}{others}",
        figure,
        assumptions=("a quick 503 counts as an open breaker, whose state is not visible from outside",),
    )


def _timed(site: Site, broken: str, content: str) -> Record:
    begin = time.perf_counter()
    if "://" in broken:
        body = {
            "model": generation.served_model(site) or "default",
            "messages": [{"role": "user", "content": content}],
            "max_tokens": gateway.MAX_TOKENS,
        }
        record = role.ask(site, ROLE, generation.CHAT_PATH, method="POST", body=body)
    else:
        record = gateway.complete(site, broken, content)
    return {**record, "seconds": round(time.perf_counter() - begin, 4)}


def _is_quick_refusal(record: Record) -> bool:
    return bool(record["status"] == REFUSED and record["seconds"] <= QUICK_S)


CHECK = Check(KINDS["breaker"], measure, judge, seconds=5)
