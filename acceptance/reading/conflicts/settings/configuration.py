"""One setting of one service with several values, in whatever forms the documents write it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, Owned
from signoff.acceptance.reading.conflicts.evidence.limit_claims import MIRRORS
from signoff.acceptance.reading.conflicts.evidence.page import conflict, listed
from signoff.acceptance.reading.facts.service_names import entity
from signoff.acceptance.reading.settings.names import CANONICAL
from signoff.acceptance.reading.settings.setting_values import comparable, number
from signoff.reports.stored.conflict import Conflict

KIND = "configuration"
_PLAIN_PARENTS = frozenset({"", "service", "server", "app", "api", "engine", "model", "environment", "performance"})
_MIN_PATH = 2
# How many general values of one name are held against those of the services.
_MOST = 50
# Names that mean something else in each place.
_COMMON = frozenset({"max_tokens", "temperature", "top_p", "timeout", "framework", "context_length", "max_memory_mb"})
MAPPED = re.compile(
    r"^[^\S\n]*(?:apiversion|ports|expose|targetport|containerport):|\bport-forward\b|-p \d+:\d+|--publish",
    re.MULTILINE,
)
OTHER_PORT = re.compile(
    r"\b(?:metrics?|prometheus|grafana|admin|dashboard|ui|frontend|proxy|gateway|ingress|database|redis|probe)\b",
    re.IGNORECASE,
)
# Where a port stands that is the service's own: a flag or a variable of it, or a key right below it.
_PLAIN_PORTS = frozenset({"service", "server", "app", "api", "port", "--port", "-p"})
_VAGUE = frozenset({"name", "host", "quantization", "size_gb"})


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Values that differ; settings that state a limit of the text are left to the limits."""
    groups: dict[tuple[str, ...], list[Owned]] = {}
    general: Counter[tuple[int, str]] = Counter()
    owners: dict[tuple[int, str], tuple[str, ...]] = {}
    for owned in corpus.settings:
        if owned.name in MIRRORS or isinstance(owned.value, list) or owned.value is None:
            continue
        mine: tuple[str, ...] = (owned.owner,)
        if owned.general:
            key = (owned.page.number, owned.name)
            general[key] += 1
            if general[key] > _MOST:
                continue
            if key not in owners:
                owners[key] = _owners(corpus, owned)
            mine = owners[key]
        for owner in mine:
            groups.setdefault((owner, owned.variant, *_name(owned)), []).append(owned)
    for (_, _, *name), group in groups.items():
        disputed = _disputed(group)
        if disputed:
            yield _conflict(name[-1], disputed, f"{name[-1]} is given as {listed(owned.value for owned in disputed)}")
    yield from _general(corpus)
    yield from _stated_port(corpus)


def _disputed(group: list[Owned]) -> list[Owned]:
    """The settings of one name that another one contradicts, in their order.

    They are counted rather than compared in pairs: a block of thousands of lines takes no longer than its lines.
    """
    stated = _Stated()
    known: list[tuple[_Form, Any, tuple[int, int]]] = []
    for owned in group:
        block = owned.page.block(owned.setting.line)
        form, value = _form(owned), comparable(owned.value)
        place = (owned.page.number, block.line if block else 0)
        stated.add(form, value, place)
        known.append((form, value, place))
    return [owned for owned, about in zip(group, known, strict=True) if stated.has_rival(*about)]


class _Form(NamedTuple):
    """What decides whether two settings of one name are one setting."""

    page: int
    form: str
    variable: str
    is_foreign: bool
    is_known: bool


class _Stated:
    """How often settings state a value, in which blocks and in which forms."""

    def __init__(self) -> None:
        self._count: Counter[object] = Counter()

    def add(self, form: _Form, value: object, place: tuple[int, int]) -> None:
        among: list[object] = ["all", ("kind", *form[:2]), ("variable", *form[:3])]
        if not form.is_foreign:
            among += ["own", ("own", *form[:2])]
        for part in among:
            self._count.update(((part,), (part, "value", value), (part, "place", place), (part, value, place)))

    def has_rival(self, form: _Form, value: object, place: tuple[int, int]) -> bool:
        """Whether another value is in another block, in a form in which it mentions the same setting.

        Within a block a later line overrides an earlier one, or both are entries of a list. Two blocks of one form
        are two files; a variable that both set is one all the same.
        """
        if form.is_known:
            elsewhere = self._otherwise("all", value, place) - self._otherwise(("kind", *form[:2]), value, place)
            here = self._otherwise(("variable", *form[:3]), value, place) if form.variable else 0
            return elsewhere + here > 0
        if form.is_foreign:
            return False
        return self._otherwise("own", value, place) > self._otherwise(("own", *form[:2]), value, place)

    def _otherwise(self, part: object, value: object, place: tuple[int, int]) -> int:
        """How many of a part have another value and are in another block."""
        count = self._count
        return count[part,] - count[part, "value", value] - count[part, "place", place] + count[part, value, place]


def _form(owned: Owned) -> _Form:
    known = owned.name not in _VAGUE and (owned.name in CANONICAL or owned.name in _COMMON)
    leaf = owned.setting.spelling.rsplit(".", 1)[-1]
    foreign = "_" not in owned.name or _of_another(owned)
    return _Form(owned.page.number, owned.setting.form, leaf if leaf.isupper() else "", foreign, known)


def _of_another(owned: Owned) -> bool:
    """Whether a variable's prefix names something else than the service: `LANGFUSE_BASE_URL` is no `base_url`."""
    prefix = owned.setting.spelling.lower().removesuffix(owned.name).rstrip("_")
    return owned.setting.form == "env" and bool(prefix) and entity(prefix) != owned.owner


def _owners(corpus: Corpus, owned: Owned) -> tuple[str, ...]:
    """A general value holds for each service of its document that has none of its own."""
    own = {other.owner for other in corpus.named(owned.name, page=owned.page) if not other.general}
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
    general: Counter[tuple[int, str]] = Counter()
    for owned in corpus.settings:
        if not owned.general:
            continue
        general[owned.page.number, owned.name] += 1
        if general[owned.page.number, owned.name] > _MOST:
            continue
        value = comparable(owned.value)
        own = [
            other
            for other in corpus.named(owned.name, page=owned.page)
            if not other.general and comparable(other.value) != value
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


def _stated_port(corpus: Corpus) -> Iterator[Conflict]:
    """The one port that a document's text demands beside the one that its configuration or start command gives.

    Where either names several, or a container or a cluster maps them, each may belong to something else.
    """
    for page in corpus.pages:
        if corpus.scopes(page) or MAPPED.search(page.lower):
            continue
        demanded = [
            criterion
            for criterion in page.document.criteria
            if criterion.kind == "port" and criterion.statement != "config" and not OTHER_PORT.search(criterion.text)
        ]
        given = [owned for owned in corpus.named("port", page=page) if number(owned.value) is not None]
        stated = {int(criterion.parameters["port"]) for criterion in demanded}
        ports = stated | {int(number(owned.value) or 0) for owned in given}
        plain = all(owned.setting.spelling.rsplit(".", 1)[0] in _PLAIN_PORTS for owned in given if owned.value)
        if len(stated) != 1 or len(ports) != len(stated) + 1 or not plain:
            continue
        places = [page.side(item.line, item.parameters["port"], item.text) for item in demanded]
        places += [page.side(owned.setting.line, owned.value, owned.setting.spelling) for owned in given]
        pairs = [(page.path, item.id) for item in demanded]
        pairs += [pair for owned in given for pair in page.criteria_of(owned.setting)]
        message = f"the port is given as {listed(sorted(ports))}: the service is not where its text says"
        yield conflict(KIND, "port", places, message, pairs)
