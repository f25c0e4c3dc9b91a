"""One setting of one service with several values, in whatever forms the documents write it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from acceptance.reading.conflicts.corpus import Corpus, Owned, number
from acceptance.reading.conflicts.limit_claims import MIRRORS
from acceptance.reading.conflicts.page import conflict, listed
from acceptance.reading.document import Conflict
from acceptance.reading.names import CANONICAL
from acceptance.reading.service_names import entity

KIND = "configuration"
_PLAIN_PARENTS = frozenset({"", "service", "server", "app", "api", "engine", "model", "environment", "performance"})
_MIN_PATH = 2
# Names that mean something else in each place.
_COMMON = frozenset({"max_tokens", "temperature", "top_p", "timeout", "framework", "context_length", "max_memory_mb"})
_VAGUE = frozenset({"name", "host", "quantization", "size_gb"})


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Values that differ; settings that state a limit of the text are left to the limits."""
    groups: dict[tuple[str, ...], list[Owned]] = {}
    for owned in corpus.settings:
        if owned.name in MIRRORS or isinstance(owned.value, list) or owned.value is None:
            continue
        for owner in _owners(corpus, owned):
            groups.setdefault((owner, owned.variant, *_name(owned)), []).append(owned)
    for (_, _, *name), group in groups.items():
        disputed = [owned for owned in group if any(_contradicts(owned, other) for other in group)]
        if disputed:
            yield _conflict(name[-1], disputed, f"{name[-1]} is given as {listed(owned.value for owned in disputed)}")
    yield from _general(corpus)


def _contradicts(one: Owned, other: Owned) -> bool:
    """Whether two settings of one name are one setting, with two values."""
    if comparable(one.value) == comparable(other.value):
        return False
    if one.page is other.page and one.page.block(one.setting.line) == other.page.block(other.setting.line):
        # Within a block a later line overrides an earlier one, or both are entries of a list.
        return False
    known = one.name not in _VAGUE and (one.name in CANONICAL or one.name in _COMMON)
    here, forms = one.page is other.page, (one.setting.form, other.setting.form)
    if here and forms[0] == forms[1]:
        # Two blocks of one form are two files; a variable that both set is one all the same.
        leaf = one.setting.spelling.rsplit(".", 1)[-1]
        return known and leaf.isupper() and leaf == other.setting.spelling.rsplit(".", 1)[-1]
    return known or ("_" in one.name and not _of_another(one) and not _of_another(other))


def _of_another(owned: Owned) -> bool:
    """Whether a variable's prefix names something else than the service: `LANGFUSE_BASE_URL` is no `base_url`."""
    prefix = owned.setting.spelling.lower().removesuffix(owned.name).rstrip("_")
    return owned.setting.form == "env" and bool(prefix) and entity(prefix) != owned.owner


def comparable(value: Any) -> Any:
    """Values that mean the same are equal: 0 and false, "15" and 15.0, paths with and without a last slash."""
    if isinstance(value, bool):
        return float(value)
    text = str(value).strip()
    if text.lower() in ("true", "false", "yes", "no", "on", "off"):
        return float(text.lower() in ("true", "yes", "on"))
    figure = number(value)
    return figure if figure is not None else text.removeprefix("./").rstrip("/") or text


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
