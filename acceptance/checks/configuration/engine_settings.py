"""The engine runs with all the settings that the document gives it."""

from __future__ import annotations

from signoff.acceptance.checks.configuration.config_value import ABSENT, listed, measure, reported_in, same_value
from signoff.acceptance.checks.configuration.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if every setting is reported with the document's value."""
    settings = criterion.parameters["settings"]
    places = {name: reported_in(evidence, name) for name in settings}
    found = {name: ABSENT if place.is_ambiguous else place.value for name, place in places.items()}
    wrong = [
        f"{name} is {found[name]!r}, not {value!r}"
        for name, value in settings.items()
        if found[name] is not ABSENT and not same_value(value, found[name])
    ]
    url = next(evidence.of("config"))["url"]
    absent = [name for name in settings if found[name] is ABSENT]
    if wrong:
        return Verdict("fail", f"{url}: {'; '.join(wrong)}")
    several = [f"{name} at {listed(place.places)}" for name, place in places.items() if place.is_ambiguous]
    if several:
        return Verdict(
            "not_measurable",
            f"{url} reports different values of {'; '.join(several)}",
            hint="let GET /config report each of the engine's settings once",
        )
    if absent or not settings:
        return Verdict(
            "not_measurable",
            f"{url} does not report {', '.join(absent) or 'any engine setting'}",
            hint="let GET /config report the engine's settings",
        )
    return Verdict("pass", f"{url} reports all {len(settings)} engine settings as the document states them")


CHECK = Check(KINDS["engine_settings"], measure, judge)
