"""No item of a document disappears without a word, whatever happens to the document.

Task documents are damaged at random. An own scanner, which knows nothing of Markdown, finds every line that asks for
something by its form; each has to be a statement, or a diagnostic has to name it or what hides it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signoff.acceptance.checks import KINDS
from signoff.acceptance.errors import DocumentUnreadable
from signoff.acceptance.reading import Document, read_documents, reading
from signoff.acceptance.reading.diagnostics.codes import CODES

ROOT = Path(__file__).parents[3]
SHORT = """# Task

## Success Criteria

- [ ] Latency < 1 s
- [x] Memory < 2 GB
  and more words

Text.
"""
FENCED = """# Task

```bash
curl http://localhost:1/health
# Expected: {"status": "ok"}

# Expected: fine
```

- [ ] a
"""
TABLE = """# T

| Step | Done | Success Criteria |
|---|---|---|
| 1 | x | loaded |
| 2 | y | port 80 answers |

End.
"""
METRICS = """# T

## Metrics

- Latency: 5 ms (target: 3 ms)
- Memory: (target: 2 GB)

1. [ ] one
2. [ ] two

> - [ ] three
"""
CONFIGURED = """# T

```yaml
service:
  port: 1
```

```python
config = C(port=1)
```

```
APP_PORT=1
```

- [ ] ✅ größer → 1
"""
TASKS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "fixtures" / "tasks").glob("*.md"))]
SOURCES = [SHORT, FENCED, TABLE, METRICS, CONFIGURED, *TASKS]
LINES = [
    "```",
    "```bash",
    "~~~",
    "~~~text",
    "````",
    "    ```",
    "- ```",
    "> ```",
    "```json",
    "`````markdown",
    "<!--",
    "-->",
    "<!-- x -->",
    "<pre>",
    "</pre>",
    "<div>",
    "<script>",
    "<![CDATA[",
    "<?x",
    "<!-- signoff: off -->",
    "## Success Criteria",
    "# T",
    "##",
    "---",
    "===",
    "|---|---|",
    "| a | b |",
    "[x]: http://localhost",
    "> quote",
    "- [ ]",
    "- [ ] new",
    "2. [ ] new",
    "        - [ ] far",
    "text",
    "\ttab",
    "",
    "# Expected: new",
    "    # Expected: new",
    "> # Expected: new",
    "EOF",
    "cat <<EOF",
    "echo 'open",
    "\x0c",
    "$$",
    "- - [ ] twice",
    "> > - [ ] quoted",
    "- [ ] \x00nul",
    "\ufeff- [ ] bom",
]
WAYS = ["none", "none", "none", "crlf", "cr", "bom", "mac", "latin", "utf16", "cut", "nul"]
BOX = re.compile(r"^[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)+\[[ xX]\](?:\s|$)")
EXPECTED = re.compile(r"^\s*#\s*Expected\s*:", re.IGNORECASE)
DASHES = re.compile(r"^\|(?:\s*-{3,}\s*\|)+\s*$")
HIDING = {"fence-unclosed", "comment-unclosed", "html-unclosed", "table-unread", "nested-too-deeply"}


def explicit_items(lines: list[str]) -> set[int]:
    """The lines that ask for something by their form."""
    found = {number for number, line in enumerate(lines, 1) if BOX.match(line) or EXPECTED.match(line)}
    for index in range(len(lines) - 2):
        head = [cell.strip() for cell in lines[index].strip().strip("|").split("|")]
        if lines[index].startswith("|") and "Success Criteria" in head and DASHES.match(lines[index + 1]):
            column = head.index("Success Criteria")
            for number in range(index + 2, len(lines)):
                cells = [cell.strip() for cell in lines[number].strip().strip("|").split("|")]
                if not lines[number].startswith("|"):
                    break
                if len(cells) > column and re.search(r"\w", cells[column]):
                    found.add(number + 1)
    return found


def reported(document: Document) -> set[int]:
    """The lines that a diagnostic names, or that stand behind what a diagnostic says hides them."""
    named = {found.line for found in document.diagnostics}
    hiding = [found.line for found in document.diagnostics if found.code in HIDING]
    for begin in hiding:
        # What an unclosed fence or a broken table takes ends at the first line that was read again.
        first = min((s.line for s in document.statements if s.line > begin), default=document.lines + 1)
        named |= set(range(begin, first))
    return named


def law_holds(data: bytes) -> None:
    """Read the document and compare it with what the scanner finds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "task.md"
        path.write_bytes(data)
        try:
            document = read_documents([path], KINDS).documents[0]
        except DocumentUnreadable as error:
            assert error.hint  # noqa: PT017
            return
    assert document.dropped == 0
    lines = list(document.text)
    assert len(document.line_kinds) == len(lines)
    begins = {statement.line for statement in document.statements}
    lost = explicit_items(lines) - begins - reported(document)
    assert not lost, [(number, lines[number - 1]) for number in sorted(lost)]
    for statement in document.statements:
        assert 1 <= statement.line <= len(lines)
        assert statement.line in statement.lines
    is_moved = any(found.code in ("encoding-repaired", "bom-inside") for found in document.diagnostics)
    for statement in document.statements:
        if statement.type == "checkbox" and not is_moved:
            assert lines[statement.line - 1][statement.column - 1 :].lstrip("\ufeff\\")[:1] not in ("", " ", "-", ">")
    for found in document.diagnostics:
        assert found.hint, found
        assert found.code in CODES
        assert 1 <= found.line <= max(len(lines), 1)
        assert 1 <= found.column <= len(found.excerpt) + 1, found


Change = Callable[[list[str], st.DataObject], None]


def drop(lines: list[str], data: st.DataObject) -> None:
    del lines[data.draw(st.integers(0, len(lines) - 1))]


def duplicate(lines: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(lines) - 1))
    lines.insert(data.draw(st.integers(0, len(lines))), lines[index])


def indent(lines: list[str], data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(lines) - 1))
    prefix = data.draw(st.sampled_from(["  ", "    ", "        ", "\t", "> ", "- ", "> - ", "1. ", "  > "]))
    for index in range(begin, min(begin + data.draw(st.integers(1, 6)), len(lines))):
        lines[index] = prefix + lines[index]


def insert(lines: list[str], data: st.DataObject) -> None:
    lines.insert(data.draw(st.integers(0, len(lines))), data.draw(st.sampled_from(LINES)))


def remove_a_fence(lines: list[str], data: st.DataObject) -> None:
    fences = [index for index, line in enumerate(lines) if line.lstrip().startswith(("```", "~~~"))]
    if fences:
        del lines[data.draw(st.sampled_from(fences))]


def swap(lines: list[str], data: st.DataObject) -> None:
    first, second, third = sorted(data.draw(st.integers(0, len(lines))) for _ in range(3))
    lines[first:third] = lines[second:third] + lines[first:second]


def join(lines: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(lines) - 1))
    lines[index : index + 2] = ["".join(lines[index : index + 2])]


CHANGES: tuple[Change, ...] = (drop, duplicate, indent, insert, insert, insert, remove_a_fence, swap, join)


def in_bytes(text: str, data: st.DataObject) -> bytes:
    """What happens to a document on its way through programs."""
    way = data.draw(st.sampled_from(WAYS))
    if way == "crlf":
        text = text.replace("\n", "\r\n")
    elif way == "cr":
        text = text.replace("\n", "\r")
    encoded = text.encode()
    if way == "bom":
        encoded = b"\xef\xbb\xbf" + encoded
    elif way in ("mac", "latin"):
        name = "mac_roman" if way == "mac" else "latin-1"
        encoded = (b"\xef\xbb\xbf" + encoded).decode(name).encode()
    elif way == "utf16":
        encoded = text.encode("utf-16")
    elif way == "cut":
        encoded = encoded[: data.draw(st.integers(0, len(encoded)))]
    elif way == "nul":
        position = data.draw(st.integers(0, len(encoded)))
        encoded = encoded[:position] + b"\0" + encoded[position:]
    return encoded


def part_of(text: str, data: st.DataObject) -> list[str]:
    """Forty lines of a document: what surrounds them makes no difference, and small documents are read fast."""
    lines = text.split("\n")
    begin = data.draw(st.integers(0, max(len(lines) - 40, 0)))
    return lines[begin : begin + 40]


@settings(deadline=None, max_examples=500, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(st.data())
@pytest.mark.parametrize("share", [0, 1])
def test_no_item_of_a_mutated_document_disappears_without_a_word(share: int, data: st.DataObject) -> None:
    lines = part_of(data.draw(st.sampled_from(SOURCES[share::2])), data)
    for change in data.draw(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=5)):
        if lines:
            change(lines, data)
    law_holds(in_bytes("\n".join(lines) + "\n", data))


@settings(deadline=None, max_examples=100, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(st.data())
def test_no_byte_of_a_document_breaks_its_reading(data: st.DataObject) -> None:
    encoded = bytearray("\n".join(part_of(data.draw(st.sampled_from(SOURCES)), data)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    law_holds(bytes(encoded))


def test_the_law_is_able_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "free_demands", lambda blocks, lines: (tuple(blocks), ()))
    with pytest.raises(AssertionError, match="swallowed"):
        law_holds(b"Text\n2. [ ] swallowed\n\n- [ ] box\n")
