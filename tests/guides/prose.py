"""The prose check: banned wordings in what people read, with their replacements; `nox -s lint` runs it.

Looked at are Markdown outside code, page templates, docstrings, and string literals with a space in them: messages and
help. codespell, the nearest tool, takes single words only and reads identifiers and comments too.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parent.parent.parent
TABLE = Path(__file__).with_name("wordings.toml")
CODE = ("acceptance", "coherence", "perf", "reports", "reference_services", "training")
CODE_SPAN = re.compile(r"`[^`]*`")
MARKUP = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<style.*?</style>|<[^>]*>", re.DOTALL)


@dataclass(frozen=True)
class Passage:
    """A text for people, and the line on which it begins."""

    file: str
    line: int
    text: str


@dataclass(frozen=True)
class Wording:
    """What is banned, what is said instead, and the files that may hold it."""

    pattern: re.Pattern[str]
    instead: str
    allowed: tuple[str, ...]


def wordings(text: str) -> list[Wording]:
    """The table of banned wordings."""
    return [
        Wording(re.compile(row["banned"], re.IGNORECASE), row["instead"], tuple(row.get("allowed", ())))
        for row in tomllib.loads(text)["wording"]
    ]


def of_markdown(file: str, text: str) -> Iterator[Passage]:
    for token in MarkdownIt().enable("table").parse(text):
        if token.type == "inline" and token.map is not None:
            yield Passage(file, token.map[0] + 1, " ".join(_words(token.children or ())))


def _words(tokens: Iterable[Token]) -> Iterator[str]:
    """What an inline token says outside code spans."""
    for token in tokens:
        yield token.content if token.type == "text" else "\n" if token.type == "softbreak" else ""


def of_template(file: str, text: str) -> Iterator[Passage]:
    yield Passage(file, 1, MARKUP.sub(lambda found: "\n" * found[0].count("\n"), text))


def of_python(file: str, text: str) -> Iterator[Passage]:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield Passage(file, node.lineno, CODE_SPAN.sub("", node.value))


def passages(root: Path, data: tuple[str, ...]) -> Iterator[Passage]:
    """Everything that a person reads, but for files of which the table says that they hold data."""
    guides = [*root.glob("*.md"), *(root / "docs").rglob("*.md")]
    readers = [(file, of_markdown) for file in sorted(guides)]
    for top in CODE:
        readers += [(file, of_python) for file in sorted((root / top).rglob("*.py"))]
        readers += [(file, of_template) for file in sorted((root / top).rglob("*.j2"))]
    for file, reader in readers:
        name = file.relative_to(root).as_posix()
        if not name.startswith(data):
            yield from reader(name, file.read_text(encoding="utf-8"))


def found(passage: Passage, table: Iterable[Wording]) -> Iterator[str]:
    """One line for each banned wording in a passage: where it is, and what to write."""
    for wording in table:
        for match in wording.pattern.finditer(passage.text):
            if not passage.file.startswith(wording.allowed or ("//",)):
                line = passage.line + passage.text.count("\n", 0, match.start())
                yield f"{passage.file}:{line}: {' '.join(match[0].split())!r}: write {wording.instead}"


def problems(root: Path) -> list[str]:
    """The banned wordings of the whole project."""
    text = TABLE.read_text(encoding="utf-8")
    data = tuple(tomllib.loads(text)["data"])
    table = wordings(text)
    return [line for passage in passages(root, data) for line in found(passage, table)]


if __name__ == "__main__":
    lines = problems(ROOT)
    print("\n".join(lines), end="\n" if lines else "")
    sys.exit(1 if lines else 0)
