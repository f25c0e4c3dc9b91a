"""The model registry: `.config.json` of the models folder, checked with all its problems at once.

Where the folder has none, the one that comes with Switch (`models.json`) holds: the models of its document.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from signoff.reference_services.web.settings.settings_problems import SettingsError

FILE = ".config.json"
SHIPPED = Path(__file__).with_name("models.json")
MAX_BYTES = 1_000_000
FRAMEWORKS = ("simulated", "ollama", "llama-cpp", "openai")
_NEEDED: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "path": str,
    "size_gb": (int, float),
    "context_length": int,
    "quantization": str,
    "framework": str,
    "recommended": bool,
}
_OPTIONAL: Mapping[str, type | tuple[type, ...]] = {"source": str, "sha256": str, "note": str}
_TOP = ("available_models", "default_model", "fallback_model", "framework")
_WORDS = {str: "a text", int: "a whole number", bool: "true or false", (int, float): "a number", list: "a list"}


@dataclass(frozen=True, slots=True)
class Model:
    """One entry. `path` is relative to the models folder; `source` and `sha256` are "" if not stated."""

    name: str
    path: str
    size_gb: float
    context_length: int
    quantization: str
    framework: str
    recommended: bool
    source: str = ""
    sha256: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """The models that may be asked, which of them first and which in its place."""

    models: tuple[Model, ...]
    default_model: str
    fallback_model: str
    framework: str

    def model(self, name: str) -> Model | None:
        """The entry of this name."""
        return next((model for model in self.models if model.name == name), None)


def of_folder(folder: Path) -> Registry:
    """The folder's registry, else the one that comes with Switch. Raises SettingsError with every problem."""
    file = folder / FILE
    return read(file if file.exists() else SHIPPED)


def read(file: Path) -> Registry:
    """The registry of a file. Raises SettingsError with every problem that it has."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise SettingsError([f"{file}: larger than {MAX_BYTES} bytes, which no registry is"])
        table = json.loads(content.decode("utf-8"))
    except OSError as error:
        raise SettingsError([f"{file}: {error.strerror or error}"]) from None
    except UnicodeDecodeError as error:
        raise SettingsError([f"{file}: not UTF-8 text (byte {error.start})"]) from None
    except json.JSONDecodeError as error:
        raise SettingsError([f"{file}:{error.lineno}:{error.colno}: not JSON: {error.msg}"]) from None
    except RecursionError:
        raise SettingsError([f"{file}: not JSON: nested too deeply"]) from None
    problems = _problems(table)
    if problems:
        raise SettingsError([f"{file}: {problem}" for problem in problems])
    models = tuple(Model(**entry) for entry in table["available_models"])
    return Registry(models, table["default_model"], table.get("fallback_model", ""), table.get("framework", ""))


def _problems(table: Any) -> list[str]:
    if not isinstance(table, dict):
        return [f"an object is needed with {', '.join(_TOP)}"]
    problems = _unknown("", table, _TOP)
    entries = table.get("available_models")
    if not isinstance(entries, list) or not entries:
        problems.append("available_models must be a list of at least one model")
        entries = []
    for number, entry in enumerate(entries):
        problems += _of_entry(f"available_models[{number}]", entry)
    names = [entry["name"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("name"), str)]
    problems += [f"the name {name!r} is there twice" for name in sorted({n for n in names if names.count(n) > 1})]
    if "default_model" not in table:
        problems.append("default_model is missing: name one of the models")
    for key in ("default_model", "fallback_model"):
        if key in table and table[key] not in names:
            problems.append(f"{key} = {table[key]!r} is not one of the models: {', '.join(names) or 'there are none'}")
    if "framework" in table and table["framework"] not in FRAMEWORKS:
        problems.append(f"framework = {table['framework']!r}: allowed is {', '.join(FRAMEWORKS)}")
    return problems


def _of_entry(where: str, entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return [f"{where} must be an object with {', '.join(_NEEDED)}"]
    kinds = {**_NEEDED, **_OPTIONAL}
    problems = _unknown(f"{where}.", entry, tuple(kinds))
    problems += [f"{where}.{key} is missing" for key in _NEEDED if key not in entry]
    for key, kind in kinds.items():
        value = entry.get(key)
        if key in entry and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            problems.append(f"{where}.{key} = {json.dumps(value)[:60]}: allowed is {_WORDS[kind]}")
        elif key in ("size_gb", "context_length") and isinstance(value, int | float) and not 0 < value < float("inf"):
            problems.append(f"{where}.{key} = {value}: allowed is a number above 0")
    if isinstance(entry.get("name"), str) and not entry["name"].strip():
        problems.append(f"{where}.name is empty")
    if isinstance(entry.get("framework"), str) and entry["framework"] not in FRAMEWORKS:
        problems.append(f"{where}.framework = {entry['framework']!r}: allowed is {', '.join(FRAMEWORKS)}")
    if isinstance(entry.get("path"), str) and not _is_inside(entry["path"]):
        problems.append(f"{where}.path = {entry['path']!r} must be in the models folder: a relative path without ..")
    sha256 = entry.get("sha256")
    if isinstance(sha256, str) and not is_sha256(sha256):
        problems.append(f"{where}.sha256 = {sha256[:70]!r}: allowed is 64 hexadecimal digits")
    return problems


def is_sha256(text: str) -> bool:
    """Whether a text is a SHA-256 in hexadecimal digits."""
    return len(text) == 64 and all(digit in "0123456789abcdef" for digit in text.lower())


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path)
    return bool(path) and not parts.is_absolute() and ".." not in parts.parts and "\0" not in path


def _unknown(where: str, table: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    lines = []
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            lines.append(f"{where}{key}: no such key" + (f"; did you mean {near[0]}?" if near else ""))
    return lines
