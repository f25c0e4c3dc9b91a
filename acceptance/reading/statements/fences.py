"""Fences to statements: expectations of commands, bodies of responses, scenarios, assertions, listed demands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from signoff.acceptance.reading.commands.commands import SHELL_LANGUAGES, Expected, read_commands
from signoff.acceptance.reading.commands.http_message import read_http
from signoff.acceptance.reading.sections.normative import asks, is_normative
from signoff.acceptance.reading.sections.scenario import scenario_statements
from signoff.acceptance.reading.sections.sections import is_aside, is_example
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Command, Diagnostic, Statement
from signoff.acceptance.reading.source.expected_line import expectation_of, is_expected
from signoff.acceptance.reading.source.source import Source
from signoff.acceptance.reading.source.wording import plain

_TEXT = {"", "text", "txt", "plain", "plaintext", "none"}
_JSON = {"json", "jsonc", "json5", "javascript", "js"}
_GHERKIN = {"gherkin", "cucumber", "feature"}
_HTTP = {"http", "https", "rest", "httpie"}
_PYTHON = {"python", "py", "python3"}
_SHOWN = {"output", "log", "csv", "yaml", "yml", "ini", "toml"}
_MARKUP = {"markdown", "md", "diff", "patch", "mermaid", "plantuml", "html", "xml", "svg"}
_STATUS = re.compile(r"(?<!\d)(?P<status>[1-5]\d\d)(?!\d)")
_RESPONSE = re.compile(r"\b(?:responses?|returns?|answers?|responds?|repl(?:y|ies)|yields)\b", re.IGNORECASE)
_REQUEST = re.compile(r"\brequests?\b", re.IGNORECASE)
_EXPECTED = re.compile(r"^\W*expect(?:ed|s|ation)?\b", re.IGNORECASE)
_PAIR = re.compile(r"^\s*(?:[-*]\s+)?(?P<label>[A-Za-z][\w /().&+-]{0,48}?)\s*:\s+(?P<value>\S.*)$")
_ROUTE = re.compile(r"^\s*(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|WS|WSS)\s+/\S*")
_POLICY = re.compile(r"\b(?:policy|policies|degrad\w*|fall-?back|retry|retries|failover|escalation)\b", re.IGNORECASE)
_RESOURCE = re.compile(
    r"^(?:v?cpus?|cores|memory|ram|disk|storage|v?gpus?|vram|network|bandwidth|nodes?|replicas?|python|cuda|os)\b"
    r"|\b(?:latency|throughput|response time|p\d{2}|ttft|availability|uptime|error rate|concurren\w+|context|slo|target"
    r"|limit|port|rate|time-?out)\b",
    re.IGNORECASE,
)
_ASSERTION = re.compile(r"^\s*(?:await\s+)?(?:assert\w{0,20}(?:\.\w{1,30})?\s*\(|expect\s*\(|require\.\w{1,30}\()")
_OPTIONAL = re.compile(r"^\W*(?:no |none\b|n/a\b|not (?:required|needed)|optional\b)", re.IGNORECASE)


@dataclass
class Surroundings:
    """What a fence may refer to: where payload files lie, the commands so far, the line above the fence."""

    folder: Path
    commands: list[Command] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)
    """Lines of the commands that already have an expectation."""
    configured: frozenset[int] = frozenset()
    """Lines that are statements already, because they give settings."""

    def last_command(self, block: Block, with_request: bool = False) -> Command | None:
        """The last command before a block, under the same heading or the one above it."""
        begin = block.headings[-2].line if len(block.headings) > 1 else 0
        for command in reversed(self.commands):
            if command.line < begin:
                break
            if command.request is not None or not with_request:
                return command
        return None


def fence_statements(source: Source, block: Block, above: Block | None, around: Surroundings) -> Iterator[Statement]:
    """What a fence that holds no configuration asks for; `above` is the block before it."""
    language = block.info.split()[0].lower().strip("{}.") if block.info else ""
    lead = plain(above.text).split("\n")[-1] if above is not None and above.kind in ("paragraph", "item") else ""
    heading = plain(block.headings[-1].text) if block.headings else ""
    introduction = lead if _introduces(lead) else heading
    if language in _MARKUP:
        return
    if language in _GHERKIN or (language in _TEXT and re.search(r"^\s*Scenario\b", block.text, re.MULTILINE)):
        yield from scenario_statements(source, block.content(), block.headings)
    elif language in _HTTP:
        yield from _http(source, block, around)
    elif _EXPECTED.match(introduction) and language in _TEXT | _JSON | _SHOWN and not _has_marks(block):
        yield from _output(source, block, around)
    elif _is_shown_body(language, block) and _is_response(introduction, above, around, language):
        yield _shape(source, block, introduction, around)
    elif _is_shell(language, block):
        yield from _shell(source, block, around)
    elif language in _TEXT:
        if not is_example(block.headings, lead):
            yield from _listed(source, block, heading)
    elif language in _PYTHON:
        yield from _python(source, block)
    else:
        yield from _marked(source, block)


def _introduces(lead: str) -> bool:
    """Whether a line says what the fence below it is; one that goes on behind its colon has said it all itself."""
    return re.search(r":\s*\S", lead) is None and (lead.endswith(":") or len(lead) < 60) and _says_what(lead)


def _says_what(text: str) -> bool:
    return any(pattern.search(text) for pattern in (_RESPONSE, _REQUEST, _EXPECTED))


def _is_shell(language: str, block: Block) -> bool:
    return language in SHELL_LANGUAGES and (language != "" or _has_marks(block))


def _has_marks(block: Block) -> bool:
    return any(is_expected(line) for _, line in block.content())


def _is_shown_body(language: str, block: Block) -> bool:
    return language in _JSON | _TEXT and block.text.lstrip()[:1] in ("{", "[")


def _is_response(introduction: str, above: Block | None, around: Surroundings, language: str) -> bool:
    """Whether a body is an answer: what stands above it says so, or it follows a command that sends a request."""
    if _RESPONSE.search(introduction) and not (_REQUEST.search(introduction) and not _STATUS.search(introduction)):
        return True
    if _REQUEST.search(introduction) or above is None or above.kind != "fence" or not around.commands:
        return False
    last = around.commands[-1]
    return last.request is not None and above.line <= last.line <= above.last_line and last.line not in around.answered


def _shape(source: Source, block: Block, introduction: str, around: Surroundings) -> Statement:
    """A JSON body that is called a response, of the last request before it."""
    command = next((command for command in reversed(around.commands) if command.request is not None), None)
    status = _STATUS.search(introduction)
    return Statement(
        "shape",
        block.line,
        source.column(block.line, block.offset),
        tuple(range(block.line, block.last_line + 1)),
        " ".join(block.text.split()),
        block.headings,
        label=status["status"] if status else "200",
        context=introduction,
        command=command,
    )


def _shell(source: Source, block: Block, around: Surroundings) -> Iterator[Statement]:
    found = read_commands(block, around.folder)
    around.commands += found.commands
    for line in found.open_quotes:
        message = "a quote is opened and not closed before the fence or its expectation ends"
        text, hint = source.raw[line - 1], "close the quote"
        around.diagnostics.append(Diagnostic("quote-unclosed", "warning", source.path, line, 1, text, message, hint))
    taken = set(around.configured)
    for expected in found.expected:
        if expected.command is not None:
            around.answered.add(expected.command.line)
        yield _expected(source, block, expected, taken)
    for shown in found.shown:
        text = " ".join(line.strip() for _, line in shown.output)
        if shown.command.request is None or text[:1] not in ("{", "["):
            continue
        lines = tuple(number for number, _ in shown.output)
        column = _column(source, lines[0], shown.output[0][1])
        yield Statement("shape", lines[0], column, lines, text, block.headings, label="200", command=shown.command)


def _expected(source: Source, block: Block, expected: Expected, taken: set[int]) -> Statement:
    command = expected.command
    own = [] if command is None else range(command.line, command.last_line + 1)
    wanted = [*own, *range(expected.line, expected.last_line + 1)]
    lines = [line for line in dict.fromkeys(wanted) if line not in taken] or [expected.line]
    taken.update(lines)
    text = source.lines[expected.line - 1]
    offset = text.rfind(expected.text) if expected.text and expected.text in text else max(text.find(":") + 1, 0)
    if not text[offset:].strip():
        # What is expected stands below: the mark itself is the place.
        offset = len(text) - len(text.lstrip())
    column = source.column(expected.line, offset)
    return Statement("expected", expected.line, column, tuple(lines), expected.text, block.headings, command=command)


def _output(source: Source, block: Block, around: Surroundings) -> Iterator[Statement]:
    """A fence that is called the expected output of the command before it."""
    text = " ".join(block.text.split())
    if not text:
        return
    command = around.last_command(block)
    first, line = next((number, line) for number, line in block.content() if line.strip())
    lines = tuple(range(block.line, block.last_line + 1))
    yield Statement("expected", first, _column(source, first, line), lines, text, block.headings, command=command)


def _http(source: Source, block: Block, around: Surroundings) -> Iterator[Statement]:
    """A request as it crosses the wire, and the answer that may be below it."""
    exchange = read_http(block)
    if exchange.command is not None:
        around.commands.append(exchange.command)
    if exchange.status:
        command = exchange.command or around.last_command(block, with_request=True)
        lines = tuple(range(exchange.line, exchange.last_line + 1))
        place = (exchange.line, _column(source, exchange.line, "HTTP"), lines)
        if exchange.body[:1] in ("{", "["):
            yield Statement(
                "shape",
                *place,
                exchange.body,
                block.headings,
                label=exchange.status,
                context="HTTP",
                command=command,
            )
        else:
            text = " ".join(f"HTTP {exchange.status} {exchange.body}".split())
            yield Statement("expected", *place, text, block.headings, command=command)


def _listed(source: Source, block: Block, heading: str) -> Iterator[Statement]:
    """A fence without a language: resources, limits, routes or a policy, a line each; a drawing is none of these."""
    if is_aside(block.headings):
        return
    telling = [(number, line) for number, line in block.content() if line.strip()]
    if telling and all(_ROUTE.match(line) for _, line in telling):
        yield from (_line(source, block, number, line) for number, line in telling)
        return
    if _POLICY.search(heading) and telling:
        text = "; ".join(words for _, line in telling if (words := _undrawn(line)))
        number, line = telling[0]
        lines = tuple(range(block.line, block.last_line + 1))
        yield Statement("bullet", number, _column(source, number, line), lines, text, block.headings, "demand")
        return
    pairs = sum(_PAIR.match(line) is not None for _, line in telling)
    for number, line in telling:
        match = _PAIR.match(line)
        if match is not None and pairs * 2 > len(telling):
            value = match["value"]
            is_resource = _RESOURCE.search(match["label"]) is not None and any(map(str.isdigit, value))
            if not _OPTIONAL.match(value) and (is_resource or asks(line)):
                yield _line(source, block, number, line, match["label"])
        elif asks(line) or is_normative(line):
            yield _line(source, block, number, line)


def _line(source: Source, block: Block, number: int, line: str, label: str = "") -> Statement:
    column = _column(source, number, line)
    return Statement("bullet", number, column, (number,), plain(line), block.headings, "demand", label)


def _undrawn(line: str) -> str:
    """The words of a line without the strokes of a drawing."""
    return " ".join(re.sub(r"[\u2500-\u257f]+", " ", line).split())


def _python(source: Source, block: Block) -> Iterator[Statement]:
    """The assertions of a program; a program that is none has its expectations in comments only."""
    try:
        tree = ast.parse(block.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield from _marked(source, block)
        return
    owned: set[int] = set()
    for node in _assertions(tree):
        first, last = block.line + node.lineno, block.line + (node.end_lineno or node.lineno)
        lines = tuple(line for line in range(first, last + 1) if line not in owned)
        if lines and lines[0] == first:
            owned.update(lines)
            text = " ".join(line.strip() for line in source.lines[first - 1 : last])
            yield Statement("expected", first, _column(source, first, "assert"), lines, text, block.headings)
    yield from (found for found in _marked(source, block) if found.line not in owned)


def _assertions(tree: ast.Module) -> Iterator[ast.Assert]:
    """In the order of the text, without recursion."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    return iter(sorted(found, key=lambda node: (node.lineno, node.col_offset)))


def _marked(source: Source, block: Block) -> Iterator[Statement]:
    """Expectations in the comments of code that is no shell: nobody runs it, a person reads it."""
    for number, line in block.content():
        found = expectation_of(line) or (line.strip() if _ASSERTION.match(line) else "")
        if found:
            column = _column(source, number, found)
            yield Statement("expected", number, column, (number,), found, block.headings)


def _column(source: Source, number: int, text: str) -> int:
    """Where a piece of a fence's line is in the file, whatever the fence is indented by."""
    return source.column(number, max(source.lines[number - 1].find(text.strip()), 0))
