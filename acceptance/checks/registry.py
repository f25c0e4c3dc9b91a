"""Every kind's check, found beside its kind: a kind without a check, or a check without a kind, is an import error."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from signoff.acceptance import checks
from signoff.acceptance.checks import ROOMS
from signoff.acceptance.kind import Kinds
from signoff.acceptance.measuring.check import Check

DECLARATIONS = "kinds"
"""The module of a room that declares its kinds; every other one is the check of the kind of its name."""


def checks_of(room: str, kinds: Kinds) -> dict[str, Check]:
    """The checks of a package of checks. Raises ValueError if they are not those of its kinds."""
    names = {module.name for module in iter_modules(import_module(room).__path__)} - {DECLARATIONS}
    if alone := sorted(names ^ set(kinds)):
        raise ValueError(f"{room}: {', '.join(alone)}: a kind in kinds.py needs a module of its name, and the reverse")
    found = {}
    for name in kinds:
        check = getattr(import_module(f"{room}.{name}"), "CHECK", None)
        if not isinstance(check, Check) or check.kind is not kinds[name]:
            raise ValueError(f"{room}.{name} has no CHECK of the kind {name!r}")
        found[name] = check
    return found


CHECKS: Mapping[str, Check] = {
    name: check for room in ROOMS for name, check in checks_of(f"{checks.__name__}.{room}", ROOMS[room]).items()
}
