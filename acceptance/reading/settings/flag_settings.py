"""Command lines that start a server to settings: `vllm serve`, `llama-server`, `docker run`, and their like.

The flags of a command line are settings as those of a file are, under the same canonical names.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from signoff.acceptance.reading.settings.names import common_prefix, named_value, variable_value
from signoff.acceptance.reading.settings.setting_values import literal
from signoff.acceptance.reading.source.document import Setting
from signoff.acceptance.reading.source.expected_line import ShellCommand

_SERVERS: tuple[tuple[re.Pattern[str], Mapping[str, str]], ...] = (
    (
        re.compile(r"\bvllm\s+serve\b|\bvllm\.entrypoints\.openai\.api_server\b"),
        {"-tp": "tensor_parallel_size", "-dp": "data_parallel_size", "-q": "quantization"},
    ),
    (re.compile(r"\bsglang\.launch_server\b|\bsglang\s+serve\b"), {"--tp": "tensor_parallel_size"}),
    (re.compile(r"\btext-generation-launcher\b"), {"-p": "port"}),
    (
        re.compile(r"\bllama-server\b|\bllama_cpp\.server\b|\bllama\.cpp/server\b"),
        {
            "-c": "ctx_size",
            "-np": "parallel",
            "-m": "model_path",
            "-ngl": "n_gpu_layers",
            "-t": "threads",
            "-b": "batch_size",
        },
    ),
    (re.compile(r"\bollama\s+(?:serve|run)\b"), {}),
    (re.compile(r"\b(?:uvicorn|hypercorn|gunicorn)\s"), {"-w": "workers", "-b": "bind", "-p": "port"}),
    (re.compile(r"\b(?:lmdeploy\s+serve|tritonserver|mlc_llm\s+serve|tabbyapi|litellm)\b"), {}),
)
_DOCKER = re.compile(r"\b(?:docker|podman|nerdctl)\s+(?:container\s+)?run\b")
_DOCKER_FLAGS = {
    "--memory": "memory_limit",
    "-m": "memory_limit",
    "--cpus": "cpus",
    "--gpus": "gpus",
    "--shm-size": "shm_size",
}
_PREFIX = {"OLLAMA_": "OLLAMA_", "VLLM_": "VLLM_"}
_ASSIGNMENT = re.compile(r"^(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$", re.DOTALL)
_FLAG = re.compile(r"^--?[A-Za-z][\w.-]*$")
_NO_NUMBER = re.compile(r"^-(?!\d)")
_MODEL = re.compile(r"\bvllm\s+serve\s+(?P<model>[^-\s]\S*)")


def is_server(text: str) -> bool:
    """Whether a command line starts a server whose flags are known here."""
    return any(pattern.search(text) for pattern, _ in _SERVERS) or _DOCKER.search(text) is not None


def command_settings(command: ShellCommand, lines: Mapping[int, str]) -> Iterator[Setting]:
    """The settings that a command of a fence gives; `lines` are the fence's, by number."""
    if len(command.text) > 100_000 or not is_server(command.text):
        return
    numbers = range(command.line, command.last_line + 1)
    line, offset = command.line, 0
    for spelling, path, value in _read(command.text):
        for number in (number for number in numbers if number >= line):
            begin = offset if number == line else 0
            found = lines.get(number, "").find(spelling, begin)
            if found >= 0:
                line, offset = number, found + 1
                break
        name, converted = named_value(path, value)
        yield Setting(name, converted, spelling, "flag", line, offset)


def flags(words: Sequence[str], short: Mapping[str, str] | None = None) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Each flag of some words: its spelling, its path of names, its value (True where it takes none)."""
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        spelling, equals, value = word.partition("=")
        if not _FLAG.match(spelling) or (not spelling.startswith("--") and spelling not in (short or {})):
            continue
        name = (short or {}).get(spelling, spelling.lstrip("-"))
        if equals:
            yield spelling, (name,), literal(value)
        elif index < len(words) and not _NO_NUMBER.match(words[index]):
            yield spelling, (name,), literal(words[index])
            index += 1
        elif name.startswith("no-"):
            yield spelling, (name.removeprefix("no-"),), False
        else:
            yield spelling, (name,), True


def split(text: str) -> list[str]:
    """The words of a command line; none where its quotes are broken."""
    try:
        return shlex.split(text.replace("\\\n", " "), comments=True)
    except ValueError:
        return []


def _read(text: str) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    words = split(text)
    yield from _assigned(words)
    model = _MODEL.search(text)
    if model is not None:
        is_path = model["model"].startswith(("/", "./", "~"))
        yield model["model"], ("model_path" if is_path else "model_name",), model["model"]
    short = next((names for pattern, names in _SERVERS if pattern.search(text)), {})
    if _DOCKER.search(text):
        yield from _docker(words, short)
        return
    yield from flags(words, short)


def _assigned(words: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Variables that are before the program."""
    for word in words:
        match = _ASSIGNMENT.match(word)
        if match is None:
            return
        yield _variable(match["name"], match["value"])


def _variable(name: str, text: str) -> tuple[str, tuple[str, ...], Any]:
    prefix = next((prefix for prefix in _PREFIX if name.startswith(prefix)), "")
    canonical, value = variable_value(name, prefix, literal(text))
    return name, (canonical,), value


def _docker(words: Sequence[str], short: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """The flags of the container, its variables, and the flags of what runs in it."""
    before: list[str] = []
    given: list[tuple[str, str]] = []
    index = next((position + 1 for position, word in enumerate(words) if word == "run"), len(words))
    while index < len(words):
        word = words[index]
        if not word.startswith("-"):
            break
        index += 1
        name, equals, value = word.partition("=")
        takes = name in _DOCKER_FLAGS or name in (
            "-e",
            "--env",
            "-p",
            "--publish",
            "-v",
            "--volume",
            "--name",
            "--network",
            "--ipc",
            "--restart",
            "--runtime",
            "--entrypoint",
            "-w",
            "-u",
            "--ulimit",
            "--mount",
            "--device",
        )
        if takes and not equals and index < len(words):
            value = words[index]
            index += 1
        if name in ("-e", "--env") and "=" in value:
            given.append((value.split("=", 1)[0], value.split("=", 1)[1]))
        elif name in _DOCKER_FLAGS:
            before += [name, value]
    prefix = common_prefix([name for name, _ in given])
    for spelling, path, value in flags(before, _DOCKER_FLAGS):
        yield spelling, (_DOCKER_FLAGS.get(spelling, path[0]),), value
    for name, text in given:
        canonical, value = variable_value(
            name, prefix or next((p for p in _PREFIX if name.startswith(p)), ""), literal(text)
        )
        yield name, (canonical,), value
    yield from flags(words[index + 1 :], short)
