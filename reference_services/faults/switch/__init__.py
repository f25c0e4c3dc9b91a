"""Faults of Switch, one file a fault."""

from __future__ import annotations

from reference_services.faults.switch import accepts_any_token, answers_side_by_side, hides_degradation
from reference_services.faults.switch.fault import Fault

FAULTS: dict[str, Fault] = {
    module.FAULT.name: module.FAULT for module in (hides_degradation, accepts_any_token, answers_side_by_side)
}
