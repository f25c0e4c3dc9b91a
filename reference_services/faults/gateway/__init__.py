"""Faults of the gateway: one deliberate defect each, one file a fault."""

from __future__ import annotations

from signoff.reference_services.faults.gateway import hides_a_service, never_opens, sticks_to_one_replica
from signoff.reference_services.gateway.serving.app import CreateGateway
from signoff.reference_services.web.serving.fault import Fault

FAULTS: dict[str, Fault[CreateGateway]] = {
    module.FAULT.name: module.FAULT for module in (sticks_to_one_replica, never_opens, hides_a_service)
}
