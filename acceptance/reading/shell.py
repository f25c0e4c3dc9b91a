"""Lines of a shell fence to commands and expectations; nothing is expanded from the environment, nothing run.

Lines are joined over backslashes, open quotes, loops and here-documents. An `# Expected:` line always counts,
also where an open quote would have swallowed it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_EXPECTED = re.compile(r"^\s*#\s*Expected(?:\s+(?:output|result|response))?\s*:\s*(?P<text>.*)$", re.IGNORECASE)
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)=(?P<value>.*)$", re.DOTALL)
_OPENS = re.compile(r"(?:^\s*|[;&|]\s*)(?:for|while|until|if|case)\s")
_CLOSES = re.compile(r"(?:^\s*|[;&|]\s*)(?:done|fi|esac)\b")
_HERE = re.compile(r"<<-?\s*(['\"]?)(?P<word>\w+)\1")
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|(?P<bare>[A-Za-z_]\w*))")


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """One logical command. `text` is joined, `label` the comment above it."""

    line: int
    last_line: int
    text: str
    label: str = ""
    open_quote: bool = False


@dataclass(frozen=True, slots=True)
class Expectation:
    """An `# Expected:` line with the command before it in the same fence, if there is one."""

    line: int
    last_line: int
    text: str
    offset: int
    command: ShellCommand | None


def read_shell(content: Sequence[tuple[int, str]]) -> tuple[list[ShellCommand], list[Expectation]]:
    """The commands and expectations of a fence's lines, which come with their numbers."""
    commands: list[ShellCommand] = []
    expectations: list[Expectation] = []
    label, index = "", 0
    while index < len(content):
        number, line = content[index]
        expected = _EXPECTED.match(line)
        if expected:
            text, taken = _joined_json(content, index, expected["text"].strip())
            before = commands[-1] if commands else None
            last = content[index + taken - 1][0]
            expectations.append(Expectation(number, last, text, expected.start("text"), before))
            index += taken
        elif not line.strip():
            index += 1
        elif line.lstrip().startswith("#"):
            label = line.lstrip().lstrip("#").strip()
            index += 1
        else:
            taken, open_quote = _extent(content[index:])
            lines = [text for _, text in content[index : index + taken]]
            last = content[index + taken - 1][0]
            commands.append(ShellCommand(number, last, "\n".join(lines).strip(), label, open_quote))
            label, index = "", index + taken
    return commands, expectations


def is_expected(line: str) -> bool:
    """Whether a line states an expectation."""
    return _EXPECTED.match(line) is not None


def assignments(commands: Sequence[ShellCommand]) -> dict[str, str]:
    """The variables that plain assignments of a fence set."""
    found: dict[str, str] = {}
    for command in commands:
        match = _ASSIGNMENT.match(command.text)
        if match is None:
            continue
        try:
            words = shlex.split(match["value"])
        except ValueError:
            continue
        if len(words) <= 1 and "$(" not in match["value"] and "`" not in match["value"]:
            found[match["name"]] = expanded(words[0], found)[0] if words else ""
    return found


def expanded(text: str, variables: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with the fence's own variables put in, outside single quotes, and the names that it does not set."""
    unknown: list[str] = []

    def put(match: re.Match[str]) -> str:
        name = match["braced"] or match["bare"]
        if name in variables:
            return variables[name]
        if match["default"] is not None:
            return str(match["default"])
        unknown.append(name)
        return match[0]

    parts = _quoted_parts(text)
    return "".join(part if single else _VARIABLE.sub(put, part) for part, single in parts), unknown


def _quoted_parts(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces of the text, each with whether it stands in single quotes."""
    quote, begin = "", 0
    for index, character in enumerate(text):
        if character in "'\"" and (index == 0 or text[index - 1] != "\\" or quote == "'"):
            if quote == character:
                if quote == "'":
                    yield text[begin : index + 1], True
                    begin = index + 1
                quote = ""
            elif not quote:
                quote = character
                if quote == "'":
                    yield text[begin:index], False
                    begin = index
    yield text[begin:], False


def _extent(content: Sequence[tuple[int, str]]) -> tuple[int, bool]:
    """How many lines the command at the beginning takes, and whether a quote stays open in it."""
    quote, depth, here = "", 0, ""
    for index, (_, line) in enumerate(content):
        if index and is_expected(line):
            return _closed_before(content, index), bool(quote)
        if here:
            here = "" if line.strip() == here else here
        else:
            if not quote:
                match = _HERE.search(line)
                here = match["word"] if match else ""
                depth += len(_OPENS.findall(line)) - len(_CLOSES.findall(line))
            quote = _open_quote(line, quote)
        if not (quote or here or depth > 0 or line.rstrip().endswith("\\")):
            return index + 1, False
    return (_closed_before(content, len(content)), bool(quote)) if quote else (len(content), False)


def _closed_before(content: Sequence[tuple[int, str]], end: int) -> int:
    """Where a command ends that never closes: at its first line, so that the others are read for themselves."""
    return 1 if any(_open_quote(line, "") == "" for _, line in content[1:end]) else end


def _open_quote(line: str, quote: str) -> str:
    escaped = False
    for position, character in enumerate(line):
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "#" and (position == 0 or line[position - 1].isspace()):
            return quote
    return quote


def _joined_json(content: Sequence[tuple[int, str]], index: int, text: str) -> tuple[str, int]:
    """An expectation whose JSON goes on in the comment lines below it, with how many lines it takes."""
    taken = 1
    while text[:1] in "{[" and text.count("{") + text.count("[") > text.count("}") + text.count("]"):
        if not text or index + taken >= len(content):
            break
        following = content[index + taken][1].strip()
        if not following.startswith("#") or is_expected(following):
            break
        text += " " + following.lstrip("#").strip()
        taken += 1
    return text, taken
