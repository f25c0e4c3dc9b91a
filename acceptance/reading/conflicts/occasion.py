"""For which occasion a block gives its values: staging or production, the minimum or what is recommended."""

from __future__ import annotations

import re

from acceptance.reading.block import Block
from acceptance.reading.conflicts.page import Page

# Words of headings and file names that say: these values are for one occasion among several.
_VARIANT = re.compile(
    r"\b(dev(?:elopment)?|testing env\w*|staging|stage|prod(?:uction)?|minimal|minimum|recommended|small|medium|large"
    r"|local|ci|alternative|option [a-z0-9]\b|tier \d+|node \d+|replica \d+|canary|blue|green|gpu|cpu)\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"troubleshoot|common issues|\bissue \d|\btuning\b|\boptional\b|\bexamples?\b|\balternative|rollback|\bbefore\b"
    r"|\bold\b|legacy|previous|deprecated|migration|upgrad|\bif\b|what changed|changelog",
    re.IGNORECASE,
)


def occasion_named(text: str) -> str:
    """The occasion that a whole text names, such as a key of a YAML block, or ""."""
    match = _VARIANT.fullmatch(text)
    return match[0].lower() if match is not None else ""


def occasion(page: Page, line: int, block: Block | None) -> str | None:
    """The occasion of a block ("" where there is one only); None where it is an aside: advice, history, an example."""
    near = list(page.headings(line)[-2:])
    if block is not None and block.kind == "fence":
        first = block.text.lstrip().split("\n", 1)[0]
        near += [first] if first.startswith(("#", "//")) else []
        above = page.block(block.line - 2)
        near += [above.text] if above is not None and above.kind == "paragraph" else []
    if any(_ASIDE.search(text) for text in near):
        return None
    match = next((found for text in near if (found := _VARIANT.search(text))), None)
    return match[0].lower() if match is not None else ""
