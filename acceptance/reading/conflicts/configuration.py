"""One setting of one service with several values, in whatever forms the documents write it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from acceptance.reading.conflicts.corpus import Corpus, Owned, entity, number
from acceptance.reading.conflicts.limit import MIRRORS
from acceptance.reading.conflicts.page import conflict, listed
from acceptance.reading.document import Conflict

KIND = "configuration"
_PLAIN_PARENTS = frozenset({"", "service", "server", "app", "api", "engine", "model", "environment", "performance"})
_MIN_PATH = 2


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Values that differ; settings that state a limit of the text are left to the limits."""
    groups: dict[tuple[str, ...], list[Owned]] = {}
    for owned in corpus.settings:
        if owned.name in MIRRORS or isinstance(owned.value, list) or owned.value is None:
            continue
        for owner in _owners(corpus, owned):
            groups.setdefault((owner, owned.variant, *_name(owned)), []).append(owned)
    for (_, _, *name), group in groups.items():
        if len({comparable(owned.value) for owned in group}) > 1:
            yield _conflict(name[-1], group, f"{name[-1]} is given as {listed(owned.value for owned in group)}")
    yield from _general(corpus)


def comparable(value: Any) -> Any:
    """Values that mean the same are equal: 0 and false, "15" and 15.0, paths with and without a last slash."""
    if isinstance(value, bool):
        return float(value)
    text = str(value).strip()
    if text.lower() in ("true", "false", "yes", "no", "on", "off"):
        return float(text.lower() in ("true", "yes", "on"))
    figure = number(value)
    return figure if figure is not None else text.rstrip("/") or text


def _owners(corpus: Corpus, owned: Owned) -> tuple[str, ...]:
    """A general value holds for each service of its document that has none of its own."""
    if not owned.general:
        return (owned.owner,)
    own = {other.owner for other in corpus.named(owned.name) if other.page is owned.page and not other.general}
    return tuple(scope for scope in corpus.scopes(owned.page) if scope not in own)


def _name(owned: Owned) -> tuple[str, ...]:
    """What makes two settings one. Entries of a list are each their own; a bare `port` belongs to what holds it."""
    parts = owned.setting.spelling.split(".")
    if any(part.isdigit() for part in parts):
        return owned.page.path, owned.setting.spelling
    if "_" in owned.name or len(parts) < _MIN_PATH:
        return (owned.name,)
    parent = parts[-2].lower()
    known = parent in _PLAIN_PARENTS or entity(parent) == owned.owner or parent == owned.setting.scope.lower()
    return (owned.name,) if known else (parent, owned.name)


def _general(corpus: Corpus) -> Iterator[Conflict]:
    """An engine setting stated once for all services, and otherwise for some of them: nobody says which holds."""
    for owned in corpus.settings:
        if not owned.general:
            continue
        own = [
            other
            for other in corpus.named(owned.name)
            if other.page is owned.page and not other.general and comparable(other.value) != comparable(owned.value)
        ]
        if own:
            yield _conflict(
                owned.name,
                [owned, *own],
                f"{owned.name} is {owned.value} for all services and {listed(other.value for other in own)} for "
                "some: which one the engine gets is not said",
            )


def _conflict(subject: str, group: list[Owned], message: str) -> Conflict:
    return conflict(
        KIND,
        subject,
        [owned.page.side(owned.setting.line, owned.value, owned.setting.spelling) for owned in group],
        message if "which one" in message else f"{message}: a deployment can only have one of them",
        [pair for owned in group for pair in owned.page.criteria_of(owned.setting)],
    )
