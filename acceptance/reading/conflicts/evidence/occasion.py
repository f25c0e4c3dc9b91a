"""For which occasion a block gives its values: staging or production, the minimum or what is recommended."""

from __future__ import annotations

import re
from functools import lru_cache

from signoff.acceptance.reading.conflicts.evidence.page import Page
from signoff.acceptance.reading.source.block import Block

# Words of headings and file names that say: these values are for one occasion among several.
_STAGE = re.compile(
    r"\b(dev(?:elopment)?|testing env\w*|staging|stage|prod(?:uction)?|minimal|minimum|recommended|canary)\b",
    re.IGNORECASE,
)
# The same in short headings, which hold nothing but the occasion: `Large Instances`, `CPU Only`.
_SHORT = re.compile(
    r"\b(small|medium|large(?! language)|local|ci|gpu|cpu|option [a-z0-9]|tier \d+|node \d+|replica \d+|blue|green)\b",
    re.IGNORECASE,
)
_FEW_WORDS = 3
_ASIDE = re.compile(
    r"troubleshoot|common issues|\bissue \d|\btuning\b|\boptional\b|\bexamples?\b|\balternative|rollback|\bbefore\b"
    r"|\bold\b|legacy|previous|deprecated|migration|upgrad|^if\b|what changed|changelog",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def occasion_named(text: str) -> str:
    """The occasion that a heading, or a key of a YAML block, names; "" where it names none."""
    match = _STAGE.search(text) or (_SHORT.search(text) if len(text.split()) <= _FEW_WORDS else None)
    return match[0].lower() if match is not None else ""


def occasion(page: Page, line: int, block: Block | None) -> str | None:
    """The occasion of a block ("" where there is one only); None where it is an aside: advice, history, an example."""
    headings = page.headings(line)[-2:]
    near: list[str] = []
    if block is not None and block.kind == "fence":
        first = block.text.lstrip().split("\n", 1)[0]
        above = page.block(block.line - 2)
        near += [first] if first.startswith(("#", "//")) else []
        near += [above.text] if above is not None and above.kind == "paragraph" else []
    if any(_ASIDE.search(text) for text in (*headings, *near)):
        return None
    named = [occasion_named(text) for text in headings]
    named += [match[0].lower() for text in near if (match := _STAGE.search(text))]
    return next((name for name in named if name), "")
