"""Paragraphs to statements: expectations, boxes and limits on lines of their own, sentences that ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from signoff.acceptance.reading.sections.normative import asks, has_figure, sentences
from signoff.acceptance.reading.sections.roles import is_story
from signoff.acceptance.reading.sections.scenario import (
    demands_of,
    is_whole,
    leads_to_then,
    scenario_statements,
    step_of,
)
from signoff.acceptance.reading.sections.sections import (
    is_aside,
    is_front,
    is_identified,
    is_told_label,
    role_of_sentence,
)
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.source import Source
from signoff.acceptance.reading.source.wording import box_of, label_of, plain
from signoff.acceptance.reading.statements.fences import Surroundings
from signoff.acceptance.reading.statements.places import Places

_EXPECTED = re.compile(
    r"^[\s>*_`]*expect(?:ed|s|ation)?(?:\s+(?:http\s+)?(?:output|result|response|status|answer|reply|value|behaviou?r"
    r"|outcome|code|status code)s?)?[\s*_]*:[\s*_]*(?P<text>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
_PAIR = re.compile(r"^(?P<label>[A-Za-z][\w /()%&+.-]{0,60}?)(?:\s*[:\u2013\u2014]|\s-)\s+(?P<value>\S.*)$")
_METRIC = re.compile(
    r"\b(?:latency|latencies|p\d{2}(?:\.\d+)?|percentile|throughput|rps|qps|memory|ram|vram|disk|storage|cpu|cores?|context"
    r"|availability|uptime|error (?:rate|budget)|time-?out|ttft|tokens?|concurren\w+|load(?:ing)? time|response times?"
    r"|size|rate limit|coverage|start-?up|cold start|sla|slo|limit|budget|recovery|retention|gpu)\b",
    re.IGNORECASE,
)
# What a line of an interface promises by its label alone.
_CONTRACT = re.compile(
    r"^(?:auth(?:entication|orization|orisation)?|route|path|url|endpoint|method|headers?|content[- ]type|rate limits?"
    r"|response(?: time| format| code)?|returns?|status codes?|errors?|protocol|port|tls|encryption|streaming"
    r"|idempotency|pagination|validation|retries|acceptance|requirement|constraint|invariant|guarantee|slo|sla"
    r"|target|limit|time-?out)s?$",
    re.IGNORECASE,
)
_NO_CONTRACT = re.compile(r"^\W*(?:n/?a|none|tbd|no\b|not (?:required|needed|applicable))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Segment:
    """Lines of a paragraph that belong together: where they begin and end in its text."""

    text: str
    begin: int


def paragraph_statements(source: Source, block: Block, around: Surroundings) -> Iterator[Statement]:
    """What a paragraph asks for; a sentence that only describes is none of its statements."""
    if _is_scenario(block):
        steps = list(enumerate(block.text.split("\n"), block.line))
        yield from scenario_statements(source, steps, block.headings)
        return
    places = Places(source, block)
    segments = list(_segments(block.text))
    found = [list(_segment(block, segment, places, around)) for segment in segments]
    statements = [statement for group in found for statement in group]
    if all(statement.role == "objective" for statement in statements) and statements:
        # An objective is one statement, however many sentences it takes.
        lines = tuple(range(block.line, block.last_line + 1))
        column = source.column(block.line, block.offset)
        yield Statement("prose", block.line, column, lines, plain(block.text), block.headings, "objective")
        return
    yield from statements


def _is_scenario(block: Block) -> bool:
    lines = block.text.split("\n")
    return len(lines) > 1 and step_of(lines[0]) in ("given", "when", "scenario") and leads_to_then(lines[1:], 0)


def _segments(text: str) -> Iterator[_Segment]:
    """The parts of a paragraph: a line that begins with a box, a label or a number of its own begins one."""
    begin, position = 0, 0
    lines = text.split("\n")
    # Where every line is a field, each is one for itself.
    are_fields = len(lines) > 1 and all(len(line) < 300 and _PAIR.match(plain(line)) for line in lines)
    for line in lines:
        if position > begin and (are_fields or _begins(line)):
            yield _Segment(text[begin : position - 1], begin)
            begin = position
        position += len(line) + 1
    yield _Segment(text[begin:], begin)


def _begins(line: str) -> bool:
    start = line[:200]
    return (
        box_of(start) is not None
        or _EXPECTED.match(start) is not None
        or label_of(start)[0] != ""
        or is_identified(start)
        or _limited_pair(start) is not None
    )


def _limited_pair(text: str) -> tuple[str, str] | None:
    """The label and value of a line such as `Latency: < 2 s`."""
    match = _PAIR.match(plain(text)) if len(text) < 300 else None
    if match is None or "\n" in text.strip() or not _METRIC.search(match["label"]):
        return None
    value = match["value"]
    is_short = len(value) < 120 and len(list(sentences(value))) == 1
    return (
        (match["label"], value) if is_short and (has_figure(value) or re.match(r"[<>\u2264\u2265=~]", value)) else None
    )


def _segment(block: Block, segment: _Segment, places: Places, around: Surroundings) -> Iterator[Statement]:
    text, end = segment.text, segment.begin + len(segment.text)
    boxed = box_of(text)
    place = (places.line(segment.begin), places.column(segment.begin), places.lines(segment.begin, end))
    if boxed is not None:
        yield Statement("checkbox", *place, plain(boxed), block.headings, "", label_of(boxed)[0])
        return
    expected = _EXPECTED.match(text)
    if expected is not None:
        start = segment.begin + expected.start("text")
        said = plain(expected["text"])
        # A heading in all but form keeps its place at the line's beginning, as it always had.
        column = places.column(segment.begin) if block.info else places.column(start)
        command = around.last_command(block)
        if command is not None and command.line in around.answered:
            command = None
        yield Statement("expected", place[0], column, place[2], said, block.headings, command=command)
        return
    label, rest = label_of(text)
    if is_told_label(label) or is_story(plain(text)):
        return
    pair = _limited_pair(text)
    is_header = is_front(block.headings)
    is_contract = label and rest and not is_header and _CONTRACT.match(label) and not _NO_CONTRACT.match(rest)
    is_goal = label.lower() in ("objective", "goal") and not is_header and has_figure(rest)
    if (is_contract or is_goal) and not is_aside(block.headings):
        yield Statement("prose", *place, plain(text), block.headings, "demand", label)
        return
    if pair is not None and not is_aside(block.headings):
        yield Statement("target", *place, plain(text), block.headings, "demand", pair[0])
        return
    if label and rest and is_header and not asks(rest):
        return
    if is_whole(text) and not is_aside(block.headings):
        for part, begin in demands_of(text):
            at = segment.begin + begin
            yield Statement(
                "prose", places.line(at), places.column(at), place[2], plain(part), block.headings, "demand"
            )
        return
    yield from _sentences(block, segment, places, is_identified(text))


def _sentences(block: Block, segment: _Segment, places: Places, is_demand: bool) -> Iterator[Statement]:
    found: Sequence[tuple[str, int, int]] = [
        (sentence.text, segment.begin + sentence.begin, segment.begin + sentence.end)
        for sentence in sentences(segment.text)
    ]
    if is_demand and not any(role_of_sentence(text, block.headings) == "demand" for text, _, _ in found):
        found = [(segment.text, segment.begin, segment.begin + len(segment.text))]
    for text, begin, end in found:
        role = "demand" if is_demand and len(found) == 1 else role_of_sentence(text, block.headings)
        if role == "none" or (text.rstrip().endswith(":") and not has_figure(text)):
            continue
        lines = places.lines(begin, end)
        yield Statement("prose", lines[0], places.column(begin), lines, plain(text), block.headings, role)
