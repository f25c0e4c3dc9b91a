"""The gateway answers for each service with that service's model."""

from __future__ import annotations

from collections.abc import Mapping

from signoff.acceptance.checks.estate.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import gateway, generation
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

NOBODY = "signoff-serves-no-such-model"


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Ask the gateway for each service's model, and for an unknown model.

    The model of a service is the listed one that carries its name, or that the service lists under its own address.
    """
    services = list(criterion.parameters.get("services") or ())
    listing = next(gateway.models(site, services).of("models"))

    def take(recorder: Recorder) -> None:
        recorder.write("models", listing)
        found = gateway.names(listing.get("json"))
        for service in services or found:
            model = _model_of(service, found, _own_names(site, service))
            answer = gateway.complete(site, model, f"Greet {service} in one word.") if model is not None else {}
            recorder.write("answer", {**answer, "service": service, "model": model})
        if found:
            recorder.write("nobody", gateway.complete(site, NOBODY, "Greet me in one word."))

    return site.measured("gateway-routing", take, key=services)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if each model answers under its own name, and an unknown model name is not simply echoed."""
    listing = next(evidence.of("models"))
    found, problem = gateway.listed(listing)
    if problem:
        return Verdict("fail", problem)
    answers = list(evidence.of("answer"))
    unlisted = [record["service"] for record in answers if record["model"] is None]
    if unlisted:
        return Verdict("fail", f"{listing['url']} lists no model of {', '.join(unlisted)}, but {gateway.short(found)}")
    wrong = [text for record in answers if (text := _wrong(record))]
    if wrong:
        return Verdict("fail", "; ".join(wrong[:3]))
    nobody = next(evidence.of("nobody"))
    if nobody["status"] == 200 and _served_model(nobody) == NOBODY:
        return Verdict(
            "fail",
            f"{nobody['url']} answers in the name of {NOBODY!r} as well: it repeats the name that it is asked for, "
            "so nothing shows which model answers",
        )
    refusal = nobody["status"] or nobody["error"]
    return Verdict(
        "pass",
        f"{len(answers)} models answer, each in its own name ({gateway.short([each['model'] for each in answers])}); "
        f"an unknown model gives {refusal}",
    )


def _model_of(service: str, found: list[str], own: list[str]) -> str | None:
    """The listed model that a service's own listing names, else one that carries the service's name."""
    return next(
        (name for name in found if name in own),
        next((name for name in found if name == service or gateway.speaks_of(service, name)), None),
    )


def _own_names(site: Site, service: str) -> list[str]:
    address = site.deployment.services.get(service)
    if address is None:
        return []
    return gateway.names(site.ask("GET", "", url=site.deployment.request_url(address, gateway.MODELS_PATH)).get("json"))


def _wrong(record: Record) -> str:
    model, service = record["model"], record["service"]
    if record["status"] != 200:
        return f"{record['url']} gives {record['status'] or record['error']} for {model}"
    if generation.reply_text(record) is None:
        return f"{record['url']} gives 200 for {model} without a generated text"
    served = _served_model(record)
    if served is None:
        return f"the answer for {model} does not say which model gave it"
    if served != model and not gateway.speaks_of(service, served):
        return f"asked for {model}, {served} answered"
    return ""


def _served_model(record: Record) -> str | None:
    body = record.get("json")
    name = body.get("model") if isinstance(body, Mapping) else None
    return name if isinstance(name, str) else None


CHECK = Check(KINDS["gateway_routing"], measure, judge, seconds=3)
