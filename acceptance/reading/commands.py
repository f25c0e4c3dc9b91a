"""Shell commands of a document to what Signoff knows natively: `curl`, `ab`, `systemctl`, `python -c`, ..."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acceptance.reading.blocks import Block
from acceptance.reading.curl import address_and_path, read_curl
from acceptance.reading.document import Command
from acceptance.reading.shell import Expectation, ShellCommand, assignments, expanded, read_shell

SHELL_LANGUAGES = {"", "bash", "sh", "shell", "console", "zsh", "shell-session"}
_DESTRUCTIVE = re.compile(
    r"\b(?:rm|rmdir|mkfs\S*|dd|shred|truncate|kill|pkill|killall|reboot|shutdown|sudo|chmod|chown|mv|cp|ln"
    r"|systemctl\s+(?:start|stop|restart|reload|enable|disable|mask|daemon-reload)"
    r"|docker(?:-compose)?\s+(?:rm|stop|kill|restart|run|up|down|pull|compose)|kubectl\s+(?:delete|apply|scale)"
    r"|git\s+(?:checkout|reset|clean|push)|(?:pip|apt|apt-get|dnf|yum|npm)\s+(?:install|remove|uninstall)"
    r"|mkdir|tee|huggingface-cli\s+download|ollama\s+pull|wget)(?=\s|$)"
)
_WRITES = re.compile(r"(?<![<>\d&])>{1,2}\s*(?!/dev/null|&|>)\S")
_PREFIX_WORDS = {"time", "sudo", "exec", "nohup"}
_LOOP = re.compile(r"\bdo\b(?P<body>.*?)\bdone\b", re.DOTALL)
_LOOP_HEAD = re.compile(r"\bfor\s+(?P<name>\w+)\s+in\s+(?P<items>.*?)\s*(?:;|\n)\s*do\b", re.DOTALL)
_SEPARATORS = {"|", "||", "&&", ";", "&", "|&"}
_FILTERS = {"grep", "egrep", "rg"}


@dataclass(frozen=True, slots=True)
class Expected:
    """An expectation with the native form of the command that it speaks of."""

    line: int
    last_line: int
    offset: int
    text: str
    command: Command | None


@dataclass(frozen=True, slots=True)
class FenceCommands:
    """The commands and expectations of one fence."""

    commands: tuple[Command, ...]
    expected: tuple[Expected, ...]
    open_quotes: tuple[int, ...]


def read_commands(fence: Block, folder: Path) -> FenceCommands:
    """What a shell fence holds; `folder` is the document's, where payload files may lie."""
    content = list(enumerate(fence.text.splitlines(), fence.line + 1))
    shell, expectations = read_shell(content)
    variables = assignments(shell)
    native = {command.line: _native(command, variables, folder) for command in shell}
    return FenceCommands(
        tuple(native.values()),
        tuple(_expected(expectation, native) for expectation in expectations),
        tuple(command.line for command in shell if command.open_quote),
    )


def _expected(expectation: Expectation, native: Mapping[int, Command]) -> Expected:
    command = None if expectation.command is None else native[expectation.command.line]
    return Expected(expectation.line, expectation.last_line, expectation.offset, expectation.text, command)


def _native(command: ShellCommand, variables: Mapping[str, str], folder: Path) -> Command:
    text, details = command.text, {}
    loop = _LOOP.search(text)
    known = dict(variables)
    if loop is not None:
        head = _LOOP_HEAD.search(text)
        details["repeat"] = _repetitions(head["items"]) if head else 1
        if head:
            known[head["name"]] = "1"
        text = loop["body"].strip()
    text, unknown = expanded(text, known)
    found = _recognised(text, command, details, folder)
    if unknown and found.request is not None:
        problem = f"the fence sets no {', '.join('$' + name for name in dict.fromkeys(unknown))}"
        return Command(
            found.line, found.last_line, found.text, found.program, None, found.details, found.destructive, problem
        )
    return found


def _recognised(text: str, command: ShellCommand, details: dict[str, Any], folder: Path) -> Command:
    destructive = _DESTRUCTIVE.search(command.text) is not None or _WRITES.search(command.text) is not None
    base = (command.line, command.last_line, command.text)
    try:
        stages = _stages(text)
    except ValueError as error:
        return Command(*base, "unreadable", destructive=destructive, problem=f"the shell line is broken: {error}")
    if not stages:
        return Command(*base, "shell", destructive=destructive)
    words = stages[0]
    details["filters"] = [word for stage in stages[1:] if stage[0] in _FILTERS for word in _patterns(stage)]
    program = words[0].rsplit("/", 1)[-1]
    reader = _PROGRAMS.get(program)
    if reader is None:
        return Command(*base, program, details=details, destructive=destructive)
    name, request, problem = reader(words[1:], command.line, details, folder)
    return Command(*base, name, request, details, destructive, problem)


def _stages(text: str) -> list[list[str]]:
    """The words of each stage of a pipeline, without redirections and leading `time` or `sudo`."""
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    stages: list[list[str]] = [[]]
    words = iter(lexer)
    for word in words:
        if word in _SEPARATORS:
            stages.append([])
        elif set(word) <= set("<>&") and word:
            next(words, None)
        else:
            stages[-1].append(word)
    cleaned = []
    for stage in stages:
        while stage and stage[0] in _PREFIX_WORDS:
            stage = stage[1:]
        if stage:
            cleaned.append([word for word in stage if word != "2"] if "2" in stage[-1:] else stage)
    return cleaned


def _patterns(stage: Sequence[str]) -> list[str]:
    return [word for word in stage[1:] if not word.startswith("-")][:1]


def _repetitions(items: str) -> int:
    match = re.fullmatch(r"\{(\d+)\.\.(\d+)\}", items.strip())
    if match:
        return abs(int(match[2]) - int(match[1])) + 1
    match = re.fullmatch(r"\$\(seq (?:1 )?(\d+)\)", items.strip())
    return int(match[1]) if match else len(items.split())


_Native = tuple[str, Mapping[str, Any] | None, str]


def _curl(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    curl = read_curl(words, line)
    if curl.body_file and curl.request is not None:
        details["payload_file"] = curl.body_file
        curl.request["body"], details["payload_found"] = _payload(curl.body_file, folder)
        if not details["payload_found"]:
            return "curl", None, f"the body file {curl.body_file} is no JSON file in the document's folder"
    return "curl", curl.request, curl.problem


def _ab(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    """ApacheBench: -n requests, -c concurrency, -T content type, -p file to post, -H header."""
    options: dict[str, list[str]] = {}
    url = ""
    index = 0
    while index < len(words):
        word = words[index]
        if re.fullmatch(r"-[ncTpHtsu]", word) and index + 1 < len(words):
            options.setdefault(word[1], []).append(words[index + 1])
            index += 1
        elif not word.startswith("-"):
            url = word
        index += 1
    if not url:
        return "ab", None, "the ab command names no URL"
    place = address_and_path(url)
    if place is None:
        return "ab", None, f"{url} is no URL"
    pairs = (header.split(":", 1) for header in options.get("H", []) if ":" in header)
    headers = {name.strip(): value.strip() for name, value in pairs}
    if "T" in options:
        headers["Content-Type"] = options["T"][-1]
    body = None
    if "p" in options:
        details["payload_file"] = options["p"][-1]
        body, details["payload_found"] = _payload(options["p"][-1], folder)
    details["requests"] = int(options["n"][-1]) if options.get("n", [""])[-1].isdigit() else None
    details["concurrency"] = int(options["c"][-1]) if options.get("c", [""])[-1].isdigit() else None
    request = {
        "method": "POST" if "p" in options else "GET",
        "address": place[0],
        "path": place[1],
        "headers": headers,
        "body": body,
        "line": line,
    }
    return "ab", request, ""


def _payload(name: str, folder: Path) -> tuple[Any, bool]:
    """The JSON of a payload file beside the document; files elsewhere are never opened."""
    root = folder.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        return None, False
    try:
        return json.loads(path.read_text(encoding="utf-8")), True
    except (OSError, ValueError):
        return None, False


def _systemctl(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    plain = [word for word in words if not word.startswith("-")]
    verb = plain[0] if plain else ""
    if len(plain) > 1:
        details["unit"] = plain[1]
    properties = [word.split("=", 1)[1] for word in words if word.startswith("--property=")]
    details["properties"] = [name for listed in properties for name in listed.split(",")]
    return f"systemctl {verb}".strip(), None, ""


def _python(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    if "-c" not in words or words.index("-c") + 1 >= len(words):
        return "python", None, ""
    details["code"] = words[words.index("-c") + 1]
    return "python -c", None, ""


def _ls(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    plain = [word for word in words if not word.startswith("-")]
    if plain:
        details["folder"] = plain[0].rstrip("/") or "/"
    return "ls", None, ""


def _sha256sum(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    plain = [word for word in words if not word.startswith("-")]
    if "-c" in words or "--check" in words:
        details["checksums"] = plain[0] if plain else None
    return "sha256sum", None, ""


def _docker(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    return f"docker {words[0]}" if words else "docker", None, ""


_PROGRAMS: Mapping[str, Callable[[Sequence[str], int, dict[str, Any], Path], _Native]] = {
    "curl": _curl,
    "ab": _ab,
    "systemctl": _systemctl,
    "python": _python,
    "python3": _python,
    "ls": _ls,
    "sha256sum": _sha256sum,
    "docker": _docker,
}
