"""Problems of settings, one line each: name, value, what is allowed, source."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

KEYS_VARIABLE, QDRANT_KEY_VARIABLE, MODERATION_KEY_VARIABLE = "API_KEYS", "QDRANT_API_KEY", "MODERATION_API_KEY"
"""The ends of the variables that are no settings: they hold secrets, and no setting does."""
_SHOWN_CHARACTERS = 60
_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD")


class SettingsError(ValueError):
    """All problems of the settings, one line each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(self.problems))


def described(
    error: ValidationError,
    allowed: Mapping[str, str],
    prefix: str,
    arguments: Mapping[str, Any],
    places: Mapping[str, str],
) -> list[str]:
    """The lines for what pydantic found; one a setting, whatever the number of rules that it breaks.

    `places` are those of a file (`file:line`), by setting.
    """
    lines: dict[str, str] = {}
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else ""
        if not name:
            lines[problem["msg"]] = str(problem["msg"]).removeprefix("Value error, ")
        elif name not in allowed:
            near = difflib.get_close_matches(name, allowed, n=1)
            lines[name] = f"{name}: no such setting" + (f"; did you mean {near[0]}?" if near else "")
        else:
            # A wrong address may hold a right password.
            shown = repr(_without_password(problem["input"]))
            if len(shown) > _SHOWN_CHARACTERS:
                shown = shown[:_SHOWN_CHARACTERS] + "..."
            lines[name] = (
                f"{name} = {shown}: allowed is {allowed[name]} (from {_origin(name, prefix, arguments, places)})"
            )
    return list(lines.values())


def unknown_variables(prefix: str, known: Iterable[str]) -> list[str]:
    """A line for each variable that begins with the prefix and names no setting."""
    names = {prefix + name.upper() for name in known}
    secrets = {prefix + name for name in (KEYS_VARIABLE, QDRANT_KEY_VARIABLE, MODERATION_KEY_VARIABLE)}
    lines = []
    for variable in sorted(os.environ):
        if variable.upper().startswith(prefix) and variable.upper() not in names | secrets:
            near = difflib.get_close_matches(variable.upper(), names, n=1)
            hint = f"did you mean {near[0]}?" if near else "unset it"
            # What is called a key may be one, and is not written anywhere.
            is_secret = any(word in variable.upper() for word in _SECRET)
            shown = "" if is_secret else f" = {_without_password(os.environ[variable])!r}"
            lines.append(f"{variable}{shown}: no such setting; {hint} (from the environment)")
    return lines


def _without_password(value: Any) -> Any:
    """A value as it may be shown: without the password of an address, even if that is not a good one."""
    if not isinstance(value, str) or "//" not in value:
        return value
    return re.sub(r"\?.*", "?...", re.sub(r"//.*@", "//...@", value, flags=re.DOTALL), flags=re.DOTALL)


def _origin(name: str, prefix: str, arguments: Mapping[str, Any], places: Mapping[str, str]) -> str:
    if name in arguments:
        return "an argument"
    for variable in os.environ:
        if variable.upper() == prefix + name.upper():
            return f"variable {variable}"
    return places.get(name, "the defaults")
