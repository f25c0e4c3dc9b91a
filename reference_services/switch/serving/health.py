"""`/switch/health`: whether the local model is loaded, and whether another source can answer."""

from __future__ import annotations

import asyncio
from typing import Any

from signoff.reference_services.switch.sources.source import State
from signoff.reference_services.switch.sources.source_list import Sources

OK, UNAVAILABLE = 200, 503


async def look(sources: Sources) -> tuple[int, dict[str, Any]]:
    """Status and body, with the fields of the document. Sources are asked again each time."""
    local = sources.local
    state = await local.state() if local is not None else State(sources.local_refusal)
    if state.is_well:
        return OK, {
            "status": "ok",
            "model": sources.model,
            "framework": sources.framework,
            "memory_usage_mb": state.memory_mb,
            "context_ready": True,
        }
    others = await asyncio.gather(*(source.state() for source in sources.others))
    return UNAVAILABLE, {
        "status": "degraded",
        "reason": state.reason,
        "model": sources.model,
        "fallback_available": any(other.is_well for other in others),
    }


async def can_answer(sources: Sources) -> bool:
    """Whether any source would answer now."""
    states = await asyncio.gather(*(source.state() for source in sources.chain))
    return any(state.is_well for state in states)
