"""Configuration blocks to settings: `.env` lines, YAML, JSON, TOML, INI, nginx, Python calls, flags of servers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from signoff.acceptance.reading.commands.shell import read_shell
from signoff.acceptance.reading.sections.sections import is_aside
from signoff.acceptance.reading.settings.alternatives import comment_of
from signoff.acceptance.reading.settings.asked_name import with_asked_names
from signoff.acceptance.reading.settings.flag_settings import command_settings
from signoff.acceptance.reading.settings.line_settings import (
    dockerfile_settings,
    ini_settings,
    nginx_settings,
    toml_settings,
)
from signoff.acceptance.reading.settings.names import (
    ALIASES,
    CANONICAL,
    GENERIC,
    named_value,
    variable_prefix,
    variable_value,
)
from signoff.acceptance.reading.settings.python_settings import Variable, python_settings
from signoff.acceptance.reading.settings.setting_values import is_json, literal
from signoff.acceptance.reading.settings.subject import with_subjects
from signoff.acceptance.reading.settings.trouble import Trouble
from signoff.acceptance.reading.settings.yaml_settings import yaml_settings
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Form, Setting
from signoff.acceptance.reading.source.expected_line import ShellCommand
from signoff.acceptance.reading.source.source import Source
from signoff.acceptance.reading.source.wording import plain

__all__ = ["Configuration", "Trouble", "Variable", "is_json", "literal", "read_configuration"]
_VARIABLE = re.compile(r"^\s*(?:export\s+|set\s+|\$env:)?(?P<name>[A-Za-z_\[][\w\[\]]*)\s?=(?P<value>.*)$")
# `A=1 B=2 program` runs a program, whose variables these are.
_RUNS = re.compile(r"^\s*\w+=[^\s\"'#=]+\s+(?:\w+=\S*\s+)*[a-z][\w./-]*(?:\s|$)")
_ENV_LANGUAGES = {"", "bash", "sh", "shell", "env", "dotenv", "ini", "properties", "conf", "text", "powershell", "zsh"}
_YAML_LANGUAGES = {"yaml", "yml", "docker-compose", "compose"}
_JSON_LANGUAGES = {"json", "jsonc", "json5"}
_PYTHON_LANGUAGES = {"python", "py", "python3"}
_INI_LANGUAGES = {"ini", "systemd", "service", "unit", "cfg", "conf", "properties", "dosini", "", "text"}
_SHELLS = {"bash", "sh", "shell", "zsh", "console", "shell-session", "terminal", "", "powershell"}
_SECTION = re.compile(r"^\s*\[[A-Za-z][\w .:-]*\]\s*$", re.MULTILINE)
_ANSWER = re.compile(
    r"\b(?:responses?|returns?|answers?|replies|reply|requests?|body|output|expected|payload|result)\b", re.IGNORECASE
)
_CONFIG = re.compile(
    r"\b(?:config\w*|settings?|properties|parameters)\b|\.(?:json|ya?ml|toml|env|conf)\b", re.IGNORECASE
)
_SENDS = re.compile(r"\b(?:curl|wget|http|https|Invoke-\w+)\s", re.IGNORECASE)
_HERE = re.compile(r"<<-?\s*(['\"]?)(?P<word>\w+)\1")
_FILE = re.compile(r"(?:>{1,2}|\btee\b(?:\s+-a)?)\s*[\"']?(?P<file>[^\s\"'<>|]+)")
_SETTING_COLUMN = re.compile(
    r"^\W*(?:settings?|parameters?|variables?|env(?:ironment)?(?: variables?)?|options?|keys?|flags?|propert(?:y|ies)"
    r"|configuration(?: key)?)(?: name)?\W*$",
    re.IGNORECASE,
)
_VALUE_COLUMN = re.compile(r"^\W*(?:required |configured |production )?(?:values?|settings?)\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Configuration:
    """All settings of a document in the order of its lines, with the lines that configuration blocks take."""

    settings: tuple[Setting, ...]
    variables: tuple[Variable, ...]
    lines: frozenset[int]
    blocks: frozenset[int]
    """First lines of the fences and rows that were read as configuration."""
    troubles: tuple[Trouble, ...]


@dataclass
class _Reading:
    """What was found so far."""

    settings: list[Setting] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    blocks: set[int] = field(default_factory=set)
    above: Block | None = None
    file: str = ""
    """The file that the block is written to."""

    def keep(self, block: Block, found: Sequence[Setting], is_whole: bool = True) -> None:
        """Keep what a block gives; `is_whole` where it holds configuration and nothing else."""
        if not found:
            return
        self.settings += with_subjects(block, self.above, found, self.file)
        if is_whole:
            self.blocks.add(block.line)
            self.lines |= set(range(block.line, block.last_line + 1))


def read_configuration(source: Source, blocks: Sequence[Block], service_name: str) -> Configuration:
    """The settings of every block that holds configuration; a block that holds none is left to others."""
    reading = _Reading()
    for block in blocks:
        if block.kind == "fence":
            _fence(block, reading.above, service_name, reading)
        elif block.kind == "row":
            reading.keep(block, list(_row(block)))
        reading.above = block if block.kind != "other" else reading.above
    ordered = sorted(
        (placed(setting, source) for setting in reading.settings),
        key=lambda setting: (setting.line, setting.column),
    )
    lines, fences = frozenset(reading.lines), frozenset(reading.blocks)
    settings = tuple(with_asked_names(ordered))
    return Configuration(settings, tuple(reading.variables), lines, fences, tuple(reading.troubles))


def _fence(fence: Block, above: Block | None, service_name: str, reading: _Reading) -> None:
    words = fence.info.lower().split()
    language = words[0].strip("{}.") if words else ""
    if language == "front-matter":
        reading.keep(fence, [setting for setting in _data(fence, words[-1], reading) if _is_known(setting)])
    elif language in _ENV_LANGUAGES and is_environment(fence):
        reading.keep(fence, list(_environment(fence, service_name)))
    elif language in _JSON_LANGUAGES:
        if _is_json_configuration(fence, above):
            reading.keep(fence, list(yaml_settings(fence, reading.troubles, "json")))
    elif language in _YAML_LANGUAGES or language == "toml":
        reading.keep(fence, list(_data(fence, language, reading)))
    elif language in _PYTHON_LANGUAGES:
        reading.keep(fence, list(python_settings(fence, reading.variables, reading.troubles)))
    elif language == "nginx":
        reading.keep(fence, list(nginx_settings(fence)))
    elif language in ("dockerfile", "docker", "containerfile"):
        reading.keep(fence, list(dockerfile_settings(fence)))
    elif language in _INI_LANGUAGES and _SECTION.search(fence.text) and _is_ini(fence):
        reading.keep(fence, list(ini_settings(fence)))
    elif language in _SHELLS and not is_aside(fence.headings):
        _shell(fence, service_name, reading)


def _data(fence: Block, language: str, reading: _Reading) -> Iterator[Setting]:
    return toml_settings(fence, reading.troubles) if language == "toml" else yaml_settings(fence, reading.troubles)


def _is_known(setting: Setting) -> bool:
    return setting.name in CANONICAL and setting.name not in ("name", "host")


def _is_json_configuration(fence: Block, above: Block | None) -> bool:
    """Whether a JSON block configures: it is called so, or it has names of settings and is no request or answer."""
    lead = plain(above.text).split("\n")[-1] if above is not None and above.kind in ("paragraph", "item") else ""
    heading = plain(fence.headings[-1].text) if fence.headings else ""
    if _ANSWER.search(lead) or (_ANSWER.search(heading) and not _CONFIG.search(lead)):
        return False
    if _CONFIG.search(lead) or _CONFIG.search(heading):
        return True
    if above is not None and above.kind == "fence" and _SENDS.search(above.text):
        return False
    keys = {key.lower() for key in re.findall(r"\"(\w{1,60})\"\s*:", fence.text)}
    return bool({ALIASES.get(key, key) for key in keys} & (CANONICAL - GENERIC))


def _is_ini(fence: Block) -> bool:
    telling = [line for _, line in fence.content() if line.strip() and line.lstrip()[0] not in "#;"]
    return all(re.match(r"\s*\[[^\]]+\]\s*$|\s*[A-Za-z][\w. -]{0,60}\s*[=:]|\s+\S|.*\\$", line) for line in telling)


def is_environment(fence: Block) -> bool:
    """Whether every line of a fence that says something is a variable or a comment."""
    telling = [line for _, line in fence.content() if line.strip() and not line.lstrip().startswith("#")]
    is_shell = fence.info.lower().partition(" ")[0] in _SHELLS - {""}
    return bool(telling) and all(_VARIABLE.match(line) and not (is_shell and _RUNS.match(line)) for line in telling)


def _environment(fence: Block, service_name: str) -> Iterator[Setting]:
    matches = [(number, line, _VARIABLE.match(line)) for number, line in fence.content()]
    prefix = variable_prefix([match["name"] for _, _, match in matches if match], service_name)
    group = ""
    for number, line, match in matches:
        if match is None:
            group = line.lstrip().lstrip("#").strip() or group
            continue
        name, value = variable_value(match["name"], prefix, literal(match["value"]))
        yield Setting(name, value, match["name"], "env", number, match.start("name"), group)


def _shell(fence: Block, service_name: str, reading: _Reading) -> None:
    """The flags of the servers that commands start, and the files that they write."""
    if not re.search(r"<<|--\w|-\w\s|=", fence.text):
        return
    content = fence.content()
    lines = dict(content)
    commands, _ = read_shell(content)
    for command in commands:
        reading.keep(fence, list(command_settings(command, lines)), is_whole=False)
        inner = _written(command, lines)
        if inner is not None:
            target = _FILE.search(lines.get(command.line, ""))
            found = _Reading(file=target["file"] if target is not None else "")
            _fence(inner, None, service_name, found)
            reading.settings += found.settings
            reading.troubles += found.troubles
            reading.lines |= found.lines


def _written(command: ShellCommand, lines: dict[int, str]) -> Block | None:
    """The file that a here-document writes, as a fence in the language of its name or its look."""
    first = lines.get(command.line, "")
    here, target = _HERE.search(first), _FILE.search(first)
    if here is None or command.last_line <= command.line + 1:
        return None
    body = [lines.get(number, "") for number in range(command.line + 1, command.last_line)]
    text = "".join(f"{line}\n" for line in body)
    name = target["file"].lower() if target is not None else ""
    suffix = name.rsplit(".", 1)[-1] if "." in name else ""
    look = text.lstrip()[:1]
    language = {
        "yml": "yaml",
        "yaml": "yaml",
        "toml": "toml",
        "json": "json",
        "conf": "ini",
        "service": "ini",
        "ini": "ini",
        "env": "env",
    }.get(suffix, "json" if look == "{" else "ini" if look == "[" else "env")
    info = "nginx" if "nginx" in name else language
    last = command.last_line - 1
    heading = replace(Block("fence", command.line, last, text=text, info=info), headings=())
    return heading if language != "json" or look in "{[" else None


def _row(block: Block) -> Iterator[Setting]:
    """A row of a table that gives a setting its value."""
    header = [plain(name) for name in block.header]
    if not header or not _SETTING_COLUMN.match(header[0]) or is_aside(block.headings) or len(block.cells) < 2:
        return
    index = next((index for index, name in enumerate(header) if index and _VALUE_COLUMN.match(name)), None)
    name, text = (
        plain(block.cells[0].text),
        plain(block.cells[index].text) if index and index < len(block.cells) else "",
    )
    if not re.fullmatch(r"-{0,2}[A-Za-z][\w.-]{0,80}", name) or not text:
        return
    cell = block.cells[0]
    spelling = name.lstrip("-")
    if name.isupper():
        canonical, value = variable_value(name, "", literal(text))
    else:
        canonical, value = named_value(tuple(spelling.split(".")), literal(text))
    form: Form = "table"
    yield Setting(canonical, value, name, form, cell.line or block.line, cell.offset)


def placed(setting: Setting, source: Source) -> Setting:
    """The setting with the column on disk where its spelling begins."""
    text = source.lines[setting.line - 1]
    spelling = setting.spelling if setting.form == "flag" else setting.spelling.rsplit(".", 1)[-1]
    offset = text.find(spelling, setting.column) if setting.form == "flag" else -1
    offset = text.find(spelling) if offset < 0 else offset
    column = source.column(setting.line, max(offset, 0))
    return replace(setting, column=column, comment="" if setting.form == "table" else comment_of(text))
