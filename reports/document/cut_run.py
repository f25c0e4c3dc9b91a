"""An interrupted run: what its folder shows although it has no result.

At its start a run stores its criteria (`begun.json`, a results.json without verdicts), and
each verdict as it is reached (`verdicts.jsonl`). Nothing here changes either of them, so that the run can be resumed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from signoff.reports.document.headline import fold, open_counts
from signoff.reports.errors import StoredRunMalformed, StoredRunUnreadable
from signoff.reports.model import Key
from signoff.reports.plain_text import line as plain_line
from signoff.reports.stored.decode import decode
from signoff.reports.stored.run_folder import is_in_use, opened
from signoff.reports.stored.stored_run import FILE_NAME, MOST_BYTES, StoredCriterion, StoredRun, load
from signoff.reports.stored.verdict import Measured, Outcome

BEGUN, VERDICTS, EVIDENCE = "begun.json", "verdicts.jsonl", "evidence"
CUT = "cut"
"""The key of a results.json from an interrupted run: it is not a sealed result, and a real one replaces it."""
MOST_NAMED = 5
MOST_UNREAD = 10_000
"""A kill damages one line; with this number of damaged lines it is not a file of verdicts."""
_PIECE = 2**20


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """A line of verdicts.jsonl."""

    document: str
    id: str
    outcome: Outcome
    reason: str
    hint: Annotated[str, Key("mend")] = ""
    measured: Measured | None = None
    assumptions: tuple[str, ...] = ()
    detail: Mapping[str, Any] | None = None
    evidence: tuple[str, ...] = ()
    started: str = ""
    seconds: float | None = None
    extra: Mapping[str, Any] | None = None

    @property
    def ended(self) -> str:
        """When it was reached, as far as the line says."""
        try:
            return (datetime.fromisoformat(self.started) + timedelta(seconds=self.seconds or 0)).isoformat()
        except (ValueError, OverflowError):
            return self.started

    @classmethod
    def of(cls, value: Any) -> JudgedLine:
        """Raises StoredRunMalformed."""
        if not isinstance(value, Mapping) or not isinstance(value.get("verdict"), Mapping):
            raise StoredRunMalformed("not a verdict")
        return decode(cls, {**value["verdict"], **{key: item for key, item in value.items() if key != "verdict"}}, "")


def as_judged(criterion: StoredCriterion, judged: JudgedLine) -> StoredCriterion:
    """A criterion that was not judged yet, with its verdict."""
    return replace(
        criterion,
        outcome=judged.outcome,
        reason=judged.reason,
        hint=judged.hint,
        detail=dict(judged.detail or {}),
        assumptions=(*criterion.assumptions, *judged.assumptions),
        measured=judged.measured,
        evidence=judged.evidence,
        started=judged.started,
        seconds=judged.seconds,
    )


def is_cut(folder: Path) -> bool:
    """Whether this is the folder of a run that wrote no result. Raises StoredRunUnreadable."""
    if not (folder / BEGUN).is_file():
        return False
    return not (folder / FILE_NAME).exists() or CUT in load(folder / FILE_NAME).extra


def cut_run(folder: Path) -> StoredRun:
    """The verdicts until the interruption; the other criteria are not run, and the outcome is invalid.

    Raises StoredRunUnreadable if the run is in progress, or if its beginning cannot be read.
    """
    if is_in_use(folder / VERDICTS):
        raise StoredRunUnreadable(f"{folder}: this run is in progress", "wait for its end, or end it")
    begun = load(folder / BEGUN)
    judged, damaged = _verdicts(folder)
    criteria = tuple(
        as_judged(each, found) if (found := judged.get((each.document, each.id))) is not None else each
        for each in begun.criteria
    )
    last = next(reversed(judged.values()), None)
    of = begun.extra.get("selected", len(criteria))
    without_verdict = list(_without_verdict(folder, judged.values()))
    cut = {
        "judged": len(judged),
        "of": of,
        "last_criterion": last.id if last else "",
        "last_verdict": last.ended if last else "",
        "without_verdict": without_verdict,
        "damaged": damaged,
    }
    run = replace(begun, criteria=criteria, outcome="invalid", finished="", extra={**begun.extra, CUT: cut})
    after = f"after {last.id} ({last.ended})" if last else f"before its first verdict (it began {begun.started})"
    said = [f"the run was cut off {after}: {len(judged)} of {of} criteria were judged"]
    if without_verdict:
        more = f" and {len(without_verdict) - MOST_NAMED} more" if len(without_verdict) > MOST_NAMED else ""
        named = ", ".join(without_verdict[:MOST_NAMED]) + more
        said.append(f"records without a verdict: {named}")
    said += damaged
    if fold(run)[0] != "passed":
        said.append(fold(run)[1])
    return replace(run, reason=plain_line("; ".join(said)), open=open_counts(run))


def _verdicts(folder: Path) -> tuple[dict[tuple[str, str], JudgedLine], list[str]]:
    """The verdicts in order, and the unreadable parts of the file."""
    found: dict[tuple[str, str], JudgedLine] = {}
    damaged: list[str] = []
    try:
        with opened(folder / VERDICTS) as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        return found, [f"{VERDICTS} cannot be read: {error.strerror}"]
    if not content:
        damaged.append(f"{VERDICTS} is empty")
    if len(content) > MOST_BYTES:
        damaged.append(f"{VERDICTS} is longer than {MOST_BYTES} bytes, and the rest was left out")
    unread = 0
    for number, line in enumerate(io.BytesIO(content[:MOST_BYTES]), 1):
        try:
            judged = JudgedLine.of(json.loads(line))
        except (ValueError, RecursionError, StoredRunMalformed):
            unread += 1
            if unread <= MOST_NAMED:
                damaged.append(f"line {number} of {VERDICTS} is cut off or damaged and was left out")
            elif unread > MOST_UNREAD:
                damaged.append(f"what follows line {number} of {VERDICTS} was not read: it is too damaged")
                break
        else:
            found[judged.document, judged.id] = judged
    if unread > MOST_NAMED:
        damaged.append(f"{unread - MOST_NAMED} more lines of {VERDICTS} are damaged and were left out")
    return found, damaged


def _without_verdict(folder: Path, judged: Iterable[JudgedLine]) -> Iterator[str]:
    """The evidence without a verdict, with its number of records."""
    known = {name for each in judged for name in each.evidence}
    for path in sorted((folder / EVIDENCE).glob("*.jsonl")):
        name = f"{EVIDENCE}/{path.name}"
        if name not in known:
            yield f"{name} ({_records(path)})"


def _records(path: Path) -> str:
    count, last = 0, b"\n"
    try:
        with opened(path) as file:
            while piece := file.read(_PIECE):
                count, last = count + piece.count(b"\n"), piece[-1:]
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    torn = "" if last == b"\n" else ", and one cut off"
    return f"{count} record{'' if count == 1 else 's'}{torn}"
