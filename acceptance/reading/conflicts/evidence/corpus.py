"""The documents of one command together: which service each setting and each demand belongs to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading.conflicts.evidence.occasion import occasion, occasion_named
from signoff.acceptance.reading.conflicts.evidence.page import Page
from signoff.acceptance.reading.facts.service_names import entity
from signoff.acceptance.reading.settings.names import ALIASES, ENGINE
from signoff.acceptance.reading.source.document import Document, Setting

_SHARED = re.compile(r"default|common|global|shared|base\b|anchors?", re.IGNORECASE)
_GENERIC = frozenset({"", "service", "services", "server", "environment", "env"})
_MODEL = re.compile(r"[a-z]{3,}[-_: ]?\d+(?:\.\d+)?b\b")
_WORDS = re.compile(r"[a-z]+")
_MIN_PREFIXED = 3
_SEVERAL = 2
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Owned:
    """A setting with the service that it configures. `general`: it is stated once for all of several services."""

    page: Page
    setting: Setting
    name: str
    owner: str
    variant: str
    general: bool = False

    @property
    def value(self) -> Any:
        """The value as the document states it."""
        return self.setting.value


class Corpus:
    """What the finders know of all documents. Nothing here depends on the order of a set."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.pages = tuple(Page(document, index) for index, document in enumerate(documents))
        self._made: dict[Callable[[Corpus], Any], Any] = {}
        self._scopes: dict[int, tuple[str, ...]] = {}
        self._variants: dict[tuple[int, int], str | None] = {}
        self._spoken: dict[str, str] = {}

    def once(self, make: Callable[[Corpus], T]) -> T:
        """What `make` gives for this corpus; several finders share it."""
        if make not in self._made:
            self._made[make] = make(self)
        found: T = self._made[make]
        return found

    @cached_property
    def services(self) -> frozenset[str]:
        """The services that any document names."""
        found = {entity(page.document.service_name) for page in self.pages}
        found |= {entity(setting.scope) for page in self.pages for setting in _of_services(page)}
        found |= {entity(criterion.service) for page in self.pages for criterion in page.document.criteria}
        found |= {self.owner(page) for page in self.pages}
        return frozenset(found - _GENERIC - {page.path for page in self.pages})

    def scopes(self, page: Page) -> tuple[str, ...]:
        """The services that a document configures side by side, in its order; empty where it is about one."""
        if page.number not in self._scopes:
            found = dict.fromkeys(
                entity(setting.scope) for setting in _of_services(page) if entity(setting.scope) not in _GENERIC
            )
            self._scopes[page.number] = tuple(found) if len(found) >= _SEVERAL else ()
        return self._scopes[page.number]

    def owner(self, page: Page) -> str:
        """The service that a document is about; its path where it names none, or several."""
        return self._owners[page.number]

    @cached_property
    def _owners(self) -> tuple[str, ...]:
        return tuple(self._owner(page) for page in self.pages)

    def _owner(self, page: Page) -> str:
        named = entity(page.document.service_name)
        if named and named not in _GENERIC:
            return named
        if self.scopes(page):
            return page.path
        prefixes = Counter(
            leaf.split("_", 1)[0].lower()
            for setting in page.document.configuration
            if "_" in (leaf := setting.spelling.rsplit(".", 1)[-1]) and leaf.isupper()
        )
        title = set(_WORDS.findall(page.document.title.lower()))
        for prefix, count in prefixes.most_common():
            if count >= _MIN_PREFIXED and prefix in title:
                return prefix
        return page.path

    def speaks_of(self, page: Page, criterion: Criterion) -> str:
        """The service that a criterion is about: the one it is marked with, names first, or its document's."""
        if criterion.service:
            return entity(criterion.service)
        # Many criteria may have one text.
        if criterion.text not in self._spoken:
            words = _WORDS.finditer(criterion.text.lower())
            self._spoken[criterion.text] = next((found[0] for found in words if found[0] in self.services), "")
        return self._spoken[criterion.text] or self.owner(page)

    def variant(self, page: Page, line: int) -> str | None:
        """The occasion that values at a line are for ("" where there is one only); None for an aside."""
        block = page.block(line)
        place = (page.number, block.line if block is not None else 0)
        if place not in self._variants:
            self._variants[place] = occasion(page, line, block)
        return self._variants[place]

    @cached_property
    def settings(self) -> tuple[Owned, ...]:
        """Every setting that states a value for good, with its owner; open placeholders and asides are left out."""
        return tuple(
            owned
            for page in self.pages
            for setting in _of_services(page)
            if not is_open(setting.value) and (owned := self._owned(page, setting)) is not None
        )

    def settings_of(self, page: Page) -> list[Owned]:
        """The settings of one document."""
        return self._by_page.get(page.number, [])

    def named(self, *names: str, page: Page | None = None) -> list[Owned]:
        """The settings of these names, in the order of the text; of one document, or of all."""
        of_page = None if page is None else page.number
        found = [entry for name in dict.fromkeys(names) for entry in self._by_name.get((of_page, name), ())]
        return [owned for _, owned in (sorted(found, key=_place) if len(names) > 1 else found)]

    @cached_property
    def _by_page(self) -> dict[int, list[Owned]]:
        found: dict[int, list[Owned]] = {}
        for owned in self.settings:
            found.setdefault(owned.page.number, []).append(owned)
        return found

    @cached_property
    def _by_name(self) -> dict[tuple[int | None, str], list[tuple[int, Owned]]]:
        """By document (None: all of them) and name, each with its place among all settings."""
        found: dict[tuple[int | None, str], list[tuple[int, Owned]]] = {}
        for place, owned in enumerate(self.settings):
            for key in ((None, owned.name), (owned.page.number, owned.name)):
                found.setdefault(key, []).append((place, owned))
        return found

    def _owned(self, page: Page, setting: Setting) -> Owned | None:
        variant = self.variant(page, setting.line)
        if variant is None:
            return None
        path = setting.spelling.split(".")
        for token in path[:-1]:
            variant = (occasion_named(token) if token.isalpha() else "") or variant
        owner, general = self._setting_owner(page, setting, path)
        leaf = path[-1].lower().removeprefix(f"{owner}_")
        name = setting.name.removeprefix(f"{owner}_")
        # A folder that holds models is not the path of one of them.
        name = leaf if leaf == "model_dir" else ALIASES.get(name, name)
        return Owned(page, setting, name, owner, variant, general)

    def _setting_owner(self, page: Page, setting: Setting, path: Sequence[str]) -> tuple[str, bool]:
        scope = entity(setting.scope)
        if scope and scope not in _GENERIC:
            return scope, False
        block = page.block(setting.line)
        if block is not None:
            named = self._named[page.number].get(block.line, "")
            if named:
                return named, False
        owner = self.owner(page)
        if setting.name.startswith(f"{owner}_") or path[-1].upper().startswith(f"{owner.upper()}_"):
            return owner, False
        if path[0] == "services" and len(path) > _SEVERAL:
            return entity(path[1]), False
        if self.scopes(page):
            name = ALIASES.get(setting.name, setting.name)
            spoken = any(_SHARED.search(token) for token in path)
            return page.path, not spoken and name in ENGINE
        return owner, False

    @cached_property
    def _named(self) -> tuple[dict[int, str], ...]:
        return tuple(self._named_in(page) for page in self.pages)

    def _named_in(self, page: Page) -> dict[int, str]:
        """By first line of a block, the service that the block itself names."""
        found: dict[int, str] = {}
        for setting in page.document.configuration:
            if setting.spelling in ("service.name", "app.name", "name") and isinstance(setting.value, str):
                block = page.block(setting.line)
                if block is not None and entity(setting.value) not in _GENERIC:
                    found.setdefault(block.line, entity(setting.value))
        return found


def _place(entry: tuple[int, Owned]) -> int:
    return entry[0]


def _of_services(page: Page) -> Iterator[Setting]:
    """The settings that configure a service; what a JSON block says of a model in a list is a fact of the model."""
    return (
        setting
        for setting in page.document.configuration
        if not (setting.form == "json" and _MODEL.match(setting.scope.lower()))
    )


def is_open(value: object) -> bool:
    """A placeholder or a reference states no value yet."""
    if isinstance(value, list):
        return len(value) == 1 and isinstance(value[0], str)
    return isinstance(value, dict) or (isinstance(value, str) and ("[" in value or "$" in value))
