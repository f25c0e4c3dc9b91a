"""Faults of Switch, one file a fault."""

from __future__ import annotations

from signoff.reference_services.faults.switch import accepts_any_token, answers_side_by_side, hides_degradation
from signoff.reference_services.switch.serving.app import CreateApp
from signoff.reference_services.web.serving.fault import Fault

FAULTS: dict[str, Fault[CreateApp]] = {
    module.FAULT.name: module.FAULT for module in (hides_degradation, accepts_any_token, answers_side_by_side)
}
