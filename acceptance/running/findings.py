"""Results of a run so far."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.deployment import Deployment
from signoff.acceptance.errors import SignoffError
from signoff.acceptance.profile import Profile
from signoff.acceptance.reading import Reading
from signoff.acceptance.verdict import Verdict
from signoff.reports.document.cut_run import VERDICTS
from signoff.reports.errors import NotWritten
from signoff.reports.plain_text import json_text
from signoff.reports.stored.run_folder import Growing, RunFolder
from signoff.reports.stored.stored_run import plain


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with its time (UTC), its duration, and its evidence files."""

    verdict: Verdict
    started: str
    seconds: float
    evidence: tuple[str, ...]


@dataclass
class Findings:
    """The state of one run. `trouble` is the reason why it could not judge, if any."""

    deployment: Deployment
    profile: Profile
    reading: Reading
    folder: Path
    started: datetime
    seed: int
    engine: dict[str, Any]
    """The fields of `signoff.reports.stored.stored_run.Engine`."""
    selected: int | None = None
    """How many criteria are to be judged, where not all of them are."""
    judged: dict[tuple[str, str], Judged] = field(default_factory=dict)
    retries: list[str] = field(default_factory=list)
    server_sides: list[dict[str, Any]] = field(default_factory=list)
    trouble: SignoffError | NotWritten | None = None
    verdicts: Growing | None = None

    def keep(self, criterion: Criterion, judged: Judged) -> None:
        """Remember a verdict, in the run's folder too, so that an interruption loses none. Raises NotWritten."""
        self.judged[criterion.document, criterion.id] = judged
        line = json.dumps(self.line(criterion), ensure_ascii=False, sort_keys=True)
        self.open_verdicts().append(json_text(line) + "\n")

    def line(self, criterion: Criterion) -> dict[str, Any] | None:
        """The verdict as verdicts.jsonl holds it, or None if the run did not reach the criterion."""
        judged = self.of(criterion)
        return None if judged is None else {"document": criterion.document, "id": criterion.id, **plain(judged)}

    def open_verdicts(self) -> Growing:
        """The file that gets the verdicts; as long as it is open, the run is in progress. Raises NotWritten."""
        if self.verdicts is None:
            self.verdicts = RunFolder(self.folder).growing(VERDICTS)
            self.verdicts.lock()
        return self.verdicts

    def close(self) -> None:
        """The run is over. Raises NotWritten."""
        if self.verdicts is not None:
            self.verdicts.close()
            self.verdicts = None

    def of(self, criterion: Criterion) -> Judged | None:
        """What was found about a criterion, or None if the run did not reach it."""
        return self.judged.get((criterion.document, criterion.id))

    def waiver(self, criterion: Criterion) -> dict[str, Any] | None:
        """The waiver that a binding file gives this criterion, if any."""
        for document in self.reading.documents:
            if document.path == criterion.document and criterion.id in document.waivers:
                waiver = asdict(document.waivers[criterion.id])
                return {**waiver, "expires": waiver["expires"].isoformat()}
        return None
