"""Entries of a binding file as text, ready to paste; a person fills in the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.kind import Kinds
from signoff.acceptance.reading.binding.binding import binding_path
from signoff.acceptance.reading.binding.correction import correction
from signoff.acceptance.reading.source.document import Reading
from signoff.acceptance.toml_text import written
from signoff.reports.plain_text import visible
from signoff.reports.stored.conflict import Conflict

# How the reason of a statement begins that a binding can type.
_NO_RULE = "no rule"


def resolve_block(conflict: Conflict, today: date) -> str:
    """The [[resolve]] of a conflict as it is today; who decides fills in `chosen`, `role` and `reason`."""
    values = list(dict.fromkeys(str(side.value) for side in conflict.sides))
    originals: dict[str, Any] = {}
    for side in conflict.sides:
        originals.setdefault(str(side.value), side.value)
    documents = list(dict.fromkeys(Path(side.document).name for side in conflict.sides))
    lines = [
        "[[resolve]]",
        f"conflict = {written(conflict.subject)}",
        f"kind = {written(conflict.kind)}",
        f"between = [{', '.join(written(originals[value]) for value in values)}]",
        *([f"documents = [{', '.join(written(name) for name in documents)}]"] if len(documents) > 1 else []),
        f"chosen = {written(originals[values[0]])}  # one of `between`",
        'role = ""  # who decides: a role, not a name',
        'reason = ""',
        f"date = {today.isoformat()}",
    ]
    return "\n".join(lines) + "\n"


def resolve_file(conflict: Conflict) -> str:
    """Where that block belongs: the binding file beside the document of the conflict's first side."""
    return binding_path(Path(conflict.sides[0].document)).as_posix()


def binding_draft(reading: Reading, kinds: Kinds, today: date) -> str:
    """A binding file for what is open: each conflict that criteria are in, and each statement that no rule knows.

    The statements are in comments: without a kind that somebody chooses, a person judges them anyway. So are the lines
    that give what a machine judges to a person; they are the first, because they stand above the first table.
    """
    parts = [*_corrections(reading, kinds)]
    parts += [
        f"{_comment(f'{resolve_file(conflict)}: {conflict.message}')}\n{resolve_block(conflict, today)}"
        for conflict in reading.conflicts
        if conflict.criteria and conflict.resolution is None
    ]
    for document in reading.documents:
        unknown = [item for item in document.criteria if item.judge == "person" and item.reason.startswith(_NO_RULE)]
        for criterion in unknown:
            where = _comment(f"{binding_path(Path(document.path)).as_posix()}, for line {criterion.line}") + "\n"
            parts.append(where + "".join(f"# {line}\n" for line in type_block(criterion).splitlines()))
    return "\n".join(parts) or "# nothing is open that a binding file could decide\n"


def _corrections(reading: Reading, kinds: Kinds) -> Iterator[str]:
    for document in reading.documents:
        file = binding_path(Path(document.path)).as_posix()
        asked = [item for item in document.criteria if item.judge == "machine" and item.judged_as]
        for criterion in asked:
            where = _comment(f"{file}, for line {criterion.line}: {criterion.judged_as}")
            yield f"{where}\n# {correction(criterion, None, kinds)}\n"


def type_block(criterion: Criterion) -> str:
    """The [[type]] of a criterion with the fingerprint of today's wording; who writes it chooses the kind."""
    lines = [
        _comment(criterion.text),
        "[[type]]",
        f"criterion = {written(criterion.id)}",
        f"fingerprint = {written(criterion.fingerprint)}",
        f"kind = {written(criterion.kind)}",
        *([f"service = {written(criterion.service)}"] if criterion.service else []),
        *_threshold(criterion),
        *([f"parameters = {written(criterion.parameters)}"] if criterion.parameters else []),
    ]
    return "\n".join(lines) + "\n"


def _threshold(criterion: Criterion) -> Sequence[str]:
    limit = criterion.threshold
    if limit is None or limit.statistic is None:
        return ()
    pairs = {
        "value": limit.value,
        "unit": limit.unit,
        "comparator": limit.comparator,
        "statistic": limit.statistic,
        "subject": limit.subject,
    }
    return (f"threshold = {written(pairs)}",)


def _comment(text: str) -> str:
    """One line: whatever the text holds, nothing of it is an entry."""
    return f"# {visible(' '.join(text.split()))}"
