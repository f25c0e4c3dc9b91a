"""Log probabilities of the simulated engine: made up from a hash, but consistent.

The engine draws by a hash and has no distribution. What it says here is the same for the same request, the token that
was taken is the likeliest, the alternatives come in order, and the probabilities of a token sum to less than one.
"""

from __future__ import annotations

import itertools
import math

from signoff.reference_services.chat.engine import prose
from signoff.reference_services.chat.prompt import tokenizer

Alternatives = tuple[tuple[str, float], ...]
_RANGE = 2**32


def figures(texts: tuple[str, ...], key: bytes, top: int) -> list[tuple[float, Alternatives]]:
    """For each token its log probability, and the `top` likeliest with theirs, itself first."""
    numbers = prose.draws(key[::-1])
    vocabulary = list(dict.fromkeys(tokenizer.pieces(" ".join(itertools.islice(prose.prose(key[::-1]), 24)))))
    found: list[tuple[float, Alternatives]] = []
    for text in texts:
        share = 0.55 + 0.44 * (next(numbers) / _RANGE)
        start = next(numbers) % len(vocabulary)
        others = [word for word in vocabulary[start:] + vocabulary[:start] if word != text]
        likely = [(text, share)]
        for other in others[: max(0, top - 1)]:
            likely.append((other, (1 - sum(each for _, each in likely)) / 2))
        rounded = tuple((word, round(math.log(each), 6)) for word, each in likely)
        found.append((rounded[0][1], rounded[:top]))
    return found
