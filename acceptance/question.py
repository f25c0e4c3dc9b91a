"""The question that a check asks, in one sentence, before any measurement."""

from __future__ import annotations

from signoff.acceptance.asked import Asked, shown
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.kind import Asks, Kinds
from signoff.acceptance.parameters import Parameters

LONGEST = 2_000
OWN = ("completions", "limit", "load", "request")
"""What a template may name beside parameters: the words that `Asked` puts together."""


def judged_as(criterion: Criterion, kinds: Kinds) -> str | None:
    """The sentence behind "Judged as:"; None for what no check judges.

    It is made of kind, limit, parameters, load and service, so that it says what is measured and not what was meant.
    """
    asks = kinds[criterion.kind].asks
    if criterion.judge != "machine" or asks is None:
        return None
    where = f"at the service {shown(criterion.service)}, " if criterion.service else ""
    return shown(f"{where}{put(asks, Asked(criterion.threshold, criterion.parameters, criterion.load))}", LONGEST) + "."


def put(asks: Asks, asked: Asked) -> str:
    """The words of a kind for these parameters. Raises KeyError where a template names what there is not."""
    return asks(asked) if callable(asks) else asks.format_map(_Words(asked))


class _Words(dict[str, str]):
    """What a template may name, found as it is named."""

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked = asked

    def __missing__(self, name: str) -> str:
        if name in OWN:
            return str(getattr(self._asked, name))
        if name in Parameters.__annotations__:
            return self._asked.shown(name)
        raise KeyError(name)
