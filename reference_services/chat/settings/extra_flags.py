"""Flags of an engine as one text, for flags without a setting."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

SETTING = "engine_arguments"
OURS = frozenset(
    ("--host", "--port", "--uds", "--api-key", "--served-model-name", "--model", "--trust-remote-code", "--config")
)
"""Flags that the text may not hold: the service gives them, or has a setting for them."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag with its value, "" for a switch, and the setting that it comes from."""

    name: str
    value: str
    setting: str

    @property
    def words(self) -> list[str]:
        """As arguments of a process."""
        return [self.name, self.value] if self.value else [self.name]

    def __str__(self) -> str:
        return shlex.join(self.words)


def extra(text: str) -> list[Flag]:
    """Further flags, as a command line has them. Raises ValueError for invalid or forbidden flags."""
    found: list[Flag] = []
    for word in shlex.split(text):
        if word.startswith("--"):
            name, _, value = word.partition("=")
            found.append(Flag(name.replace("_", "-"), value, SETTING))
        elif not found or found[-1].value:
            raise ValueError(f"{word!r} belongs to no flag; write --name value")
        else:
            found[-1] = Flag(found[-1].name, word, SETTING)
    if taken := [flag.name for flag in found if flag.name in OURS]:
        raise ValueError(f"{', '.join(taken)} cannot be given there")
    return found


def checked_flags(text: str) -> str:
    """The text itself. Raises ValueError if it holds no flags, or some that are not to be given there."""
    extra(text)
    return text
