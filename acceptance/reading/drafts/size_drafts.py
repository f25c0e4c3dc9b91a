"""Limits on sizes as criteria: room on a disk, the size of a file."""

from __future__ import annotations

import re
from dataclasses import replace

from signoff.acceptance.disk_room import room_of
from signoff.acceptance.parameters import Parameters
from signoff.acceptance.reading.drafts.criterion_draft import Draft
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.quantities.quantity import Quantity
from signoff.acceptance.reading.source.document import Statement
from signoff.reports.units import SCALE

_PATH = re.compile(
    r"(?<![\w/])(?:\.{0,2}/)?(?:[\w.-]+/)+[\w.-]+|(?<![\w/.])[\w-]+\.(?:gguf|safetensors|bin|onnx|pt|engine)\b"
)
_FILE_SUFFIX = re.compile(r"\.[A-Za-z][\w]{1,11}$")
# A line that begins with the place of a file is about that file.
_PLACE = re.compile(
    r"^\W{0,3}(?P<path>/(?:srv|etc|opt|var|usr|home|data|mnt|models?|run|root)/(?:[\w.-]+/)*[\w.-]+\.\w+)\b"
)
_SIZED = re.compile(r"^(?:ls|du|stat)$")
_ABSOLUTE = re.compile(r"(?<![\w/.:])/(?:[\w.-]+/?)+")
OF_FILES = re.compile(r"\b(?:model|weights?|file|checkpoint|gguf|artifact)\b", re.IGNORECASE)


def disk(quantity: Quantity, statement: Statement, facts: Facts) -> Draft:
    """Room on the disk that the text or its command names, else on the one that holds the model, else on the root's."""
    command = f"{statement.command.text} " if statement.command is not None else ""
    named = _ABSOLUTE.search(command + statement.text)
    setting = facts.setting("model_path")
    folder = facts.detail("folder")
    if named is not None:
        path, sentence = named[0].rstrip("/.") or "/", ""
    elif setting is not None:
        path, sentence = str(setting.value), "where the model lies"
    elif folder is not None:
        path, sentence = str(folder), "which a command of the document lists"
    else:
        path, sentence = "/", "as the document names no folder"
    room = room_of(statement.text)
    assumption = f"the disk that is meant is the one of {path}" + (f", {sentence}" if sentence else "")
    return Draft("disk", quantity.threshold(), (*quantity.assumptions, assumption), {"path": path, "room": room})


def sized_path(quantity: Quantity, statement: Statement, facts: Facts) -> str:
    """The file whose size a figure is: the command's, else the one model file of the document that is meant."""
    command = statement.command
    if command is not None and _SIZED.search(command.program):
        words = [word for word in command.text.split() if not word.startswith("-")][1:]
        return str(command.details.get("folder") or next(iter(words), ""))
    if statement.type != "expected" and (placed := _PLACE.match(statement.text)):
        return placed["path"]
    if statement.type == "expected" or not OF_FILES.search(statement.text):
        return ""
    if named := _PATH.search(statement.text):
        return named[0]
    paths = [str(found.details["folder"]) for found in facts.commands if "folder" in found.details]
    files = list(dict.fromkeys(path for path in paths if _FILE_SUFFIX.search(path)))
    bracket = re.match(r"\s*\(([^()]{1,60})\)", statement.text[quantity.end :])
    tags = re.findall(r"\d+(?:\.\d+)?b\b", bracket[1].lower()) if bracket is not None else []
    fitting = [path for path in files if all(tag in path.lower() for tag in tags)]
    return fitting[0] if len(fitting) == 1 else ""


def sized_file(quantity: Quantity, path: str) -> Draft:
    limit = replace(quantity.threshold(), subject="size", statistic=None)
    assumptions = quantity.assumptions
    if any(text.startswith("no comparator") for text in assumptions):
        limit = replace(limit, comparator="==")
        assumptions = tuple(text for text in assumptions if not text.startswith("no comparator"))
        assumptions = (
            *assumptions,
            f"no comparator is stated: the size is to be {limit.value:g} {limit.unit}, rounded so",
        )
    parameters: Parameters = {"path": path}
    if quantity.low is not None and quantity.high is not None:
        scale = SCALE[quantity.unit][0]
        parameters |= {"low": quantity.low * scale, "high": quantity.high * scale}
        assumption = f"the file may have from {quantity.low:g} to {quantity.high:g} {quantity.unit}"
        return Draft("file", limit, (*quantity.assumptions, assumption), parameters)
    return Draft("file", limit, assumptions, parameters)
