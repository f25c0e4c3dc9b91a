"""The commands that README and docs show, with what they show of their output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent.parent
GUIDES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
SHELLS = ("bash", "sh", "shell", "console", "zsh")
PROGRAMS = frozenset(
    """apt apt-get bash brew cargo cat cd chmod conda cp curl docker echo export find git grep helm http kill kubectl
    locust ls make mkdir mv nginx nox npm openssl pip pipx podman poetry printf prometheus promtool psql pytest python
    python3 redis-cli rm sed sh signoff sleep sqlite3 ssh sudo systemctl tar time touch uv uvx vllm wget
    wrk""".split()
)
"""Where a block is of no language and has no prompt, its lines are commands if one of them begins with one of these."""
_PROMPT = re.compile(r"(?:[a-z]+(?: [a-z]+)?)?\$ (?=\S)")
_SETTING = re.compile(r"[A-Za-z_]\w*=\S*\s+")


@dataclass(frozen=True)
class Shown:
    """A command, where it stands, and the lines below it in its block."""

    guide: str
    line: int
    command: str
    output: str

    @property
    def place(self) -> str:
        return f"{self.guide}:{self.line}"

    @property
    def program(self) -> str:
        """What is started, without the variables before it."""
        rest = self.command
        while match := _SETTING.match(rest):
            rest = rest[match.end() :]
        return rest.split()[0] if rest.split() else ""


@dataclass(frozen=True)
class Block:
    """A block of a guide with its commands. `is_unclear`: some of its lines look like commands, and some do not."""

    guide: str
    first: str
    commands: tuple[Shown, ...]
    is_unclear: bool


def blocks(guide: Path) -> Iterator[Block]:
    """The blocks of a guide, in their order."""
    for token in MarkdownIt().parse(guide.read_text(encoding="utf-8")):
        if token.type not in ("fence", "code_block") or token.map is None or not token.content.strip():
            continue
        info = " ".join(token.info.split()[:1])
        begin = token.map[0] + (2 if token.type == "fence" else 1)
        yield _block(guide.relative_to(ROOT).as_posix(), begin, token.content.splitlines(), info)


def _block(guide: str, begin: int, lines: list[str], info: str) -> Block:
    first = next(line for line in lines if line.strip())
    has_prompt = any(map(_PROMPT.match, lines))
    if info and info not in SHELLS:
        return Block(guide, first, (), False)
    commands = tuple(_commands(guide, begin, lines, has_prompt))
    if has_prompt or info:
        return Block(guide, first, commands, False)
    known = [each.program in PROGRAMS for each in commands]
    return Block(guide, first, commands if all(known) else (), any(known) and not all(known))


def _commands(guide: str, begin: int, lines: list[str], has_prompt: bool) -> Iterator[Shown]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip() or (has_prompt and not _PROMPT.match(line)):
            at += 1
            continue
        first = at
        command = _PROMPT.sub("", line, count=1) if has_prompt else line
        while at + 1 < len(lines) and _goes_on(command):
            at += 1
            command += "\n" + lines[at]
        at += 1
        output = []
        while has_prompt and at < len(lines) and not _PROMPT.match(lines[at]):
            output.append(lines[at])
            at += 1
        yield Shown(guide, begin + first, command.strip(), "\n".join(output).strip("\n"))


def _goes_on(command: str) -> bool:
    """Whether a command ends in the middle: of a line that is continued, or of a quotation."""
    if command.endswith("\\"):
        return True
    quote, is_escaped = "", False
    for character in command:
        if is_escaped:
            is_escaped = False
        elif character == "\\" and quote != "'":
            is_escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "#":
            return False
    return bool(quote)
