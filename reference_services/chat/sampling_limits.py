"""What a service lets requests ask of the draw: the ranges and the most of its settings."""

from __future__ import annotations

from reference_services.chat.failures import Refused
from reference_services.chat.requests import Sampling
from reference_services.chat.settings import ChatSettings


def check(body: Sampling, config: ChatSettings) -> None:
    """Raises Refused, with the number asked for and those allowed. A temperature of 0 draws nothing."""
    if body.temperature:
        _within("temperature", body.temperature, config.temperature_range, "; 0 is allowed too: it draws nothing")
    if body.top_p is not None:
        _within("top_p", body.top_p, config.top_p_range)
    if body.limit is not None:
        _within(body.limit_name, body.limit, config.max_tokens_range)
    _within("n", body.choices, (1, config.max_choices))
    if body.top is not None:
        _within(body.top_name, body.top, (0, config.max_logprobs))


def _within(name: str, value: float, bounds: tuple[float, float], more: str = "") -> None:
    low, high = bounds
    if not low <= value <= high:
        raise Refused(
            400, f"{name}: {value:g} is asked for; allowed is {low:g} to {high:g}{more}.", "invalid_value", name
        )
