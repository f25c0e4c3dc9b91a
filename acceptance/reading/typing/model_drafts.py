"""Demands on a model's files, its unit and its engine's settings as criteria."""

from __future__ import annotations

import re
from collections.abc import Sequence

from signoff.acceptance.parameters import Parameters
from signoff.acceptance.reading.drafts.criterion_draft import Draft, person
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.settings.names import ENGINE
from signoff.acceptance.reading.source.document import Setting, Statement

_ENGINE_SECTION = frozenset({"engine", "vllm"})
_OF_REQUESTS = frozenset({"sampling", "generation"})
_ENGINE_GROUP = re.compile(r"\b(?:vllm|engine)\b", re.IGNORECASE)
_FOLDER = re.compile(r"(?<![\w/.:])(?P<folder>/(?:[\w.-]+/)*[\w-][\w.-]*)/?:?(?![\w/])")
_SUMS = re.compile(
    r"(?<![\w/.:-])(?P<folder>(?:/?[\w.-]+)(?:/[\w.-]+)*)/(?P<sums>[\w.-]*(?:sha256sums?|\.sha256|checksums?|md5sums)[\w.]*)",
    re.IGNORECASE,
)
_TESTED = re.compile(r"\btest\s+-[efs]\s+(?P<path>/[\w./-]+)\s*(?:&&|$)")
_FILE = re.compile(r"(?<![\w/])/(?:[\w.-]+/)+[\w.-]*\w")
# What `sha256sum -c` prints of a file.
_FILE_LINE = re.compile(r"^[\w./-]+\.\w+(?=:)")
_OF_SUMS = re.compile(r"\b(?:checksums?|sums?|sha-?256|hash(?:es)?)\b", re.IGNORECASE)
_USUAL_SUMS = "SHA256SUMS"
_UNIT = re.compile(r"(?<![\w/.-])[\w@-]+(?:\.[\w@-]+)*\.service\b")


def model_files(statement: Statement, facts: Facts) -> Draft:
    """The model's folder and checksums, from the configuration and the commands."""
    details = statement.command.details if statement.command is not None else {}
    if details.get("sums_folder") and details.get("checksums"):
        shown = _FILE_LINE.match(statement.text)
        spans = (shown.span(),) if shown is not None else ()
        parameters: Parameters = {"folder": details["sums_folder"].rstrip("/"), "checksums": details["checksums"]}
        return Draft("model_files", parameters=parameters, spans=spans)
    named = _SUMS.search(statement.text) or _FOLDER.search(statement.text)
    setting = facts.setting("model_path")
    stated = str(setting.value) if setting is not None else facts.detail("folder")
    folder = named["folder"] if named is not None else stated
    if folder is None:
        return person("a person has to look for the model's files: the document names no folder for them")
    spans = (named.span(),) if named is not None else ()
    checksums = named["sums"] if named is not None and named.re is _SUMS else None
    # The commands' file of checksums is one of the folder that they speak of.
    is_same = stated is None or folder.rstrip("/") == stated.rstrip("/")
    checksums = checksums or (facts.detail("checksums") if is_same else None)
    assumptions: tuple[str, ...] = ()
    if checksums is None and _OF_SUMS.search(statement.text):
        checksums = _USUAL_SUMS
        assumptions = (f"no file of checksums is named: {_USUAL_SUMS} of that folder is read",)
    parameters = {"folder": folder.rstrip("/"), "checksums": checksums}
    return Draft("model_files", assumptions=assumptions, parameters=parameters, spans=spans)


def file(statement: Statement, facts: Facts) -> Draft:
    """A file that the text names is there, and not empty."""
    if statement.command is not None:
        asked = _TESTED.search(statement.command.text)
        if asked is not None:
            return Draft("file", parameters={"path": asked["path"]})
    named = _FILE.search(statement.text)
    if named is None:
        return person("a person has to look for the file: the text names no place for it")
    return Draft("file", parameters={"path": named[0]}, spans=(named.span(),))


def unit_file(statement: Statement, facts: Facts) -> Draft:
    """The systemd unit that the document's commands name."""
    named = _UNIT.search(statement.text)
    unit = named[0] if named is not None else facts.detail("unit")
    if named is not None:
        return Draft("unit_file", parameters={"unit": unit}, spans=(named.span(),))
    if unit is None:
        return person("a person has to look at the unit: the document names none")
    return Draft("unit_file", parameters={"unit": unit})


def engine_settings(statement: Statement, facts: Facts) -> Draft:
    """The settings under the heading that names the engine, else all that an engine has."""
    own = [setting for setting in facts.settings if not setting.scope or not facts.services]
    grouped = [setting for setting in own if setting.form == "env" and _ENGINE_GROUP.search(setting.group)]
    names = list(dict.fromkeys(setting.name for setting in facts.settings if _is_of_engine(setting)))
    by_name = [setting for name in names if (setting := facts.setting(name)) is not None]
    found = grouped or by_name
    if not found:
        return person("a person has to look at the engine's settings: the document states none")
    values = {setting.name: setting.value for setting in reversed(found)}
    values = {setting.name: values[setting.name] for setting in found}
    where = f'"{grouped[0].group}"' if grouped else "the configuration"
    numbers = sorted({setting.line for setting in found})
    assumption = f"the engine's settings are those under {where}, lines {_ranges(numbers)}"
    return Draft("engine_settings", assumptions=(assumption,), parameters={"settings": values})


def _is_of_engine(setting: Setting) -> bool:
    """Whether a setting is an engine's: by its name, or by the section that it is in; requests have settings too."""
    if setting.subject != "service":
        return False
    words = {word for part in setting.path[:-1] for word in part.lower().replace("-", "_").split("_")}
    return setting.name in ENGINE or (bool(words & _ENGINE_SECTION) and not words & _OF_REQUESTS)


def _ranges(numbers: Sequence[int]) -> str:
    """Line numbers in order, with neighbours taken together: `94 to 96, 139`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
