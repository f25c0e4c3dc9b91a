"""Reading the written documents back, the way a browser or a Markdown reader would."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

VOID = {"meta", "br", "link", "rect", "line", "circle", "img", "hr", "input"}


@dataclass
class Page(HTMLParser):
    """Tags, texts, ids and criterion rows of one HTML page; `errors` holds tags that do not match."""

    tags: Counter[str] = field(default_factory=Counter)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    criteria: list[tuple[str, str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self._section = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        values = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in values.items()]
        if tag == "section":
            self._section = values["id"]
        if "data-criterion" in values:
            self.criteria.append((self._section, values["data-criterion"], values["data-outcome"]))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.errors.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def read_page(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    return page


def tokens(markdown: str) -> list[Token]:
    """All tokens, block and inline, with raw HTML enabled so that an injection would be seen."""
    flat: list[Token] = []
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown):
        flat += [token, *(token.children or [])]
    return flat


def cells(markdown: str) -> list[tuple[str, list[list[str]]]]:
    """Each table with the heading above it, its rows as plain texts; the first row is the head."""
    found: list[tuple[str, list[list[str]]]] = []
    heading, previous = "", None
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown):
        if token.type == "inline" and previous == "heading_open":
            heading = plain(token)
        elif token.type == "table_open":
            found.append((heading, []))
        elif token.type == "tr_open":
            found[-1][1].append([])
        elif token.type == "inline" and previous in {"td_open", "th_open"}:
            found[-1][1][-1].append(plain(token))
        previous = token.type
    return found


def plain(token: Token) -> str:
    """What a reader sees of an inline token."""
    return "".join(child.content for child in token.children or [])
