"""Shell commands of a document to what Signoff knows natively: `curl`, `ab`, `systemctl`, `python -c`, ..."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from signoff.acceptance.reading.commands.curl import read_curl
from signoff.acceptance.reading.commands.http_clients import (
    httpie_request,
    is_powershell,
    powershell_request,
    wget_request,
)
from signoff.acceptance.reading.commands.load_tools import LOAD_TOOLS, STAGED, read_load
from signoff.acceptance.reading.commands.payload import read_payload
from signoff.acceptance.reading.commands.shell import assignments, expanded, read_shell
from signoff.acceptance.reading.commands.unset_key import lacks_only_a_key
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Command
from signoff.acceptance.reading.source.expected_line import Expectation, ShellCommand

SHELL_LANGUAGES = {
    "",
    "bash",
    "sh",
    "shell",
    "console",
    "zsh",
    "shell-session",
    "shellsession",
    "sh-session",
    "terminal",
    "fish",
    "powershell",
    "pwsh",
    "ps1",
    "ps",
    "cmd",
    "bat",
    "batch",
}
_DESTRUCTIVE = re.compile(
    r"\b(?:rm|rmdir|mkfs\S*|dd|shred|truncate|kill|pkill|killall|reboot|shutdown|sudo|chmod|chown|mv|cp|ln"
    r"|systemctl\s+(?:start|stop|restart|reload|enable|disable|mask|daemon-reload)"
    r"|docker(?:-compose)?\s+(?:rm|stop|kill|restart|run|up|down|pull|compose)|kubectl\s+(?:delete|apply|scale)"
    r"|git\s+(?:checkout|reset|clean|push)|(?:pip|apt|apt-get|dnf|yum|npm)\s+(?:install|remove|uninstall)"
    r"|mkdir|tee|huggingface-cli\s+download|ollama\s+pull|wget)(?=\s|$)"
)
_WRITES = re.compile(r"(?<![<>\d&])>{1,2}\s*(?!/dev/null|&|>)\S")
_PREFIX_WORDS = {"time", "sudo", "exec", "nohup", "env", "nice", "command"}
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=")
_DO, _DONE = re.compile(r"\bdo\b"), re.compile(r"\bdone\b")
_SHELL_QUOTE = re.compile(r"(?:^|\s)\$['\"]")
_LOOP_HEAD = re.compile(r"\bfor\s+(?P<name>\w+)\s+in(?=\s)")
_LONGEST = 100_000
_SEPARATORS = {"|", "||", "&&", ";", "&", "|&"}
_FILTERS = {"grep", "egrep", "rg"}


@dataclass(frozen=True, slots=True)
class Expected:
    """An expectation with the native form of the command that it mentions."""

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
    shown: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of a session with the lines that it printed."""

    command: Command
    output: tuple[tuple[int, str], ...]


def read_commands(fence: Block, folder: Path) -> FenceCommands:
    """What a shell fence holds; `folder` is the document's, where payload files may lie."""
    shell, expectations = read_shell(fence.content())
    variables = assignments(shell)
    native = {command.line: _native(command, variables, folder) for command in shell}
    return FenceCommands(
        tuple(native.values()),
        tuple(_expected(expectation, native) for expectation in expectations),
        tuple(command.line for command in shell if command.open_quote),
        tuple(Shown(native[command.line], command.output) for command in shell if command.output),
    )


def _expected(expectation: Expectation, native: Mapping[int, Command]) -> Expected:
    command = None if expectation.command is None else native[expectation.command.line]
    return Expected(expectation.line, expectation.last_line, expectation.offset, expectation.text, command)


def _native(command: ShellCommand, variables: Mapping[str, str], folder: Path) -> Command:
    text, details = command.text, {}
    known = dict(variables)
    begins = _DO.search(text)
    ends = _DONE.search(text, begins.end()) if begins is not None else None
    if begins is not None and ends is not None:
        name, items = _loop(text[: begins.start()])
        details["repeat"] = _repetitions(items) if name else 1
        if name:
            known[name] = "1"
        text = text[begins.end() : ends.start()].strip()
    text, unknown = expanded(text, known)
    found = _recognised(text, command, details, folder)
    if unknown and found.request is not None and lacks_only_a_key(found.request, unknown):
        return found
    if (unknown or _SHELL_QUOTE.search(text)) and found.request is not None:
        problem = "$'...' is what only a shell can read"
        if unknown:
            problem = f"the fence sets no {', '.join('$' + name for name in dict.fromkeys(unknown))}"
        return replace(found, request=None, problem=problem)
    return found


def _loop(head: str) -> tuple[str, str]:
    """The variable of `for x in items; do` and its items, of what is before `do`; "" where it is no such loop."""
    match = _LOOP_HEAD.search(head)
    if match is None:
        return "", ""
    # A semicolon or the end of a line stands behind the items.
    items = head[match.end() + 1 :]
    words = items.rstrip()
    if words.endswith(";"):
        return match["name"], words[:-1]
    return (match["name"], words) if "\n" in items[len(words) :] else ("", "")


def _recognised(text: str, command: ShellCommand, details: dict[str, Any], folder: Path) -> Command:
    destructive = _DESTRUCTIVE.search(command.text) is not None or _WRITES.search(command.text) is not None
    base = (command.line, command.last_line, command.text)
    if len(text) > _LONGEST:
        problem = f"nobody types a command of {len(text)} characters"
        return Command(*base, "unreadable", destructive=destructive, problem=problem)
    if is_powershell(text):
        asked, problem = powershell_request(text, command.line)
        return Command(*base, "Invoke-WebRequest", asked, details, destructive, problem)
    try:
        stages = _stages(text)
    except ValueError as error:
        return Command(*base, "unreadable", destructive=destructive, problem=f"the shell line is broken: {error}")
    if not stages:
        return Command(*base, "shell", destructive=destructive)
    if [_name(stage) for stage in stages[:2]] == ["cd", "sha256sum"]:
        details["sums_folder"], stages = next(iter(stages[0][1:]), ""), stages[1:]
    words = next((stage for stage in stages if _name(stage) in STAGED), stages[0])
    if words is not stages[0]:
        details["targets"] = [word for stage in stages[: stages.index(words)] for word in stage]
    details["filters"] = [word for stage in stages[1:] if stage[0] in _FILTERS for word in _patterns(stage)]
    if jq := next((stage for stage in stages if _name(stage) == "jq"), None):
        details["jq"] = next((word for word in jq[1:] if not word.startswith("-")), ".")
    program = _name(words)
    reader = _PROGRAMS.get(program)
    if reader is None:
        return Command(*base, program, details=details, destructive=destructive)
    name, request, problem = reader(words[1:], command.line, details, folder)
    return Command(*base, name, request, details, destructive, problem)


@lru_cache(maxsize=1024)
def _stages(text: str) -> tuple[tuple[str, ...], ...]:
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
        while stage and (stage[0] in _PREFIX_WORDS or stage[0] == "timeout" or _ASSIGNED.match(stage[0])):
            if _ASSIGNED.match(stage[0]) and len(stage) == 1:
                break
            stage = stage[2:] if stage[0] == "timeout" else stage[1:]
        # What is left of `2>&1`, whose other half was taken for a redirection.
        cleaned.append([word for word in stage if word != "2"] if "2" in stage[-1:] else stage)
    return tuple(tuple(stage) for stage in cleaned if stage)


def _name(words: Sequence[str]) -> str:
    return words[0].rsplit("/", 1)[-1].removesuffix(".exe")


def _patterns(stage: Sequence[str]) -> list[str]:
    return [word for word in stage[1:] if not word.startswith("-")][:1]


def _repetitions(items: str) -> int:
    if match := re.fullmatch(r"\{(\d{1,300})\.\.(\d{1,300})\}", items.strip()):
        return abs(int(match[2]) - int(match[1])) + 1
    match = re.fullmatch(r"\$\(seq (?:1 )?(\d{1,300})\)", items.strip())
    return int(match[1]) if match else len(items.split())


_Native = tuple[str, Mapping[str, Any] | None, str]


def _curl(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    curl = read_curl(words, line)
    if curl.write_out:
        details["write_out"] = curl.write_out
    if curl.body_file and curl.request is not None:
        details["payload_file"] = curl.body_file
        curl.request["body"], details["payload_found"] = read_payload(curl.body_file, folder)
        if not details["payload_found"]:
            return "curl", None, f"the body file {curl.body_file} is no JSON file in the document's folder"
    return "curl", curl.request, curl.problem


def _vllm(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    if list(words[:2]) == ["bench", "serve"]:
        return read_load("vllm bench serve", words[2:], line, details, folder)
    return f"vllm {words[0]}" if words else "vllm", None, ""


def _wget(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    return "wget", *wget_request(words, line)


def _httpie(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    return "httpie", *httpie_request(words, line)


def _systemctl(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    plain = [word for word in words if not word.startswith("-")]
    verb = plain[0] if plain else ""
    if len(plain) > 1:
        details["unit"] = plain[1]
    properties = [word.split("=", 1)[1] for word in words if word.startswith("--property=")]
    details["properties"] = [name for listed in properties for name in listed.split(",")]
    return f"systemctl {verb}".strip(), None, ""


def _python(words: Sequence[str], line: int, details: dict[str, Any], folder: Path) -> _Native:
    script = words[0].rsplit("/", 1)[-1] if words else ""
    if script in LOAD_TOOLS:
        return read_load(script, words[1:], line, details, folder)
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
    **{name: partial(read_load, name) for name in LOAD_TOOLS},
    "vllm": _vllm,
    "curl": _curl,
    "wget": _wget,
    **dict.fromkeys(("http", "https", "xh"), _httpie),
    "systemctl": _systemctl,
    "python": _python,
    "python3": _python,
    "ls": _ls,
    "sha256sum": _sha256sum,
    "docker": _docker,
}
