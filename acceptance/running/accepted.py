"""Whether a run's reading was accepted: for results.json, JUnit and the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from signoff.acceptance.reading import Document
from signoff.reports.plain_text import line
from signoff.reports.stored.stored_reading import StoredReading
from signoff.reports.stored.stored_run import StoredRun

MOST_SHOWN = 20
_NO_LOCK = "no reading of its document was accepted"


def reading_of(document: Document) -> StoredReading:
    """How the reading of a document stands to its lock."""
    acceptance = document.acceptance
    return StoredReading(
        accepted=acceptance.is_accepted,
        lock=acceptance.lock,
        state=acceptance.state,
        role=acceptance.role,
        date="" if acceptance.date is None else acceptance.date.isoformat(),
        signoff=acceptance.signoff,
        gone=tuple({"id": entry.id, "text": entry.text} for entry in acceptance.gone),
    )


def reading_of_run(documents: Sequence[Document]) -> StoredReading:
    """The same for all documents of a run: it is accepted where each of them is."""
    if len(documents) == 1:
        return reading_of(documents[0])
    others = sum(not document.acceptance.is_accepted for document in documents)
    state = f"not accepted for {others} of {len(documents)} documents" if others else "accepted for each document"
    return StoredReading(accepted=not others, state=state)


def read_anew(document: Document) -> dict[str, str]:
    """Why the reading of a criterion is not one that was accepted, by its id; the others are."""
    if document.acceptance.lock is None:
        return {criterion.id: _NO_LOCK for criterion in document.criteria}
    return document.acceptance.anew


def accepted_lines(run: StoredRun) -> Iterator[str]:
    """Lines for the end of a run: whether the reading was accepted, and what is read anew."""
    for document in run.documents:
        reading = document.reading
        if reading is None:
            continue
        whose = f"{document.path}: " if len(run.documents) > 1 else ""
        yield f"{whose}reading {line(reading.state, 300)}"
        if reading.lock is None:
            continue
        anew = [item for item in run.criteria if item.document == document.path and item.read_anew]
        for item in anew[:MOST_SHOWN]:
            named = f"{item.requirement}, " if item.requirement else ""
            yield f"  read anew: {named}{item.document}:{item.line}: {line(item.read_anew, 300)}"
        if len(anew) > MOST_SHOWN:
            yield f"  and {len(anew) - MOST_SHOWN} more"
