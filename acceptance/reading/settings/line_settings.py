"""Formats of one setting a line to settings: TOML, systemd units and other INI files, nginx, Dockerfiles."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from signoff.acceptance.reading.settings.flag_settings import flags, is_server, split
from signoff.acceptance.reading.settings.names import named_value, variable_prefix, variable_value
from signoff.acceptance.reading.settings.setting_values import is_json, literal
from signoff.acceptance.reading.settings.trouble import LONGEST, Trouble, too_long, unreadable
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Setting
from signoff.acceptance.reading.source.wording import has_placeholder
from signoff.acceptance.toml_text import parsed

_TABLE = re.compile(r"^\s*\[{1,2}(?P<name>[^\[\]]+)\]{1,2}\s*(?:[#;].*)?$")
_TABLE_LINE = re.compile(r"^\s*\[.*\]\s*$", re.MULTILINE)
_TOML_PAIR = re.compile(r"^\s*(?P<key>[\w.\"'-]+)\s*=\s*(?P<value>\S.*)$")
_INI_PAIR = re.compile(r"^\s*(?P<key>[A-Za-z](?:[\w. -]*[\w.-])?)\s*[=:]\s*(?P<value>.*)$")
_NGINX = re.compile(r"^\s*(?P<key>[a-z_][\w]*)\s+(?=\S)(?P<value>[^{};]+);")
_NGINX_OPENS = re.compile(r"^\s*(?P<name>[a-z_]\w*)\b[^{};]*\{\s*(?:#.*)?$")
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>\"[^\"]*\"|'[^']*'|\S*)")
_MOST_LINES = 60
# How often the lines of one block are put together to see whether a value ends there.
_MOST_TRIES = 10_000
_LONGEST_LINE = 10_000
_PORT_NUMBER = re.compile(r"\d{1,9}")


def toml_settings(fence: Block, troubles: list[Trouble]) -> Iterator[Setting]:
    """The settings of a TOML block, line by line, so that each keeps its place."""
    if len(fence.text) > LONGEST:
        troubles.append(too_long("TOML", fence.line, len(fence.text)))
        return
    try:
        parsed(fence.text)
    except tomllib.TOMLDecodeError as error:
        # The name of a table is no placeholder.
        if not has_placeholder(_TABLE_LINE.sub("", fence.text)):
            found = re.search(r" \(at line (\d+), column (\d+)\)", str(error))
            place = (int(found[1]) - 1, int(found[2]) - 1) if found else (0, 0)
            problem = str(error).replace(found[0] if found else "", "")
            troubles.append(unreadable("TOML", problem, fence.line, fence.text, *place))
            return
    table: tuple[str, ...] = ()
    content = fence.content()
    index = tries = 0
    while index < len(content):
        number, line = content[index]
        index += 1
        opened = _TABLE.match(line)
        if opened is not None:
            table = tuple(part.strip("\"' ") for part in opened["name"].strip().split("."))
            continue
        match = _TOML_PAIR.match(line)
        if match is None:
            continue
        text, taken = match["value"], 0
        value = _toml(text)
        while value is None and taken < _MOST_LINES and index + taken < len(content) and tries < _MOST_TRIES:
            tries += 1
            text += "\n" + content[index + taken][1]
            taken += 1
            value = _toml(text)
        index += taken if value is not None else 0
        path = (*table, *(part.strip("\"'") for part in match["key"].split(".")))
        shown = literal(match["value"]) if value is None else value[0]
        for inner, leaf in _inline(path, shown):
            name, converted = named_value(inner, leaf)
            group = ".".join(table)
            yield Setting(name, converted, ".".join(inner), "toml", number, match.start("key"), group, path=inner)


def _toml(text: str) -> tuple[Any] | None:
    """The value of a piece of TOML in a tuple, or None where more lines belong to it."""
    try:
        return (parsed(f"x = {text}")["x"],)
    except tomllib.TOMLDecodeError:
        return None


def _inline(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _inline((*path, key), inner)
    else:
        yield path, value if is_json(value) else str(value)


def ini_settings(fence: Block) -> Iterator[Setting]:
    """The settings of sections in brackets; a unit's variables and the flags of what it starts count as well."""
    section = ""
    for number, line in fence.content():
        opened = _TABLE.match(line)
        if opened is not None:
            section = opened["name"].strip()
            continue
        match = _INI_PAIR.match(line)
        if match is None or line.lstrip().startswith(("#", ";")):
            continue
        key, value = match["key"], match["value"].strip()
        place = (number, match.start("key"), section)
        if key == "Environment":
            pairs = [word.split("=", 1) for word in split(value) if re.match(r"[A-Za-z_]\w*=", word)]
            prefix = variable_prefix([item for item, _ in pairs], "")
            for item, text in pairs:
                name, shown = variable_value(item, prefix, literal(text))
                yield Setting(name, shown, item, "ini", *place)
            continue
        name, shown = named_value((key,), literal(value))
        yield Setting(name, shown, key, "ini", *place)
        if key == "ExecStart" and is_server(value):
            for spelling, path, text in flags(split(value)):
                name, shown = named_value(path, text)
                yield Setting(name, shown, spelling, "flag", number, max(line.find(spelling), 0), section)


def nginx_settings(fence: Block) -> Iterator[Setting]:
    """The directives of nginx, each under the blocks that it is in."""
    path: list[str] = []
    for number, line in fence.content():
        opened = _NGINX_OPENS.match(line)
        if opened is not None:
            path.append(opened["name"])
            continue
        for match in _NGINX.finditer(line):
            spelling = ".".join([*path[-4:], match["key"]])
            value = literal(match["value"])
            yield Setting(
                f"nginx_{match['key']}", value, spelling, "nginx", number, match.start("key"), ".".join(path[-4:])
            )
        if line.strip().startswith("}") and path:
            path.pop()


def dockerfile_settings(fence: Block) -> Iterator[Setting]:
    """The variables, ports and flags that an image is built with."""
    for number, line in fence.content():
        word, _, rest = line.strip().partition(" ")
        if word.upper() == "ENV":
            for item in _ASSIGNED.finditer(rest[:_LONGEST_LINE]):
                name, value = variable_value(item["name"], "", literal(item["value"]))
                yield Setting(name, value, item["name"], "env", number, max(line.find(item["name"]), 0))
        elif word.upper() == "EXPOSE" and _PORT_NUMBER.fullmatch(rest.split("/")[0].strip()):
            yield Setting("port", int(rest.split("/")[0]), "EXPOSE", "env", number, max(line.find(word), 0))
        elif word.upper() in ("CMD", "ENTRYPOINT"):
            for spelling, path, text in flags(_command(rest)):
                name, value = named_value(path, text)
                yield Setting(name, value, spelling, "flag", number, max(line.find(spelling), 0))


def _command(text: str) -> list[str]:
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        return split(text)
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
