"""The wordings of the dialogues, read from `wordings.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Literal, get_args

Split = Literal["train", "held_out"]
"""The split for training, and the one that only the evaluation uses."""
SPLITS: tuple[Split, ...] = get_args(Split)
FILE = Path(__file__).with_name("wordings.toml")
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Wordings:
    """The wordings of one split; the names are those of the file."""

    tell: tuple[str, ...]
    retell: tuple[str, ...]
    lead: tuple[str, ...]
    after: tuple[str, ...]
    ask: tuple[str, ...]
    ask_more: tuple[str, ...]
    ask_latest: tuple[str, ...]
    ask_both: tuple[str, ...]
    closing: tuple[str, ...]
    previous: tuple[str, ...]
    repeat: tuple[str, ...]
    question: tuple[str, ...]
    request: tuple[str, ...]
    statement: tuple[str, ...]
    system: tuple[str, ...]
    attribute: tuple[str, ...]
    own: tuple[str, ...]
    item: tuple[str, ...]
    word: tuple[str, ...]


@cache
def load(split: Split) -> Wordings:
    """Read the wordings of one split."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))[split]
    return Wordings(**{field.name: tuple(table[field.name]) for field in fields(Wordings)})


@cache
def common(split: Split) -> tuple[str, ...]:
    """The words in sentences of the split, without placeholders."""
    known = load(split)
    texts = " ".join((*known.ask, *known.question, *known.request, *known.statement, *known.item))
    return tuple(sorted({word.lower() for word in WORD.findall(re.sub(r"\{\w+\}", " ", texts)) if len(word) > 1}))


@cache
def vocabulary() -> frozenset[str]:
    """Every word of the file in lower case; a held-out value must not be one of them."""
    return frozenset(word.lower() for word in WORD.findall(FILE.read_text(encoding="utf-8")))
