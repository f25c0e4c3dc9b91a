"""A kind of criterion: all that is said of it without measuring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from signoff.acceptance.asked import Asked

Asks = str | Callable[[Asked], str]
"""How a question is put: a template (`signoff.acceptance.question`), or a pure function of limit and parameters."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Declared once, in the `kinds.py` beside the kind's check; imports nothing that measures.

    `asks` puts into words what its check measures of a criterion, and what not; None where no check judges it. `sample`
    is what a criterion may ask, for docs/checks.md.
    `words` are statements that ask for it, none where only commands, configuration or a binding file do; `near_misses`
    sound like it and ask for something else. The result
    document shows it as a separate `figure`, or under a `part` of the deployment: one of the two. `units` are those
    of its figure, where it has one. `needs_limit` says that without a threshold there is nothing to judge.
    `of_estate` marks what is asked of files, people or several services, not of one service at its own address.
    `faults` are the defects of a reference service that its check must find. `failure` is the verdict on the broken
    server of its failing case; `…` replaces parts that differ from machine to machine, and numbers may differ.
    """

    name: str
    summary: str
    asks: Asks | None
    sample: Asked = field(default_factory=Asked)
    failure: str = ""
    words: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()
    part: str = ""
    figure: str = ""
    units: tuple[str, ...] = ()
    needs_limit: bool = False
    of_estate: bool = False
    faults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.summary:
            raise ValueError(f"the kind {self.name!r} has no summary")
        if self.asks == "":
            raise ValueError(f"the kind {self.name!r} does not say what it asks")
        if bool(self.part) == bool(self.figure):
            raise ValueError(f"the kind {self.name!r} needs a part or a figure of the result document, and one alone")
        if self.figure and not self.units:
            raise ValueError(f"the kind {self.name!r} is shown as a figure, and has no unit")

    @property
    def shown(self) -> Mapping[str, str]:
        """Where the result document shows it, as keys of a criterion in results.json."""
        return {"figure": self.figure} if self.figure else {"part": self.part}


Kinds = Mapping[str, Kind]


def by_name(*kinds: Kind) -> Kinds:
    """The kinds by name. Raises ValueError if two have the same."""
    found: dict[str, Kind] = {}
    for kind in kinds:
        if kind.name in found:
            raise ValueError(f"the kind {kind.name!r} is declared twice")
        found[kind.name] = kind
    return found
