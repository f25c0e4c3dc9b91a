"""Judges one document against one deployment, with less measuring than any profile of the product; for tests.

`python brief_run.py DOCUMENT DEPLOYMENT FOLDER COLD_STARTS`
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from signoff.acceptance import deployment as deployments
from signoff.acceptance.profile import Profile
from signoff.acceptance.running import plan
from signoff.acceptance.running.judging import Judging
from signoff.acceptance.running.progress import Progress

BRIEF = Profile("brief", alpha=0.05, load_s=42, requests_each=500, conversations=16, cold_starts=5)


def main(document: str, deployment: str, folder: str, cold_starts: str) -> None:
    """Judge every criterion, in the plan's order."""
    profile = replace(BRIEF, cold_starts=int(cold_starts))
    judging = Judging(
        deployments.load(Path(deployment)), profile, [Path(document)], Path(folder), Progress(shown=False)
    )
    try:
        judging.begin()
        for criterion in plan.order([each for read in judging.findings.reading.documents for each in read.criteria]):
            judging.judge(criterion)
    finally:
        judging.finish()


if __name__ == "__main__":
    main(*sys.argv[1:])
