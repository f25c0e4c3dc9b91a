"""The embedder without a model: words and their character n-grams, hashed into a vector, always the same one.

It finds what shares words or parts of words with a question. It knows no meaning: two words for one thing are two
things to it.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence

from signoff.reference_services.retrieval.vector import Vector, normalized

DIMENSIONS = 512
GRAM = 4
WORD_SHARE = 0.7
"""How much of a word's weight is the word itself; the rest is shared by its n-grams, which endings change little."""
SHORT, LONG = 2, 8
_WORD = re.compile(r"[^\W_]+")


class HashedEmbedder:
    """Cosine of hashed words and n-grams. Long words weigh more than short ones: nothing is counted over all texts."""

    name = "signoff-hashed-1"
    dimensions = DIMENSIONS

    def embed(self, texts: Sequence[str], dimensions: int | None = None) -> list[Vector]:
        """See `Embedder`. Fewer dimensions mean fewer places for the same features."""
        return [_embedded(text, dimensions or DIMENSIONS) for text in texts]


def _embedded(text: str, dimensions: int) -> Vector:
    vector = [0.0] * dimensions
    # What a text says twice it does not say twice as much.
    for word, times in Counter(_WORD.findall(text.casefold())).items():
        weight = _weight(word) * (1 + math.log(times))
        grams = [f"#{word}#"[at : at + GRAM] for at in range(len(word) + 3 - GRAM)]
        _add(vector, f"w{word}", weight * math.sqrt(WORD_SHARE))
        for gram in grams:
            _add(vector, f"g{gram}", weight * math.sqrt((1 - WORD_SHARE) / len(grams)))
    if not any(vector):
        # A text of no words is like itself alone, and has a direction all the same.
        _add(vector, f"t{text}", 1.0)
    return normalized(vector)


def _weight(word: str) -> float:
    """0.2 for words of up to two letters, 1 for those of eight and more; digits say as much as long words."""
    if any(letter.isdigit() for letter in word):
        return 1.0
    return 0.2 + 0.8 * (min(max(len(word), SHORT), LONG) - SHORT) / (LONG - SHORT)


def _add(vector: Vector, feature: str, weight: float) -> None:
    number = int.from_bytes(hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    # Features that meet by chance cancel as often as they add up.
    vector[(number >> 1) % len(vector)] += weight if number & 1 else -weight
