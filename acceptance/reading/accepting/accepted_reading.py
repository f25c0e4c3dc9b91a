"""An accepted reading, as the lock beside a document holds it: what each demand was read as, and who accepted that."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from signoff.acceptance.asked import shown
from signoff.acceptance.criterion import Comparator, Criterion, Judge, Threshold
from signoff.reports.model import Rule, Wanted

SCHEMA = 1
LONGEST_ROLE = 200
_LONGEST_TEXT = 300
_WHOLE = 2**53
_RELEASE = re.compile(r"\d+(?:\.\d+)*")
_VERSION = re.compile(r"\d[\w.+!-]{0,99}", re.ASCII)


def no_release(text: str) -> tuple[str, str] | None:
    """What is wrong with the name of a release."""
    return None if _VERSION.fullmatch(text) else (f"signoff cannot be {text!r}", "it is a version, such as 1.4.0")


Text = Annotated[str, Meta(min_length=1), Wanted("a text")]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$"), Wanted("a text of 64 hexadecimal digits")]
Role = Annotated[Text, Meta(description="who accepted it: a role, not a name")]
Day = Annotated[datetime.date, Wanted("a date such as 2026-01-31, without quotes"), Meta(description="when, in UTC")]
Release = Annotated[Text, Meta(description="the version of Signoff that read the document"), Rule(no_release)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedLimit:
    """The limit of a criterion."""

    schema_name: ClassVar[str] = "threshold"

    value: float
    unit: str
    comparator: Comparator
    statistic: str | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedCriterion:
    """What a demand was read as. `text` is for people; `fingerprint` decides whether its words are still the same."""

    schema_name: ClassVar[str] = "criterion"

    id: Annotated[Text, Meta(description="section/kind/ordinal, as `signoff read` shows it")]
    requirement: Annotated[str | None, Meta(description="the document's own id of the demand")] = None
    text: Annotated[str, Meta(description="the beginning of the demand's text")] = ""
    fingerprint: Annotated[Digest, Meta(description="SHA-256 of the words, numbers and comparators")]
    judge: Judge
    kind: Text
    threshold: AcceptedLimit | None = None
    judged_as: Annotated[str | None, Meta(description="the question that its check asks")] = None

    @property
    def name(self) -> str:
        """What people call it: the document's id before the own one."""
        return f"{self.requirement} {self.id}" if self.requirement else self.id

    @property
    def question(self) -> tuple[Any, ...]:
        """What is asked, and of whom: all that is compared beside the words and the ids."""
        limit = self.threshold
        # As text, because a figure that is no number is not equal to itself.
        asked = None if limit is None else str(replace(limit, value=figure(limit.value)))
        return self.judge, self.kind, asked, self.judged_as


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedReading:
    """The lock beside a task document: <stem>.signoff.lock beside <stem>.md or <stem>.txt.

    `signoff read --accept ROLE` writes it, `signoff read --check` compares the reading with it.
    """

    schema: Annotated[int, Meta(ge=1, le=SCHEMA)]
    document: Annotated[Text, Meta(description="the name of the document, without its folder")]
    sha256: Annotated[Digest, Meta(description="of the document's bytes, when it was accepted")]
    accepted_by: Role
    date: Day
    signoff: Release
    criterion: Annotated[tuple[AcceptedCriterion, ...], Meta(min_length=1), Wanted("a list with something in it")]


def accepted_criterion(criterion: Criterion) -> AcceptedCriterion:
    """A criterion as a lock holds it."""
    return AcceptedCriterion(
        id=_storable(criterion.id),
        requirement=None if criterion.requirement is None else _storable(criterion.requirement),
        text=_storable(shown(criterion.text, _LONGEST_TEXT)),
        fingerprint=criterion.fingerprint,
        judge=criterion.judge,
        kind=criterion.kind,
        threshold=None if criterion.threshold is None else _limit(criterion.threshold),
        judged_as=None if criterion.judged_as is None else _storable(criterion.judged_as),
    )


def release(version: str) -> tuple[int, ...]:
    """The figures of a version, to compare: 0.10 is newer than 0.9, and 1.0.0 is 1."""
    match = _RELEASE.match(version)
    figures = [int(part) for part in match[0].split(".")] if match else []
    while figures and not figures[-1]:
        figures.pop()
    return tuple(figures)


def figure(value: float) -> float:
    """The one spelling of equal figures: 1500 for 1500.0, whichever of them a document or a lock has."""
    is_whole = abs(value) < _WHOLE and value == int(value)
    return int(value) if is_whole else value


def storable_name(name: str) -> str:
    """The name of a document as a lock holds it."""
    return _storable(name)


def _limit(limit: Threshold) -> AcceptedLimit:
    return AcceptedLimit(
        value=figure(limit.value),
        unit=_storable(limit.unit),
        comparator=limit.comparator,
        statistic=limit.statistic,
        subject=_storable(limit.subject),
    )


def _storable(text: str) -> str:
    """The text with a mark for each lone surrogate, which TOML does not know."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") if _has_surrogate(text) else text


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
