"""What a run has found so far: everything that its result is made of."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from acceptance.criterion import Criterion
from acceptance.deployment import Deployment
from acceptance.errors import SignoffError
from acceptance.profile import Profile
from acceptance.reading import Reading
from acceptance.verdict import Verdict
from reports.plain_text import json_text


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with when it was reached (UTC), how long it took, and the evidence files behind it."""

    verdict: Verdict
    started: str
    seconds: float
    evidence: tuple[str, ...]


@dataclass
class Findings:
    """The state of one run. `trouble` is what kept it from judging, where something did."""

    deployment: Deployment
    profile: Profile
    reading: Reading
    folder: Path
    started: datetime
    seed: int
    engine: dict[str, Any]
    """The fields of `reports.stored_run.Engine`."""
    judged: dict[tuple[str, str], Judged] = field(default_factory=dict)
    retries: list[str] = field(default_factory=list)
    server_sides: list[dict[str, Any]] = field(default_factory=list)
    trouble: SignoffError | None = None

    def keep(self, criterion: Criterion, judged: Judged) -> None:
        """Remember a verdict, in the run's folder too, so that an interruption loses none."""
        self.judged[criterion.document, criterion.id] = judged
        self.folder.mkdir(parents=True, exist_ok=True)
        line: dict[str, Any] = {"document": criterion.document, "id": criterion.id, **asdict(judged)}
        with (self.folder / "verdicts.jsonl").open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(json_text(json.dumps(line, ensure_ascii=False, sort_keys=True)) + "\n")

    def of(self, criterion: Criterion) -> Judged | None:
        """What was found about a criterion, or None where the run did not reach it."""
        return self.judged.get((criterion.document, criterion.id))

    def waiver(self, criterion: Criterion) -> dict[str, Any] | None:
        """The waiver that a binding file gives this criterion, if any."""
        for document in self.reading.documents:
            if document.path == criterion.document and criterion.id in document.waivers:
                waiver = asdict(document.waivers[criterion.id])
                return {**waiver, "expires": waiver["expires"].isoformat()}
        return None
