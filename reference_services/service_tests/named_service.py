"""A model service by its name, written as the documents do: hermes-2, or hermes_2 where a module's name is wanted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from signoff.reference_services.chat.settings.services import SERVICES
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.health import estate_file


@dataclass(frozen=True, slots=True)
class NamedService:
    """What a test has to know of a service before it asks it anything."""

    name: str
    settings: type[ChatSettings]

    @property
    def module(self) -> str:
        """Its name as a module has it: hermes_2."""
        return module(self.name)

    def url(self, urls: Mapping[str, str] | None = None, estate: Path | None = None) -> str:
        """Where it runs: as given, else as the estate lists it. Raises LookupError if neither names it."""
        if urls is not None:
            found = {module(name): url for name, url in urls.items()}.get(self.module)
        else:
            found = next((each.url for each in estate_file.read(estate) if each.service == self.name), None)
        if found is None:
            raise LookupError(f"nothing says where {self.name} runs: name it, or list it in the estate file")
        return found.rstrip("/")


def named(name: str) -> NamedService:
    """The service of this name. Raises ValueError with the names that there are."""
    found = next((each for each in SERVICES if module(each) == module(name)), None)
    if found is None:
        raise ValueError(f"there is no service {name!r}; there are {', '.join(SERVICES)}")
    return NamedService(found, SERVICES[found])


def module(name: str) -> str:
    """A name as modules have it."""
    return re.sub(r"\W", "_", name).lower()
