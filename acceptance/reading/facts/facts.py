"""Facts of the document that the rules may use around a statement."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from signoff.acceptance.reading.facts.called import names_in
from signoff.acceptance.reading.facts.class_names import class_and_base
from signoff.acceptance.reading.facts.library import LibraryCall, read_library_call
from signoff.acceptance.reading.facts.service_names import configured_services, entity, named_services
from signoff.acceptance.reading.frames.coverage import SHIPPED
from signoff.acceptance.reading.quantities.quantity import Quantities, Quantity, read_quantities
from signoff.acceptance.reading.settings.configuration import Variable
from signoff.acceptance.reading.source.document import Command, Setting, Statement

_KEY_HEADER = re.compile(r"authorization|api[-_]?key|token|auth|secret|credential", re.IGNORECASE)
_SHOWN_HEADER = re.compile(r"\bX-[A-Za-z0-9-]{2,40}\b")
_AUTH_LINE = re.compile(r"\bauth|\btoken\b|\bapi[- ]key\b|\bcredential", re.IGNORECASE)
_WRITTEN = re.compile(r"(?:>|\btee\s)\s*(\S+)")
_REACH = 60
# How many files it is looked for whether a command writes them.
_MOST_FILES = 200
_HAS_FIGURE = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Stated:
    """A limit that another statement of the document states, and where."""

    quantity: Quantity
    line: int
    services: tuple[str, ...]
    success: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a document says elsewhere: settings, commands, statements, its service.

    `services` are those that the document configures side by side, in its order, empty where it is about one;
    `service` is the one of them that a demand is read for.
    """

    settings: tuple[Setting, ...]
    variables: tuple[Variable, ...]
    commands: tuple[Command, ...]
    service_name: str
    statements: tuple[Statement, ...] = ()
    lines: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    service: str = ""
    strictness: int = SHIPPED
    memory: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was worked out once for all statements of the document."""

    def of(self, service: str) -> Facts:
        """The same facts, asked for one of several services."""
        if service == self.service:
            return self
        key = f"facts of {service}"
        if key not in self.memory:
            self.memory[key] = replace(self, service=service)
        found: Facts = self.memory[key]
        return found

    def owner(self) -> str:
        """The service that a demand is read for: one of several, else the document's own."""
        return self.service or entity(self.service_name)

    def setting(self, name: str) -> Setting | None:
        """The setting of this canonical name: the service's own, else one that is not another service's."""
        if "by name" not in self.memory:
            by_name: dict[str, list[Setting]] = {}
            for setting in self.settings:
                by_name.setdefault(setting.name, []).append(setting)
            self.memory["by name"] = by_name
        key = ("setting", name, self.service)
        if key not in self.memory:
            self.memory[key] = self._own(self.memory["by name"].get(name, []))
        found: Setting | None = self.memory[key]
        return found

    def setting_matching(self, subject: str, wanted: Callable[[Setting], bool]) -> Setting | None:
        """The same for whatever setting is wanted; `subject` names the wish, which is looked for once."""
        key = ("setting for", subject, self.service)
        if key not in self.memory:
            self.memory[key] = self._own([setting for setting in self.settings if wanted(setting)])
        found: Setting | None = self.memory[key]
        return found

    def _own(self, found: Sequence[Setting]) -> Setting | None:
        own = [setting for setting in found if self.service and entity(setting.scope) == self.service]
        if own:
            return own[0]
        several = any(entity(setting.scope) in self.services for setting in found) and not self.service
        shared = [setting for setting in found if entity(setting.scope) not in self.services]
        return shared[0] if shared and not several else None

    def stated(self, subject: str) -> Stated | None:
        """The first limit on this subject that a demand of the document states, success criteria first."""
        if "stated" not in self.memory:
            self.memory["read"] = {}
            self.memory["stated"] = list(self._limits())
        key = ("stated", subject, self.owner())
        if key not in self.memory:
            own = [
                found
                for found in self.memory["stated"]
                if found.quantity.subject == subject and (not found.services or self.owner() in found.services)
            ]
            self.memory[key] = next((found for found in own if found.success), own[0] if own else None)
        known: Stated | None = self.memory[key]
        return known

    def _limits(self) -> Iterable[Stated]:
        for statement in self.statements:
            if statement.type in ("config", "shape", "smart") or statement.role in ("dependency", "objective"):
                continue
            if not _HAS_FIGURE.search(statement.text) or statement.text.lstrip()[:1] in ("{", "["):
                continue
            heading = statement.headings[-1].text if statement.headings else ""
            services = named_services(statement.text, self.services) or named_services(heading, self.services)
            success = statement.type == "checkbox" or statement.role == "success"
            about = f"{statement.label} {heading}".strip()
            self.memory["read"][statement.text, about] = found = read_quantities(statement.text, about)
            for quantity in found[0]:
                written = statement.text[quantity.begin : quantity.end]
                yield Stated(quantity, statement.line, services, success, written)

    def quantities(self, text: str, about: str) -> Quantities:
        """The quantities of a text; what was read of it to know the document's limits is not read again."""
        kept: dict[tuple[str, str], Quantities] = self.memory.get("read", {})
        found = kept.pop((text, about), None)
        return read_quantities(text, about) if found is None else found

    def names(self) -> frozenset[str]:
        """The words by which the document calls its service, in lower case."""
        if "names" not in self.memory:
            self.memory["names"] = names_in(self.lines, self.service_name, self.services)
        found: frozenset[str] = self.memory["names"]
        return found

    def ports(self) -> dict[str, str]:
        """Which of several services has which port."""
        if "ports" not in self.memory:
            self.memory["ports"] = {
                str(setting.value): entity(setting.scope)
                for setting in reversed(self.settings)
                if setting.name == "port" and entity(setting.scope) in self.services
            }
        found: dict[str, str] = self.memory["ports"]
        return found

    def parents(self, statement: Statement) -> tuple[str, ...]:
        """The list items that a statement stands under, by their columns, the nearest first."""
        if "lines" not in self.memory:
            self.memory["lines"] = [other.line for other in self.statements]
        index = bisect_left(self.memory["lines"], statement.line)
        found: list[str] = []
        column = statement.column
        for other in reversed(self.statements[max(0, index - _REACH) : index]):
            if other.headings != statement.headings or column <= 1:
                break
            if other.column < column and other.type in ("bullet", "checkbox"):
                found.append(other.text)
                column = other.column
        return tuple(found)

    def speaks_of(self, words: str) -> bool:
        """Whether any line of the document matches an expression."""
        key = f"mentions {words}"
        if key not in self.memory:
            pattern = re.compile(words, re.IGNORECASE)
            self.memory[key] = any(pattern.search(line[:2000]) for line in self.lines)
        return bool(self.memory[key])

    def key_header(self) -> tuple[str, Any]:
        """The header that carries a client's key, by the document's requests or lines, and such a request."""
        if "key header" not in self.memory:
            self.memory["key header"] = self._key_header()
        found: tuple[str, Any] = self.memory["key header"]
        return found

    def _key_header(self) -> tuple[str, Any]:
        for command in self.commands:
            headers = command.request["headers"] if command.request is not None else {}
            for name in headers:
                if _KEY_HEADER.search(name):
                    return name, command.request
        for line in self.lines:
            if _AUTH_LINE.search(line[:2000]) and (shown := _SHOWN_HEADER.search(line[:2000])):
                return shown[0], None
        return "Authorization", None

    def classes(self, base: str = "") -> tuple[tuple[str, str], ...]:
        """The classes with their bases that the document's demands name, all of them or those of one base."""
        if "classes" not in self.memory:
            found = (class_and_base(statement.text) for statement in self.statements if "ass" in statement.text)
            self.memory["classes"] = tuple(dict.fromkeys(pair for pair in found if pair is not None))
        key = ("classes", base)
        if key not in self.memory:
            self.memory[key] = tuple(pair for pair in self.memory["classes"] if not base or pair[1] == base)
        known: tuple[tuple[str, str], ...] = self.memory[key]
        return known

    def detail(self, name: str) -> Any:
        """What the first command that has this detail says of it."""
        key = ("detail", name)
        if key not in self.memory:
            said = (command.details[name] for command in self.commands if command.details.get(name))
            self.memory[key] = next(said, None)
        return self.memory[key]

    def library_call(self, functions: re.Pattern[str]) -> LibraryCall | None:
        """The first `python -c` of the document that calls a function of such a name."""
        if "calls" not in self.memory:
            self.memory["calls"] = [
                read_library_call(command.details["code"], self.variables, command.line)
                for command in self.commands
                if "code" in command.details
            ]
        key = ("call", functions.pattern)
        if key not in self.memory:
            calls: list[LibraryCall] = self.memory["calls"]
            named = (call for call in calls if any(functions.search(function) for function in call.functions))
            self.memory[key] = next(named, None)
        found: LibraryCall | None = self.memory[key]
        return found

    def defines_file(self, name: str) -> bool:
        """Whether a command of the document writes this file."""
        if "written" not in self.memory:
            found = (match[1] for command in self.commands for match in _WRITTEN.finditer(command.text))
            self.memory["written"] = "\n".join(dict.fromkeys(found))
            self.memory["files"] = {}
        known: dict[str, bool] = self.memory["files"]
        if name not in known and len(known) < _MOST_FILES:
            known[name] = re.search(rf"{re.escape(name)}\b", self.memory["written"]) is not None
        return known.get(name, False)

    def earlier_turn(self, statement: Statement, session: str) -> bool:
        """Whether a command before this statement's sends something in the session."""
        assert statement.command is not None
        if "turns" not in self.memory:
            first: dict[object, int] = {}
            for command in self.commands:
                if command.request is not None and command.request["method"] == "POST":
                    for value in command.request["headers"].values():
                        first[value] = min(first.get(value, command.line), command.line)
            self.memory["turns"] = first
        begun: int | None = self.memory["turns"].get(session)
        return begun is not None and begun < statement.command.line


def read_facts(
    settings: Sequence[Setting],
    variables: Sequence[Variable],
    commands: Sequence[Command],
    service_name: str,
    statements: Sequence[Statement] = (),
    lines: Sequence[str] = (),
    strictness: int = SHIPPED,
) -> Facts:
    """The facts of a document as its parts say them."""
    services = configured_services(settings)
    return Facts(
        tuple(settings),
        tuple(variables),
        tuple(commands),
        service_name,
        tuple(statements),
        tuple(lines),
        services=services,
        strictness=strictness,
    )
