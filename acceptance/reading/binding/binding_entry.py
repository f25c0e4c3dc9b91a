"""What an entry of a binding file may hold: its keys, their types, and values that mean something."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, cast, get_args

from msgspec import Meta

from signoff.acceptance.parameters import Parameters
from signoff.acceptance.reading.conflicts import KINDS as CONFLICTS
from signoff.acceptance.reading.quantities.units import UNITS
from signoff.acceptance.reading.settings.configuration import is_json
from signoff.reports.mistake import Mistake, Words
from signoff.reports.model import Rule, Wanted, is_required, model_fields
from signoff.reports.stored.threshold import Comparator, Threshold

COMPARATORS: tuple[Comparator, ...] = get_args(Comparator)
STATISTIC = r"^(?:mean|max|min|each|rate|p\d{1,2}(?:\.\d+)?)$"
FINGERPRINT = r"^[0-9a-f]{64}$"
KNOWN_UNITS = tuple(sorted({unit.spelling for unit in UNITS.values()} | {"ratio", "bytes"}))
_LIMIT = "a threshold has value, unit, comparator, statistic, subject, with a comparator like <=; "
EXAMPLE = 'threshold = {value = 2, unit = "s", comparator = "<", statistic = "mean", subject = "latency"}'
_NO_STATISTIC = "its statistic is {value}, none of mean, max, min, each, rate, p50, p99"
_WRITE = "write " + EXAMPLE.replace("{", "{{").replace("}", "}}")


def _one_of(known: tuple[str, ...], problem: Callable[[str], tuple[str, str]]) -> tuple[Any, ...]:
    """What `Annotated` says of a text that is one of several."""
    schema = {"enum": list(known)}
    return Meta(min_length=1, extra_json_schema=schema), Rule(lambda text: None if text in known else problem(text))


def _no_conflict(kind: str) -> tuple[str, str]:
    return f"no conflict has the kind {kind!r}", f"kinds of conflicts: {', '.join(CONFLICTS)}"


def _no_unit(unit: str) -> tuple[str, str]:
    return f"its unit is {unit!r}, none of {', '.join(KNOWN_UNITS)}", ""


def _no_comparator(comparator: str) -> tuple[str, str]:
    return f"its comparator is {comparator!r}, none of {' '.join(COMPARATORS)}", ""


def _no_json(value: Any) -> tuple[str, str] | None:
    if not value:
        return "parameters cannot be {}", "leave them out, or say what the check needs"
    return None if is_json(value) else ("parameters hold what JSON does not know, such as a date", "write it as a text")


Text = Annotated[str, Meta(min_length=1), Wanted("a text")]
Day = Annotated[datetime.date, Wanted("a date such as 2026-01-31, without quotes")]
Value = Annotated[str, Meta(min_length=1)] | float | bool
_Name = Annotated[
    str, Meta(min_length=1), Wanted("", "documents holds names of files", 'write documents = ["one.md", "other.md"]')
]
CriterionId = Annotated[Text, Meta(description="the id of a criterion, section/kind/ordinal: `signoff read` shows it")]
Fingerprint = Annotated[
    str,
    Meta(pattern=FINGERPRINT, description="the wording that somebody looked at: `signoff read --json` shows it"),
    Wanted(
        "a text of 64 hexadecimal digits: copy it from `signoff read`", "{value} is no fingerprint", "it is {wanted}"
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """What was decided about a conflict."""

    conflict: Annotated[Text, Meta(description="the conflict's subject, as `signoff read` prints it")]
    kind: Annotated[
        Annotated[str, Wanted("a text"), *_one_of(CONFLICTS, _no_conflict)] | None,
        Meta(description="the conflict's kind, where a subject is part of several"),
    ] = None
    between: Annotated[
        tuple[
            Annotated[
                Value, Wanted("", "between holds texts, numbers, true and false", "copy the values of the sides")
            ],
            ...,
        ],
        Wanted("a list with something in it"),
        Meta(min_length=1, description="every value of the conflict's sides that was looked at"),
    ]
    documents: Annotated[
        Annotated[tuple[_Name, ...], Wanted("a list with something in it"), Meta(min_length=1)] | None,
        Meta(
            description="the files of the sides, where they are several: the entry is silent where one is not read",
        ),
    ] = None
    chosen: Annotated[Value, Wanted("a text, a number, true or false"), Meta(description="one of `between`")]
    role: Annotated[Text, Meta(description="who decided: a role, not a name")]
    reason: Text
    date: Annotated[Day, Meta(description="when it was decided: a TOML date, without quotes")]

    @staticmethod
    def rules(sound: Mapping[str, Any], wrong: Container[str]) -> Iterator[Mistake]:
        """What was chosen is one of the sides."""
        if "between" in sound and "chosen" in sound and str(sound["chosen"]) not in map(str, sound["between"]):
            message, hint = "chosen is none of `between`", "choose one of the sides"
            yield Mistake(("chosen",), "rule", message=message, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The limit of a criterion, with all that a check needs to know of it."""

    schema_name: ClassVar[str] = "threshold"
    words: ClassVar[Words] = Words(
        wrong=(_LIMIT + "its {name} is {value}", _WRITE),
        unknown=(_LIMIT + "it has {name!r} beside them", _WRITE),
        missing=(_LIMIT + "it has no {wanted}", _WRITE),
        rule=(_LIMIT + "{message}", _WRITE),
    )

    value: float
    unit: Annotated[str, *_one_of(KNOWN_UNITS, _no_unit)]
    comparator: Annotated[str, *_one_of(COMPARATORS, _no_comparator)]
    statistic: Annotated[str, Meta(pattern=STATISTIC), Wanted("", _LIMIT + _NO_STATISTIC, _WRITE)]
    subject: Annotated[Text, Meta(description="what the limit is put on: latency, throughput, memory, ...")]

    def threshold(self) -> Threshold:
        """The limit as a criterion has it."""
        return Threshold(self.value, self.unit, cast(Comparator, self.comparator), self.statistic, self.subject)


_Kind = Annotated[
    str,
    Wanted("a text"),
    Meta(min_length=1, description="how it is judged; human_judgement leaves it to a person"),
]
_Service = Annotated[Text | None, Meta(description="which one of several services it is about")]
_OwnLimit = Annotated[Limit | None, Wanted("a table with something in it")]
_OwnParameters = Annotated[
    Parameters,
    Wanted("a table with something in it"),
    Meta(description="what the check of this kind needs", extra_json_schema={"minProperties": 1}),
    Rule(_no_json),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """What a statement means that no rule knows, or that a rule reads wrongly."""

    criterion: CriterionId
    fingerprint: Fingerprint
    kind: _Kind
    service: _Service = None
    threshold: _OwnLimit = None
    parameters: _OwnParameters = field(default_factory=Parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The same in one line, under the id of the criterion."""

    fingerprint: Fingerprint
    kind: _Kind
    service: _Service = None
    threshold: _OwnLimit = None
    parameters: _OwnParameters = field(default_factory=Parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waive:
    """Who answers for a criterion that is not met, and until when."""

    criterion: CriterionId
    fingerprint: Fingerprint
    owner: Annotated[Text, Meta(description="who answers for it: a role, not a name")]
    reason: Text
    expires: Annotated[Day, Meta(description="the last day, at most 90 days ahead: a TOML date, without quotes")]


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingFile:
    """Beside a task document <stem>.md or <stem>.txt lies <stem>.signoff.toml.

    It resolves conflicts, types statements that no rule knows, and holds waivers.
    """

    correct: Annotated[
        Mapping[str, Correction],
        Meta(description="What a criterion is judged as, by its id: one line each, above the first table."),
    ] = field(default_factory=dict)
    resolve: Annotated[tuple[Resolve, ...], Meta(description="What was decided about a conflict.")] = ()
    type: Annotated[
        tuple[Type, ...],
        Meta(description="What a statement means that no rule knows, or that a rule reads wrongly."),
    ] = ()
    waive: Annotated[
        tuple[Waive, ...], Meta(description="Who answers for a criterion that is not met, and until when.")
    ] = ()


MODELS: Mapping[str, Any] = {"resolve": Resolve, "type": Type, "waive": Waive}
KEYS = {name: tuple(item.name for item in model_fields(model)) for name, model in MODELS.items()}
CORRECT = "correct"
OPTIONAL = {
    name: frozenset(item.name for item in model_fields(model) if not is_required(item))
    for name, model in MODELS.items()
}
