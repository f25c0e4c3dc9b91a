"""The nouns of a divided document: blocks, and the cells of a table row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["heading", "paragraph", "item", "row", "fence", "other"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document. `slug` distinguishes it from every heading with another text or parent."""

    level: int
    text: str
    line: int
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell: its text and where it begins in its line, which is the row's where it is 0."""

    text: str
    offset: int
    line: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the document, lines from 1. `offset` is where its text begins in its first line.

    Of an item, `labels` are those of the items around it, and `lead` is the line that introduces its list.
    """

    kind: BlockKind
    line: int
    last_line: int
    text: str = ""
    offset: int = 0
    info: str = ""
    headings: tuple[Heading, ...] = ()
    labels: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    lead: str = ""

    def content(self) -> list[tuple[int, str]]:
        """The lines of a fence, with their numbers; only a line feed ends a line, as in the file."""
        text = self.text.removesuffix("\n")
        return list(enumerate(text.split("\n"), self.line + 1)) if self.text else []
