"""Lines that say what a command should give, in the spellings that teams use for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_THING = (
    r"(?:\s+(?:http\s+)?(?:output|result|response|status|answer|reply|value|behaviou?r|outcome|code|status code)s?)?"
)
_EXPECTED = re.compile(
    rf"^\s*(?:(?:#+|//+|--|;+|>|::|REM\b)\s*)?\**Expect(?:ed|s|ation)?{_THING}\s*\**\s*:\**\s*(?P<text>.*)$",
    re.IGNORECASE,
)
# Spellings that are expectations only beside a command: elsewhere they are remarks about code.
_BESIDE_COMMAND = re.compile(
    r"^\s*(?:#+|//+)\s*(?:(?:=>|->|\u2192|\u21d2|\u279c)\s*(?P<arrow>\S.*)"
    r"|(?P<clause>(?:(?:this|it|that|the command|which)\s+)?(?:should|must|shall|has to|needs to)\s+\S.*)"
    r"|(?:output|returns?|response|prints?|result|expect(?:ed|s|ing)?)\s*(?::|=|\s(?=[\d{\[\"']))\s*(?P<said>\S.*))$",
    re.IGNORECASE,
)
TRAILING = re.compile(
    r"\s#\s{0,4}(?:=>|->|\u2192|\u21d2|expect(?:ed|s)?\b[^:=#'\"]{0,20}[:=]|expect(?:ed|s)?(?=\s)|(?=(?:should|must)\s))\s*(?P<text>[^'\"#\s].*|[\"{\[][^#]*)$",
    re.IGNORECASE,
)
_ASSERTION = re.compile(r"^\s*assert\s+(?P<text>\S.*)$")
_MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """One logical command. `text` is joined, `label` the comment above it, `output` what a session shows below it."""

    line: int
    last_line: int
    text: str
    label: str = ""
    open_quote: bool = False
    output: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """An `# Expected:` line with the command before it in the same fence, if there is one."""

    line: int
    last_line: int
    text: str
    offset: int
    command: ShellCommand | None


def is_expected(line: str) -> bool:
    """Whether a line states an expectation."""
    return _EXPECTED.match(line) is not None


def expectation_of(line: str) -> str:
    """What a line expects; "" where it states no expectation."""
    match = _EXPECTED.match(line)
    return match["text"].strip() if match is not None else ""


def expectation_at(
    content: Sequence[tuple[int, str]], index: int, commands: Sequence[ShellCommand]
) -> tuple[Expectation, int] | None:
    """The expectation that a line begins, and how many lines it takes; what needs a command has one before it."""
    number, line = content[index]
    name, match = "text", _EXPECTED.match(line) or _ASSERTION.match(line)
    if match is None and commands:
        match = _BESIDE_COMMAND.match(line)
        name = str(match.lastgroup) if match is not None else ""
    if match is None:
        return None
    text, taken = _joined_json(content, index, match[name].strip())
    if not text:
        text, taken = _listed(content, index)
    before = commands[-1] if commands else None
    return Expectation(number, content[index + taken - 1][0], text, match.start(name), before), taken


def _listed(content: Sequence[tuple[int, str]], index: int) -> tuple[str, int]:
    """An expectation that is in the comments below its mark, with how many lines it takes."""
    lines: list[str] = []
    for _, line in content[index + 1 : index + 1 + _MOST_LISTED]:
        if not re.match(r"\s*(?:#|//)\s*\S", line) or is_expected(line):
            break
        lines.append(line.strip().lstrip("#/").strip())
    return "; ".join(lines), 1 + len(lines)


def _joined_json(content: Sequence[tuple[int, str]], index: int, text: str) -> tuple[str, int]:
    """An expectation whose JSON goes on in the comment lines below it, with how many lines it takes."""
    parts = [text]
    is_json, still_open = text[:1] in ("{", "["), _opened(text)
    while is_json and still_open > 0 and index + len(parts) < len(content):
        following = content[index + len(parts)][1].strip()
        if not following.startswith("#") or is_expected(following):
            break
        parts.append(following.lstrip("#").strip())
        still_open += _opened(parts[-1])
    return " ".join(parts), len(parts)


def _opened(text: str) -> int:
    """How many braces and brackets a text opens and does not close."""
    return text.count("{") + text.count("[") - text.count("}") - text.count("]")
