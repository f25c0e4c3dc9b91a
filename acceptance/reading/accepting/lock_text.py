"""A lock as text: one entry a criterion, one key a line, so that the diff of a pull request shows what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading.accepting.accepted_reading import (
    SCHEMA,
    AcceptedCriterion,
    AcceptedReading,
    accepted_criterion,
    figure,
    storable_name,
)
from signoff.acceptance.toml_text import written
from signoff.reports.plain_text import line


def accepted_now(
    document: str, sha256: str, criteria: Sequence[Criterion], role: str, today: date, version: str
) -> AcceptedReading:
    """Today's reading of a document, accepted by a role."""
    return AcceptedReading(
        schema=SCHEMA,
        document=storable_name(document),
        sha256=sha256,
        accepted_by=storable_name(role),
        date=today,
        signoff=version,
        criterion=tuple(accepted_criterion(criterion) for criterion in criteria),
    )


def lock_text(accepted: AcceptedReading) -> str:
    """The lock, its entries in the order of the document; equal readings give equal texts."""
    return "\n".join([*_head(accepted), *(each for entry in accepted.criterion for each in _entry(entry))]) + "\n"


def _head(accepted: AcceptedReading) -> Iterator[str]:
    name = line(accepted.document)  # a line end in a name would end the comment
    yield f"# The accepted reading of {name}: what each of its demands is judged as."
    yield f"# `signoff read --accept ROLE {name}` writes it, `signoff read --check {name}` compares."
    yield f"schema = {accepted.schema}"
    yield f"document = {written(accepted.document)}"
    yield f"sha256 = {written(accepted.sha256)}"
    yield f"accepted_by = {written(accepted.accepted_by)}"
    yield f"date = {accepted.date.isoformat()}"
    yield f"signoff = {written(accepted.signoff)}"


def _entry(criterion: AcceptedCriterion) -> Iterator[str]:
    yield ""
    yield "[[criterion]]"
    limit = criterion.threshold
    known = asdict(
        criterion if limit is None else replace(criterion, threshold=replace(limit, value=figure(limit.value)))
    )
    for key, value in known.items():
        if value is not None:
            yield f"{key} = {written(value)}"
