"""Text to blocks: headings, paragraphs, list items, table rows and fences, each with its lines.

The tokens come from `markdown.py`; what is kept of them is what statements are made of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from markdown_it.token import Token

from signoff.acceptance.reading.source.block import Block, Cell, Heading
from signoff.acceptance.reading.source.encoding import Flaw
from signoff.acceptance.reading.source.markdown import parse
from signoff.acceptance.reading.source.markup import read_markup
from signoff.acceptance.reading.source.wording import label_of, plain, slug

_EXPECTED_HEADING = re.compile(r"^expected\b[^:]{0,20}:\s*\S", re.IGNORECASE)
_FRONT_MATTER = {"---": "yaml", "+++": "toml"}
_MOST_FRONT_MATTER = 200
_FIELD = re.compile(r"\s*$|[ \t\-#\[\]}]|[\w\"'.-][\w\"'. -]*[:=](?:\s|$)")
_BOLD_LINE = re.compile(r"^\s*(?:\*\*|__)[^*\n]+(?:\*\*|__)\s*:?\s*$")


@dataclass(frozen=True, slots=True)
class Blocks:
    """All blocks in the order of the text, and what is wrong with how it is divided."""

    blocks: tuple[Block, ...]
    flaws: tuple[Flaw, ...] = ()


def read_blocks(lines: Sequence[str]) -> Blocks:
    """Divide the text; `parse` says where an unclosed fence or comment ends."""
    front = read_front_matter(lines)
    taken = front.last_line if front is not None else 0
    parsed = parse([*[""] * taken, *lines[taken:]])
    found = [] if front is None else [front]
    found += _walk(parsed.tokens, lines)
    found += [Block("other", first + 1, max(end, first + 1)) for first, end in parsed.definitions]
    return Blocks(tuple(_under_headings(found)), parsed.flaws)


@dataclass
class _Lists:
    """Where the walk is in nested lists: one entry an open item."""

    labels: list[str] = field(default_factory=list)
    texts: list[bool] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)
    last_lead: str = ""


def read_front_matter(lines: Sequence[str]) -> Block | None:
    """YAML or TOML between marks at the very beginning, as a fence of its own language."""
    language = _FRONT_MATTER.get(lines[0].strip()) if lines else None
    if language is None:
        return None
    for index in range(1, min(len(lines), _MOST_FRONT_MATTER)):
        if lines[index].strip() == lines[0].strip():
            body = lines[1:index]
            is_mapping = bool(body) and all(_FIELD.match(line) for line in body) and body[0][:1] not in " \t-#"
            text = "".join(f"{line}\n" for line in body)
            return Block("fence", 1, index + 1, text=text, info=f"front-matter {language}") if is_mapping else None
    return None


def _walk(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[Block]:
    lists = _Lists()
    header: tuple[str, ...] = ()
    for position, token in enumerate(tokens):
        first, end = token.map or (0, 0)
        place = (first + 1, max(end, first + 1))
        if token.type in ("bullet_list_open", "ordered_list_open"):
            # A list that follows another one at once has only changed its marker.
            follows = position > 0 and tokens[position - 1].type in ("bullet_list_close", "ordered_list_close")
            around = lists.leads[-1] if lists.leads else ""
            # Within an item, its own text is the label of what stands below it, and what leads the list stays.
            lead = "" if lists.labels else _lead(tokens, position)
            lists.leads.append(lead or (lists.last_lead if follows else around))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.last_lead = lists.leads.pop()
        elif token.type == "list_item_open":
            lists.labels.append("")
            lists.texts.append(False)
        elif token.type == "list_item_close":
            lists.labels.pop()
            lists.texts.pop()
        elif token.type == "heading_open":
            text = tokens[position + 1].content
            yield Block("heading", *place, text=text, info=token.tag[1:], offset=_offset(lines, first, text))
        elif token.type == "paragraph_open":
            text = tokens[position + 1].content
            labels = tuple(lists.labels[:-1])
            if lists.texts and not lists.texts[-1]:
                lists.texts[-1] = True
                lists.labels[-1] = label_of(text)[0] or (plain(text)[:-1] if text.rstrip().endswith(":") else "")
                offset, lead = _offset(lines, first, text), lists.leads[-1]
                yield Block("item", *place, text=text, offset=offset, labels=labels, lead=lead)
            else:
                yield Block("paragraph", *place, text=text, offset=_offset(lines, first, text), labels=labels)
        elif token.type == "fence":
            yield Block("fence", *place, text=token.content, info=token.info.strip())
        elif token.type == "tr_open":
            cells = cells_of(lines[first])
            if tokens[position + 1].type == "th_open":
                header = tuple(cell.text for cell in cells)
                yield Block("other", *place)
            else:
                yield Block("row", *place, text=lines[first], header=header, cells=cells)
        elif token.type == "table_open":
            yield Block("other", first + 2, first + 2)
        elif token.type == "hr":
            yield Block("other", *place)
        elif token.type == "html_block":
            markup = read_markup(lines[first : place[1]], first + 1)
            yield Block("other", *place)
            yield from markup


def _lead(tokens: Sequence[Token], position: int) -> str:
    """The line right above a list that introduces it: it ends in a colon, or is all bold."""
    if not position or tokens[position - 1].type != "paragraph_close":
        return ""
    last = tokens[position - 2].content.split("\n")[-1].strip()
    return last if last.endswith((":", ":**")) or _BOLD_LINE.match(last) else ""


def _offset(lines: Sequence[str], index: int, text: str) -> int:
    first = text.split("\n", 1)[0]
    return max(lines[index].find(first), 0) if first else 0


def cells_of(line: str) -> tuple[Cell, ...]:
    """The cells of a table row, divided at pipes that are not escaped (GitHub's rule)."""
    cells = []
    body = line.strip()
    position = line.index(body) if body else 0
    inner = body.removeprefix("|")
    position += len(body) - len(inner)
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    for part in re.split(r"(?<!\\)\|", inner):
        text = part.strip()
        cells.append(Cell(text.replace("\\|", "|"), position + (part.index(text) if text else 0)))
        position += len(part) + 1
    return tuple(cells)


def _under_headings(blocks: Sequence[Block]) -> Iterator[Block]:
    """Each block with the headings that it is under; `# Expected:` outside a fence is no heading."""
    ordered = sorted(blocks, key=lambda block: block.line)
    names = Counter(slug(block.text) for block in ordered if block.kind == "heading")
    stack: list[Heading] = []
    for block in ordered:
        if block.kind == "heading" and _EXPECTED_HEADING.match(block.text):
            yield replace(block, kind="paragraph", headings=tuple(stack))
            continue
        if block.kind == "heading":
            level = int(block.info)
            stack = [heading for heading in stack if heading.level < level]
            name = slug(block.text)
            if names[name] > 1 and stack:
                name = f"{stack[-1].slug}-{name}"
            stack.append(Heading(level, block.text, block.line, name))
        yield replace(block, headings=tuple(stack))
