"""The block parser: CommonMark with tables, in which what nobody closes ends where the document goes on.

CommonMark lets an unclosed fence or comment swallow the rest without a word. Here it ends, and is reported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_block import blockquote as commonmark_quote
from markdown_it.rules_block import html_block as commonmark_html
from markdown_it.rules_block.html_block import HTML_SEQUENCES
from markdown_it.rules_block.state_block import StateBlock
from markdown_it.token import Token

from signoff.acceptance.reading.source.encoding import Flaw

_FENCE = re.compile(r"(?P<marks>`{3,}|~{3,})[ \t]*(?P<info>.*)$")
# A single # is a comment in most fenced languages; two or more are a heading in none of them.
_GOES_ON_AFTER_CODE = re.compile(r"#{2,6}\s+\S|(?:[-*+]|\d+[.)])\s+\[[ xX]\](?:\s|$)")
_GOES_ON_AFTER_HTML = re.compile(r"#{1,6}\s|(?:[-*+]|\d+[.)])\s+\[[ xX]\](?:\s|$)|$")
# What a block of HTML begins with that ends at no blank line, what ends it, and what people call it.
_HTML = (
    (re.compile(r"<!--"), re.compile(r"-->"), "comment"),
    (re.compile(r"<(script|pre|style|textarea)(?=\s|>|$)", re.IGNORECASE), re.compile(r"</\w+>"), "element"),
    (re.compile(r"<\?"), re.compile(r"\?>"), "instruction"),
    (re.compile(r"<!\[CDATA\["), re.compile(r"\]\]>"), "section"),
    (re.compile(r"<![A-Za-z]"), re.compile(r">"), "declaration"),
)
# The same as the parser knows it: what begins such a block, and what ends it.
_ENDS = tuple(
    (opens, name, closes)
    for name, (opens, closes, _) in zip(
        ("element", "comment", "instruction", "declaration", "section"), HTML_SEQUENCES, strict=False
    )
)
_COMMENT = re.compile(r"<!--")
_TAG_END = re.compile(r"</\w+>")
_DASHES = re.compile(r"\|(?:\s*:?-{3,}:?\s*\|)+\s*$")
DEEPEST = 100
# Each line is looked at once for each quote and list around it; a long text may nest less deeply.
_MOST_LEVELS_OF_LINES = 1_000_000
_LEAST_DEEPEST = 10
# So many lines may be looked at for quotes that turn out to end above them.
_MOST_WASTE = 100_000
_DIRECTIVE = re.compile(r"<!--\s*signoff\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The tokens of a text, the definitions of its links as (first, end) line indices, and what was corrected."""

    tokens: Sequence[Token]
    definitions: tuple[tuple[int, int], ...]
    flaws: tuple[Flaw, ...]


def parse(lines: Sequence[str]) -> Parsed:
    """Block tokens of the lines; inline markup is left in their contents."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table").disable("code").disable("inline")
    deepest = min(DEEPEST, max(_LEAST_DEEPEST, _MOST_LEVELS_OF_LINES // max(len(lines), 1)))
    parser.options["maxNesting"] = 2 * deepest
    parser.block.ruler.before("table", "too_deep", _too_deep)
    containers = ["paragraph", "reference", "blockquote", "list"]
    parser.block.ruler.at("fence", _fence, {"alt": containers})
    parser.block.ruler.at("html_block", _html, {"alt": containers[:3]})
    parser.block.ruler.at("blockquote", _quote, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    flaws: list[Flaw] = []
    environment: dict[str, object] = {"flaws": flaws, "deepest": deepest, "scanned": {}}
    environment |= {"furthest": 0, "waste": _MOST_WASTE + 2 * len(lines)}
    tokens = parser.parse("\n".join(lines), environment)
    references = environment.get("references", {})
    assert isinstance(references, dict)
    repeated = environment.get("duplicate_refs", [])
    assert isinstance(repeated, list)
    definitions = tuple(tuple(found["map"]) for found in [*references.values(), *repeated])
    return Parsed(tokens, definitions, tuple(flaws))


def _text(state: StateBlock, index: int) -> str:
    return state.src[state.bMarks[index] + state.tShift[index] : state.eMarks[index]]


def _too_deep(state: StateBlock, begin: int, end: int, silent: bool) -> bool:
    """One line as a paragraph where quotes and lists are nested deeper than a parser can follow."""
    deepest = state.env["deepest"]
    if state.level < deepest:
        return False
    flaws = state.env["flaws"]
    if not (flaws and flaws[-1].code == "nested-too-deeply" and flaws[-1].line >= begin):
        message = f"lists and quotes are nested {deepest} deep here; what is deeper is read line by line"
        flaws.append(Flaw("nested-too-deeply", "warning", begin + 1, 1, message, "nest less"))
    state.line = begin + 1
    token = state.push("paragraph_open", "p", 1)
    token.map = [begin, state.line]
    state.push("inline", "", 0).content = _text(state, begin).strip()
    state.push("paragraph_close", "p", -1)
    return True


def _quote(state: StateBlock, begin: int, end: int, silent: bool) -> bool:
    """A quote by CommonMark's rules.

    The parser goes on through lines without a mark, which a paragraph of the quote may take, and begins again at the
    first that none takes. Where that has cost too much, a quote is looked at up to its last line with a mark: a
    paragraph takes what follows it all the same, and only a mark behind that begins another quote.
    """
    if silent:
        return commonmark_quote(state, begin, end, silent)
    if state.env["waste"] <= 0:
        stop = begin + 1
        while stop < end and _text(state, stop).startswith(">") and not _is_outside(state, stop):
            stop += 1
        return commonmark_quote(state, begin, stop, silent)
    before, state.env["furthest"] = state.env["furthest"], begin
    is_quote = commonmark_quote(state, begin, end, silent)
    if is_quote:
        state.env["waste"] -= max(state.env["furthest"] - state.line, 0)
    state.env["furthest"] = max(before, state.env["furthest"])
    return is_quote


def _fence(state: StateBlock, begin: int, end: int, silent: bool) -> bool:
    """A fence by CommonMark's rules, but one that is not closed ends at the next heading, fence or box."""
    if silent and state.parentType == "blockquote":
        # Of the rules that may end a quote this one is asked first, of each line without a mark.
        state.env["furthest"] = max(state.env["furthest"], begin)
    opening = _FENCE.match(_text(state, begin))
    if opening is None or (opening["marks"][0] == "`" and "`" in opening["info"]):
        return False
    if silent:
        return True
    last, is_closed, why = _end_of_fence(state, begin, end, opening["marks"])
    if not is_closed:
        rest = f"reading goes on in line {last + 1}" if last < state.lineMax else "all below it is read as code"
        message = f"this fence is {why}; {rest}"
        column = state.bMarks[begin] + state.tShift[begin] - _line_begin(state, begin) + 1
        hint = f"close the fence with {opening['marks']} on a line of its own"
        if "next one" in why:
            hint += "; if it holds other fences, begin and end it with more marks than theirs"
        width = len(opening[0].rstrip())
        state.env["flaws"].append(Flaw("fence-unclosed", "error", begin + 1, column, message, hint, width))
    state.line = last + is_closed
    token = state.push("fence", "code", 0)
    token.info = opening["info"]
    token.content = state.getLines(begin + 1, last, state.sCount[begin], True)
    token.markup = opening["marks"]
    token.map = [begin, state.line]
    return True


def _end_of_fence(state: StateBlock, begin: int, end: int, marks: str) -> tuple[int, bool, str]:
    """The index of the closing line, or of the first line that is no code; whether it is closed; why it is not."""
    for index in range(begin + 1, end):
        inner = _FENCE.match(_text(state, index))
        fits = inner is not None and inner["marks"][0] == marks[0] and len(inner["marks"]) >= len(marks)
        if fits and inner is not None and not inner["info"].strip():
            # Also outside the list item that the fence stands in: a new fence is never meant there.
            return index, True, ""
        why = f"not closed before its list item or quote ends in line {index + 1}" if _is_outside(state, index) else ""
        if fits and not why:
            # Its author believed that the first one was closed.
            why = f"not closed before the next one opens in line {index + 1}"
        if why:
            return _goes_on(state, begin + 1, index, _GOES_ON_AFTER_CODE), False, why
    return _goes_on(state, begin + 1, end, _GOES_ON_AFTER_CODE), False, "never closed"


def _html(state: StateBlock, begin: int, end: int, silent: bool) -> bool:
    """HTML by CommonMark's rules, but a comment or element that is not closed ends with its paragraph."""
    first = _text(state, begin)
    is_open = None if silent else _unclosed(state, begin, end, first)
    if is_open is None and not commonmark_html(state, begin, end, silent):
        return False
    if silent:
        return True
    if _DIRECTIVE.match(first):
        message = "Signoff takes no orders from comments, so this one changes nothing"
        hint = "say it in the binding file beside the document (<stem>.signoff.toml)"
        state.env["flaws"].append(Flaw("comment-directive", "warning", begin + 1, 1, message, hint, len(first)))
    kind = next((row for row in _HTML if row[0].match(first)), None)
    if kind is None:
        return True
    opens, closes, name = kind
    if is_open is None:
        token, stop = state.tokens[-1], state.line
        body = token.content[token.content.index("<") :]
        is_closed = closes.search(body, 2) is not None
        if is_closed and not (name == "comment" and "<!--" in body[4:].partition("-->")[0]):
            return True
    else:
        token, stop = state.push("html_block", "", 0), is_open
    last = _goes_on(state, begin + 1, stop, _GOES_ON_AFTER_HTML)
    opening = opens.match(first)
    shown = opening[0] if opening else "<"
    rest = f"reading goes on in line {last + 1}" if last < state.lineMax else "it takes the rest of the text"
    message = f"this {name} is never closed; {rest}"
    code = "comment-unclosed" if name == "comment" else "html-unclosed"
    state.env["flaws"].append(
        Flaw(code, "error", begin + 1, 1, message, f"end it with {_closing(shown)}", len(first.rstrip()))
    )
    state.line = last
    token.map = [begin, last]
    token.content = state.getLines(begin, last, state.blkIndent, True)
    return True


def _unclosed(state: StateBlock, begin: int, end: int, first: str) -> int | None:
    """Where the HTML of a line would end that nobody closes, known without reading all that it would take.

    None where it is closed, or is no HTML that ends elsewhere than at an empty line.
    """
    kind = next((row for row in _ENDS if row[0].match(first)), None)
    if kind is None or state.is_code_block(begin):
        return None
    name, closes = kind[1], kind[2]
    if closes.search(first):
        return None
    stop, is_closed = _first_line(state, begin + 1, end, closes)
    if is_closed:
        again, is_reopened = _first_line(state, begin + 1, end, _COMMENT) if name == "comment" else (0, False)
        if "<!--" in first[4:] or (is_reopened and again < stop):
            return stop + 1
        if not is_reopened or again > stop or _text(state, stop).find("<!--") > _text(state, stop).find("-->"):
            return None
        return stop + 1
    if name == "element":
        _, is_ended = _first_line(state, begin + 1, stop, _TAG_END)
        return None if is_ended or _TAG_END.search(first, 2) else stop
    return stop


def _first_line(state: StateBlock, begin: int, end: int, pattern: re.Pattern[str]) -> tuple[int, bool]:
    """The first line of a container that holds something, and True; else the line at which the search ends.

    What one search went past, no other looks at again.
    """
    known = state.env["scanned"]
    key = (pattern, state.blkIndent, state.level, end)
    first, stop, is_found = known.get(key, (1, 0, False))
    if first <= begin <= stop:
        return stop, is_found
    index, is_found = begin, False
    while index < end and not _is_outside(state, index):
        if pattern.search(_text(state, index)):
            is_found = True
            break
        index += 1
    known[key] = (begin, index, is_found)
    return index, is_found


def _closing(opening: str) -> str:
    return {"<!--": "-->", "<?": "?>", "<![CDATA[": "]]>"}.get(opening, f"</{opening[1:]}>")


def _is_outside(state: StateBlock, index: int) -> bool:
    """Whether a line that says something stands left of the list item that is being read."""
    return state.sCount[index] < state.blkIndent and not state.isEmpty(index)


def _goes_on(state: StateBlock, begin: int, end: int, pattern: re.Pattern[str]) -> int:
    """The first line where the document visibly goes on; `end` where there is none."""
    return next((index for index in range(begin, end) if _resumes(state, index, pattern)), end)


def _resumes(state: StateBlock, index: int, pattern: re.Pattern[str]) -> bool:
    text = _text(state, index)
    # An indented `## comment` belongs to the code.
    if text.startswith("#") and state.sCount[index] > state.blkIndent:
        return False
    return pattern.match(text) is not None or _begins_table(state, index, text)


def _begins_table(state: StateBlock, index: int, text: str) -> bool:
    """Whether a table begins here, with its row of dashes below: no code, whatever fence is open."""
    return text.startswith("|") and index + 1 < state.lineMax and _DASHES.match(_text(state, index + 1)) is not None


def _line_begin(state: StateBlock, index: int) -> int:
    return state.src.rfind("\n", 0, state.bMarks[index]) + 1
