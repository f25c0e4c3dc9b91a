"""Limits of sampling parameters, from the settings."""

from __future__ import annotations

from typing import Any

from signoff.reference_services.chat.api.requests import Sampling
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.web.access.failures import Refused

LIMITS = ("max_tokens", "max_completion_tokens")


def narrow(config: ChatSettings, fields: dict[str, Any]) -> None:
    """Say in the schema of a request's fields what `check` allows."""
    low, high = config.temperature_range
    bounds: dict[str, tuple[float, float]] = {
        "temperature": (low, min(high, 2)),
        "top_p": config.top_p_range,
        "n": (1, config.max_choices),
        **dict.fromkeys(LIMITS, config.max_tokens_range),
        **dict.fromkeys(("logprobs", "top_logprobs"), (0, config.max_logprobs)),
    }
    for name in bounds.keys() & fields.keys():
        for option in fields[name].get("anyOf", []):
            if option["type"] in ("integer", "number"):
                option["minimum"], option["maximum"] = bounds[name]
    if not config.retrieval and "retrieval" in fields:
        fields["retrieval"]["anyOf"][0]["const"] = False
    if low > 0:
        fields["temperature"]["anyOf"].append({"const": 0})


def check(body: Sampling, config: ChatSettings) -> None:
    """Raises Refused, with the number asked for and those allowed. A temperature of 0 draws nothing."""
    if body.temperature:
        _within("temperature", body.temperature, config.temperature_range, "; 0 is allowed too: it draws nothing")
    if body.top_p is not None:
        _within("top_p", body.top_p, config.top_p_range)
    for name in LIMITS:
        # Of two that are given one counts, but neither may be wrong.
        if (limit := getattr(body, name, None)) is not None:
            _within(name, limit, config.max_tokens_range)
    _within("n", body.choices, (1, config.max_choices))
    if body.top is not None:
        _within(body.top_name, body.top, (0, config.max_logprobs))


def _within(name: str, value: float, bounds: tuple[float, float], more: str = "") -> None:
    low, high = bounds
    if not low <= value <= high:
        raise Refused(
            400, f"{name}: {value:g} is asked for; allowed is {low:g} to {high:g}{more}.", "invalid_value", name
        )
