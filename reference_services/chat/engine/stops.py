"""Stop strings, even if one is spread over several tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cut:
    """The texts of the tokens that are generated, the stop string left out, and whether one was met."""

    texts: tuple[str, ...]
    is_met: bool


def cut(texts: Sequence[str], stops: Sequence[str], min_tokens: int = 0) -> Cut:
    """The tokens up to the stop string that is completed first.

    The tokens that complete it count, without its text: no part of it is ever shown, even if it begins in one
    token and ends in another. It counts only where it is completed after `min_tokens` tokens.
    """
    whole = "".join(texts)
    least = sum(len(text) for text in texts[:min_tokens]) if min_tokens else 0
    ends = sorted(
        (place + len(stop), place) for stop in stops if (place := whole.find(stop, max(0, least - len(stop) + 1))) >= 0
    )
    if not ends:
        return Cut(tuple(texts), is_met=False)
    end, shown = ends[0]
    kept: list[str] = []
    begin = 0
    for text in texts:
        if kept and begin >= end:
            break
        kept.append(text[: max(0, shown - begin)])
        begin += len(text)
    return Cut(tuple(kept), is_met=True)
