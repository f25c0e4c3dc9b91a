"""Lines of a shell fence to commands and expectations; nothing is expanded from the environment, nothing run.

Lines are joined over backslashes, open quotes, loops and here-documents. An `# Expected:` line always counts,
also where an open quote would have swallowed it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from signoff.acceptance.reading.source.expected_line import (
    TRAILING,
    Expectation,
    ShellCommand,
    expectation_at,
    is_expected,
)

_PROMPT = re.compile(
    r"^\s*(?:[\w.-]{1,40}@[\w.-]{1,40}[^$#%>]{0,60})?[$%\u276f](?:\s+|$)|^\s*PS\s[^>\n]{0,80}>\s*|^[A-Z]:\\[^>\n]{0,80}>\s*"
)
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)=(?P<value>.*)$", re.DOTALL)
_OPENS = re.compile(r"(?:^\s*|[;&|]\s*)(?:for|while|until|if|case)\s")
_CLOSES = re.compile(r"(?:^\s*|[;&|]\s*)(?:done|fi|esac)\b")
_MOST_LINES = 2_000
_HERE = re.compile(r"<<-?\s*(['\"]?)(?P<word>\w+)\1")
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|(?P<bare>[A-Za-z_]\w*))")


def read_shell(content: Sequence[tuple[int, str]]) -> tuple[list[ShellCommand], list[Expectation]]:
    """The commands and expectations of a fence's lines, which come with their numbers.

    Where prompts are before commands, every other line is what a command printed.
    """
    if any(_PROMPT.match(line) for _, line in content):
        return _read_session(content)
    commands: list[ShellCommand] = []
    expectations: list[Expectation] = []
    words = {line.strip(): position for position, (_, line) in enumerate(content)}
    label, index = "", 0
    while index < len(content):
        number, line = content[index]
        found = expectation_at(content, index, commands)
        if found is not None:
            expectations.append(found[0])
            index += found[1]
        elif not line.strip():
            index += 1
        elif line.lstrip().startswith("#"):
            label = line.lstrip().lstrip("#").strip()
            index += 1
        else:
            taken, open_quote = _extent(content, index, words)
            lines = [text for _, text in content[index : index + taken]]
            last = content[index + taken - 1][0]
            trailing = TRAILING.search(lines[-1])
            if trailing is not None:
                lines[-1] = lines[-1][: trailing.start()]
            commands.append(ShellCommand(number, last, "\n".join(lines).strip(), label, open_quote))
            if trailing is not None:
                expectations.append(
                    Expectation(last, last, trailing["text"].strip(), trailing.start("text"), commands[-1])
                )
            label, index = "", index + taken
    return commands, expectations


def _read_session(content: Sequence[tuple[int, str]]) -> tuple[list[ShellCommand], list[Expectation]]:
    """Commands behind prompts, each with the lines that it printed."""
    commands: list[ShellCommand] = []
    printed: list[list[tuple[int, str]]] = []
    expectations: list[Expectation] = []
    index = 0
    while index < len(content):
        number, line = content[index]
        prompt = _PROMPT.match(line)
        found = None if prompt is not None else expectation_at(content, index, commands)
        if found is not None:
            expectations.append(found[0])
            index += found[1]
            continue
        index += 1
        if prompt is None:
            if commands and line.strip():
                printed[-1].append((number, line))
            continue
        lines = [line[prompt.end() :]]
        quote = _open_quote(lines[0], "")
        while index < len(content) and (quote or lines[-1].rstrip().endswith(("\\", "`"))):
            if _PROMPT.match(content[index][1]) or is_expected(content[index][1]):
                break
            lines.append(re.sub(r"^>\s?", "", content[index][1]))
            quote = _open_quote(lines[-1], quote)
            index += 1
        last = content[index - 1][0]
        commands.append(ShellCommand(number, last, "\n".join(lines).strip(), open_quote=bool(quote)))
        printed.append([])
    shown = [replace(command, output=tuple(lines)) for command, lines in zip(commands, printed, strict=True)]
    return shown, expectations


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


# A few lines of `A=$A$A` would fill the memory: a value that is longer than this is put in nowhere.
_LONGEST_VALUE = 16_384


def expanded(text: str, variables: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with the fence's own variables put in, outside single quotes, and the names that it does not set."""
    unknown: list[str] = []

    def put(match: re.Match[str]) -> str:
        name = match["braced"] or match["bare"]
        if len(variables.get(name, "")) > _LONGEST_VALUE:
            unknown.append(name)
            return match[0]
        if name in variables:
            return variables[name]
        if match["default"] is not None:
            return str(match["default"])
        unknown.append(name)
        return match[0]

    parts = _quoted_parts(text)
    return "".join(part if single else _VARIABLE.sub(put, part) for part, single in parts), unknown


def _quoted_parts(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces of the text, each with whether it is in single quotes."""
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


def _extent(content: Sequence[tuple[int, str]], begin: int, words: Mapping[str, int]) -> tuple[int, bool]:
    """How many lines the command at `begin` takes, and whether a quote stays open in it.

    `words` is where each line stands last: a here-document whose end never comes is none.
    """
    quote, depth, here = "", 0, ""
    end = min(len(content), begin + _MOST_LINES)
    for index in range(begin, end):
        line = content[index][1]
        if index > begin and not here and is_expected(line):
            return _closed_before(content, begin, index), bool(quote)
        if here:
            here = "" if line.strip() == here else here
        else:
            if not quote:
                match = _HERE.search(line)
                here = match["word"] if match and words.get(match["word"], 0) > index else ""
                depth += len(_OPENS.findall(line)) - len(_CLOSES.findall(line))
            quote = _open_quote(line, quote)
        if not (quote or here or depth > 0 or line.rstrip().endswith("\\")):
            return index - begin + 1, False
    return (_closed_before(content, begin, end), bool(quote)) if quote else (end - begin, False)


def _closed_before(content: Sequence[tuple[int, str]], begin: int, end: int) -> int:
    """Where a command ends that never closes: at its first line, so that the others are read for themselves."""
    return 1 if any(_open_quote(line, "") == "" for _, line in content[begin + 1 : end]) else end - begin


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
