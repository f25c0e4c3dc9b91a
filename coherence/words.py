"""Nonces: words, names and codes that no model has seen, reproducible by seed."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Literal, get_args

from signoff.coherence.scoring import tokens

Shape = Literal["word", "name", "pair", "code"]
SHAPES: tuple[Shape, ...] = get_args(Shape)

_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "dr", "gl", "kr", "tr")
_VOWELS = ("a", "e", "i", "o", "u")
_CODAS = ("", "", "", "l", "m", "n", "r", "s")
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # without I, O and S, which are read as digits
_MIN_OWN_CHARACTERS = 4


class Words:
    """Draws nonces. No nonce is drawn twice, is part of another one, or holds a reserved word.

    That is so because each nonce owns at least one token of four or more characters which no other nonce and
    no reserved text has.
    """

    def __init__(self, seed: int | str, reserved: Iterable[str] = ()) -> None:
        self._random = random.Random(f"nonces {seed}")  # noqa: S311  repeatable, guards no secret
        self._taken = set(reserved)

    def draw(self, shape: Shape) -> str:
        """A new nonce: `velmorat`, `Velmorat`, `Velmorat 73`, or a code such as `KD-4821`."""
        while True:
            nonce = self._candidate(shape)
            own = {token for token in tokens(nonce) if len(token) >= _MIN_OWN_CHARACTERS}
            if own and not own & self._taken:
                self._taken |= own
                return nonce

    def _candidate(self, shape: Shape) -> str:
        if shape == "word":
            return self._word()
        if shape == "name":
            return self._word().capitalize()
        if shape == "pair":
            return f"{self._word().capitalize()} {self._random.randint(11, 99)}"
        return self._code()

    def _word(self) -> str:
        choice = self._random.choice
        return "".join(choice(_ONSETS) + choice(_VOWELS) + choice(_CODAS) for _ in range(3))

    def _code(self) -> str:
        letters = "".join(self._random.sample(_LETTERS, 3))
        digits = self._random.randint(10_000, 99_999)
        forms = (
            f"{letters[:2]}-{digits}",
            f"{letters[0]}{digits}",
            f"{digits}-{letters}",
            f"{letters[:2]}-{digits}-{letters[2]}",
        )
        return self._random.choice(forms)
