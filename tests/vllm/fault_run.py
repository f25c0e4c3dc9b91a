"""`python -m tests.vllm.fault_run FAULT SOUND`: whether a fault in front of real vLLM is caught.

Judges the criteria of task 1.3 whose checks list the fault, on a service that has it, and shows each beside what the
sound service came to (SOUND, the results.json of its run). Exit: 0 each fails that did not fail there, 1 else, 2 where
there was none to be caught.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from signoff.acceptance import deployment as deployments
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.profile import Profile
from signoff.acceptance.running import plan
from signoff.acceptance.running.judging import Judging
from signoff.acceptance.running.progress import Progress

ROOT = Path(__file__).parent.parent.parent
TASK = ROOT / "fixtures/tasks/1.3-hermes-2.md"
DEPLOYMENT = ROOT / "fixtures/deployments/1.3-hermes-2-vllm.toml"
BRIEF = Profile("brief", alpha=0.05, load_s=60, requests_each=500, conversations=16, cold_starts=0)


def main(fault: str, sound: str) -> int:
    """Judge, and tell."""
    before = {each["id"]: each["outcome"] for each in json.loads(Path(sound).read_text(encoding="utf-8"))["criteria"]}
    with tempfile.TemporaryDirectory(prefix="signoff-fault-") as folder:
        deployment = Path(folder) / "faulty.toml"
        deployment.write_text(with_fault(DEPLOYMENT.read_text(encoding="utf-8"), fault), encoding="utf-8")
        judging = Judging(deployments.load(deployment), BRIEF, [TASK], Path(folder) / "run", Progress(shown=False))
        listed = [
            criterion
            for document in judging.findings.reading.documents
            for criterion in document.criteria
            if criterion.judge == "machine" and fault in CHECKS[criterion.kind].kind.faults
        ]
        judging.select(listed)
        found = {}
        try:
            judging.begin()
            for criterion in plan.order(listed):
                found[criterion.id] = judging.judge(criterion)
        finally:
            judging.finish()
    for name, verdict in found.items():
        print(f"{fault}: {name}: {before[name]} without it, {verdict.outcome} with it: {verdict.reason}")
    to_catch = [name for name in found if before[name] != "fail"]
    if not to_catch:
        print(f"{fault}: each criterion that lists it fails without it too, so nothing is shown")
        return 2
    return 0 if all(found[name].outcome == "fail" for name in to_catch) else 1


def with_fault(text: str, fault: str) -> str:
    """The shipped deployment with a fault, to be read from another folder."""
    started = f'service = "hermes-2"\narguments = ["--fault", "{fault}"]'
    return (
        text.replace('"../..', f'"{ROOT}')
        .replace('"../models', f'"{ROOT}/fixtures/models')
        .replace('service = "hermes-2"', started, 1)
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
