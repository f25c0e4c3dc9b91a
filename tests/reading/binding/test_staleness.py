"""Every statement of the shipped documents, changed in meaning and in looks: which bindings are stale afterwards.

A waiver for each criterion stands for what a binding says. One change is made to all statements that it fits, then
the document is read once, so that thousands of changes cost a few seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import Document, read_documents
from signoff.acceptance.reading.source.wording import fingerprint

TASKS = sorted((Path(__file__).parents[3] / "fixtures" / "tasks").glob("*.md"))
TODAY = date(2026, 3, 1)
Change = Callable[[str], str]
_WORD = re.compile(r"(?<![\w\[<$/@.-])[a-z]{4,}(?![\w\]>/@.-])")
_UNITS = {
    "ms": "s",
    "GB": "GiB",
    "req/s": "req/min",
    "seconds": "minutes",
    "%": " points",
    "cores": "threads",
    "h ": "d ",
}
_COMPARED = {"<": ">", "≤": "≥", ">": "<", "under": "over", "less than": "more than", "at least": "at most"}


def number(line: str) -> str:
    """Another figure: the last one of the line, one higher."""
    found = list(re.finditer(r"(?<![\w.])\d+(?![\w.]*\])", line))
    if not found:
        return line
    last = found[-1]
    return line[: last.start()] + str(int(last[0]) + 1) + line[last.end() :]


def decimals(line: str) -> str:
    return re.sub(r"(?<![\w.])(\d+)(?=\s?(?:ms|GB|s\b|%))", r"\1.5", line, count=1)


def unit(line: str) -> str:
    for old, new in _UNITS.items():
        changed = re.sub(rf"(?<=\d){re.escape(old)}(?!\w)|(?<=\d ){re.escape(old)}(?!\w)", new, line, count=1)
        if changed != line:
            return changed
    return line


def comparator(line: str) -> str:
    if "<br" in line or "->" in line:
        return line
    for old, new in _COMPARED.items():
        if old in line:
            return line.replace(old, new, 1)
    return line


def word(line: str) -> str:
    return _WORD.sub("zebras", line, count=1)


def last_word(line: str) -> str:
    found = list(_WORD.finditer(line))
    return line if not found else line[: found[-1].start()] + "zebras" + line[found[-1].end() :]


def word_less(line: str) -> str:
    return _WORD.sub("", line, count=1)


def negation(line: str) -> str:
    return _WORD.sub(lambda match: f"not {match[0]}", line, count=1)


def truth(line: str) -> str:
    return re.sub(r"\b(true|false)\b", lambda match: "false" if match[0] == "true" else "true", line, count=1)


def bold(line: str) -> str:
    return _WORD.sub(lambda match: f"**{match[0]}**", line, count=1) if "**" not in line and "|" not in line else line


def bold_less(line: str) -> str:
    """A bold label can be what makes a demand of a paragraph or an item; in a box it is only bold."""
    box = line.startswith("- [ ] ")
    return re.sub(r"\*\*(.+?)\*\*", r"\1", line) if box and line.count("**") == 2 else line


def emoji(line: str) -> str:
    return f"{line} \N{SPARKLES}"


def marker(line: str) -> str:
    return re.sub(r"^(\s*)- ", r"\1* ", line)


def tick(line: str) -> str:
    return line.replace("- [ ] ", "- [x] ", 1)


def blanks(line: str) -> str:
    lead = len(line) - len(line.lstrip())
    return line[:lead] + re.sub(r"(?<!\[) (?!\])", "  ", line[lead:]) + "   "


def symbol(line: str) -> str:
    return line.replace("≤", "<=").replace("≥", ">=")


def reflow(line: str) -> str:
    """The text of an item on two lines."""
    match = re.match(r"^(\s*)(?:[-*]|\d+\.)\s+(?:\[[ x]\]\s+)?", line)
    # A line that begins with a figure or a sign can be a list, a quote or a heading by itself.
    cut = re.compile(r" (?=[A-Za-z]\w)").search(line, (match.end() if match else 0) + 12)
    if match is None or cut is None:
        return line
    return line[: cut.start()] + "\n" + match[1] + "   " + line[cut.end() :]


MEANING: tuple[Change, ...] = (number, decimals, unit, comparator, word, last_word, word_less, negation, truth)
LOOKS: tuple[Change, ...] = (bold, bold_less, emoji, marker, tick, blanks, symbol, reflow)


def bound(path: Path, folder: Path) -> Document:
    """A shipped document in a folder of its own, with a waiver for each of its criteria."""
    copy = folder / path.name
    copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    for payload in path.parent.glob("*.json"):
        (folder / payload.name).write_bytes(payload.read_bytes())
    document = read_documents([copy], KINDS, TODAY).documents[0]
    entries = (
        f'[[waive]]\ncriterion = "{criterion.id}"\nfingerprint = "{criterion.fingerprint}"\n'
        'owner = "o"\nreason = "r"\nexpires = 2026-04-01\n'
        for criterion in document.criteria
    )
    copy.with_name(f"{copy.stem}.signoff.toml").write_text("\n".join(entries), encoding="utf-8")
    return document


def changed(document: Document, change: Change) -> tuple[Document, set[int]]:
    """The document read again with every statement changed that the change fits, and the lines of those."""
    path = Path(document.path)
    fenced = {
        line for block in document.blocks if block.kind == "fence" for line in range(block.line, block.last_line + 1)
    }
    lines = list(document.text)
    touched: set[int] = set()
    for statement in document.statements:
        line = statement.line
        if line in touched or (change in LOOKS and line in fenced):
            continue
        old = lines[line - 1]
        # A change of meaning is one of the statement's own words, not of another cell or of a list marker.
        text = statement.text if change in MEANING and statement.text in old else ""
        new = old.replace(text, change(text), 1) if text else change(old) if change in LOOKS else old
        if new != old:
            lines[line - 1] = new
            touched.add(line)
    before = path.read_text(encoding="utf-8")
    path.write_text("\n".join(lines), encoding="utf-8")
    try:
        return read_documents([path], KINDS, TODAY).documents[0], touched
    finally:
        path.write_text(before, encoding="utf-8")


def at(document: Document, lines: set[int]) -> Iterator[str]:
    return (criterion.id for criterion in document.criteria if criterion.line in lines)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    return [bound(path, tmp_path_factory.mktemp(path.stem)) for path in TASKS]


@pytest.mark.parametrize("change", MEANING, ids=lambda change: change.__name__)
def test_no_binding_survives_a_change_of_meaning(documents: list[Document], change: Change) -> None:
    for document in documents:
        again, touched = changed(document, change)
        assert set(at(document, touched)) & set(again.waivers) == set()


@pytest.mark.parametrize("change", LOOKS, ids=lambda change: change.__name__)
def test_a_change_of_looks_leaves_bindings_as_they_are(documents: list[Document], change: Change) -> None:
    lost = {}
    total = 0
    for document in documents:
        again, touched = changed(document, change)
        ids = set(at(document, touched))
        total += len(ids)
        lost[document.title] = ids - set(again.waivers)
    assert sum(len(ids) for ids in lost.values()) <= total / 100, lost


def test_there_are_enough_changes_of_both_sorts(documents: list[Document]) -> None:
    counts = {
        name: sum(len(changed(document, change)[1]) for document in documents for change in changes)
        for name, changes in (("meaning", MEANING), ("looks", LOOKS))
    }
    assert min(counts.values()) >= 500, counts


def test_headings_may_be_decorated(documents: list[Document]) -> None:
    for document in documents:
        path = Path(document.path)
        before = path.read_text(encoding="utf-8")
        fenced = {
            n for block in document.blocks if block.kind == "fence" for n in range(block.line, block.last_line + 1)
        }
        lines = [
            re.sub(r"^(#{2,6}) (?!\*\*)(.+)$", "\\1 \N{SPARKLES} **\\2**", line) if number not in fenced else line
            for number, line in enumerate(document.text, 1)
        ]
        path.write_text("\n".join(lines), encoding="utf-8")
        again = read_documents([path], KINDS, TODAY).documents[0]
        path.write_text(before, encoding="utf-8")
        assert set(again.waivers) == {criterion.id for criterion in document.criteria}


@pytest.mark.parametrize(
    ("one", "other"), [("at -40 °C", "at 40 °C"), ("within ±5 %", "within 5 %"), ("30-60 s", "90-60 s")]
)
def test_signs_are_part_of_what_a_statement_says(one: str, other: str) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_dashes_between_words_are_not() -> None:
    assert fingerprint("end-to-end - 5 times") == fingerprint("end to end \N{EN DASH} 5 times")
