"""Limits on sizes as criteria: room on a disk, the size of a file."""

from __future__ import annotations

import re
from dataclasses import replace

from acceptance.reading.document import Statement
from acceptance.reading.draft import Draft
from acceptance.reading.facts import Facts
from acceptance.reading.quantity import Quantity
from reports.units import SCALE

_PATH = re.compile(
    r"(?<![\w/])(?:\.{0,2}/)?(?:[\w.-]+/)+[\w.-]+|(?<![\w/.])[\w-]+\.(?:gguf|safetensors|bin|onnx|pt|engine)\b"
)
_FILE_SUFFIX = re.compile(r"\.[A-Za-z][\w]{1,11}$")
_SIZED = re.compile(r"^(?:ls|du|stat)$")
OF_FILES = re.compile(r"\b(?:model|weights?|file|checkpoint|gguf|artifact)\b", re.IGNORECASE)


def disk(quantity: Quantity, facts: Facts) -> Draft:
    """Room on the disk that holds the model, else the folder that a command names, else the root."""
    setting = facts.setting("model_path")
    path = str(setting.value) if setting is not None else facts.detail("folder")
    where = "where the model lies" if setting is not None else "which a command of the document lists"
    sentence = f"the disk that is meant is the one of {path}, {where}"
    if path is None:
        path, sentence = "/", "the document names no folder: the disk that is meant is the one of /"
    return Draft("disk", quantity.threshold(), (*quantity.assumptions, sentence), {"path": str(path)})


def sized_path(quantity: Quantity, statement: Statement, facts: Facts) -> str:
    """The file whose size a figure is: the command's, else the one model file of the document that is meant."""
    command = statement.command
    if command is not None and _SIZED.search(command.program):
        words = [word for word in command.text.split() if not word.startswith("-")][1:]
        return str(command.details.get("folder") or next(iter(words), ""))
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
    parameters: dict[str, object] = {"path": path}
    if quantity.low is not None and quantity.high is not None:
        scale = SCALE[quantity.unit][0]
        parameters |= {"low": quantity.low * scale, "high": quantity.high * scale}
        told = f"the file may have from {quantity.low:g} to {quantity.high:g} {quantity.unit}"
        return Draft("file", limit, (*quantity.assumptions, told), parameters)
    return Draft("file", limit, quantity.assumptions, parameters)
