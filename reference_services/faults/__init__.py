"""Faults: services with exactly one deliberate defect each, one file a fault."""

from __future__ import annotations

from signoff.reference_services.chat.serving.app import CreateApp
from signoff.reference_services.faults import (
    accepts_anything,
    buffers_stream,
    forgets_session,
    forgets_when_full,
    leaks_memory,
    slow,
    stale_metrics,
)
from signoff.reference_services.web.serving.fault import Fault

FAULTS: dict[str, Fault[CreateApp]] = {
    module.FAULT.name: module.FAULT
    for module in (
        forgets_session,
        slow,
        leaks_memory,
        stale_metrics,
        buffers_stream,
        accepts_anything,
        forgets_when_full,
    )
}
