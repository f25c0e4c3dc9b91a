"""A criterion in the making, and what the rules may know about the document around a statement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acceptance.criterion import Judge, Threshold
from acceptance.reading.configuration import Variable
from acceptance.reading.document import Command, Setting, Severity, Statement
from acceptance.reading.library import LibraryCall, read_library_call


@dataclass(frozen=True, slots=True)
class Note:
    """A diagnostic that belongs to a statement; its place is the statement's."""

    code: str
    severity: Severity
    message: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A criterion without its identity."""

    kind: str
    threshold: Threshold | None = None
    assumptions: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    judge: Judge = "machine"
    reason: str = ""
    notes: tuple[Note, ...] = ()
    service: str = ""


def person(reason: str, threshold: Threshold | None = None, notes: tuple[Note, ...] = ()) -> Draft:
    """A criterion that somebody has to judge, and why."""
    return Draft("human_judgement", threshold, judge="person", reason=reason, notes=notes)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a document says elsewhere: settings, commands, its service."""

    settings: tuple[Setting, ...]
    variables: tuple[Variable, ...]
    commands: tuple[Command, ...]
    service_name: str

    def setting(self, name: str) -> Setting | None:
        """The first setting of this canonical name, where the document configures one service only."""
        found = [setting for setting in self.settings if setting.name == name]
        return found[0] if found and not any(setting.scope for setting in found) else None

    def detail(self, name: str) -> Any:
        """What the first command that has this detail says of it."""
        return next((command.details[name] for command in self.commands if command.details.get(name)), None)

    def library_call(self, functions: re.Pattern[str]) -> LibraryCall | None:
        """The first `python -c` of the document that calls a function of such a name."""
        for command in self.commands:
            if "code" in command.details:
                call = read_library_call(command.details["code"], self.variables)
                if any(functions.search(function) for function in call.functions):
                    return call
        return None

    def defines_file(self, name: str) -> bool:
        """Whether a command of the document writes this file."""
        pattern = re.compile(rf">\s*\S*{re.escape(name)}\b|\btee\s+\S*{re.escape(name)}\b")
        return any(pattern.search(command.text) for command in self.commands)

    def earlier_turn(self, statement: Statement, session: str) -> bool:
        """Whether a command before this statement's sends something in the session."""
        assert statement.command is not None
        return any(
            command.line < statement.command.line
            and command.request is not None
            and command.request["method"] == "POST"
            and session in command.request["headers"].values()
            for command in self.commands
        )
