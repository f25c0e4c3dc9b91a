"""Each service of the document is discovered: it is in the gateway's or the registry's listing."""

from __future__ import annotations

from signoff.acceptance.checks.api.service import WELL, status_word
from signoff.acceptance.checks.estate.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import gateway, role
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict

ROLE = "discovery"
PRESENT = WELL | {"passing", "available", "active", "registered", "online", "serving"}


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Request the deployment's `discovery` address, else the gateway's list of models."""
    if ROLE not in site.deployment.addresses:
        return gateway.models(site, criterion.parameters.get("services") or ())
    return site.measured("discovery", lambda recorder: recorder.write("models", role.ask(site, ROLE, "")))


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the listing names every service, and reports none of them as down."""
    listing = next(evidence.of("models"))
    found, problem = gateway.listed(listing)
    if problem:
        return Verdict("fail", problem)
    services = list(criterion.parameters.get("services") or ())
    missing = [service for service in services if not any(gateway.speaks_of(service, name) for name in found)]
    if missing:
        return Verdict("fail", f"{listing['url']} does not list {', '.join(missing)}, but {gateway.short(found)}")
    down = [text for entry in gateway.entries(listing.get("json")) if (text := _down(entry, services))]
    if down:
        return Verdict("fail", f"{listing['url']} lists {'; '.join(down)}")
    return Verdict("pass", f"{listing['url']} lists {gateway.short(found)}")


def _down(entry: tuple[str, object], services: list[str]) -> str:
    name, body = entry
    state = status_word(body)
    if state is None or state in PRESENT or (services and not any(gateway.speaks_of(each, name) for each in services)):
        return ""
    return f"{name} as {state!r}"


CHECK = Check(KINDS["discovery"], measure, judge)
