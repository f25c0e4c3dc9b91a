"""Each deliberate fault of the reference service turns red exactly the criteria whose checks list it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.reading import read_documents
from signoff.reference_services.faults.gateway import FAULTS as GATEWAY_FAULTS
from signoff.reference_services.faults.switch import FAULTS as SWITCH_FAULTS
from tests.acceptance.faults.test_behaviour_faults import BEHAVIOUR_FAULTS

ROOT = Path(__file__).parents[3]
SOUND = "sound"
FAULTS = ("forgets_session", "slow", "leaks_memory", "stale_metrics")
COLD_STARTS = {SOUND: "5"}
"""Fewer than five never pass; a start of a faulty service that takes too long or fails is a failure at once."""
HOSTS = {name: f"127.0.0.{number}" for number, name in enumerate((SOUND, *FAULTS), start=61)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def runs(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """The stored runs of the sound service and of each fault, judged side by side."""
    document = ROOT / "fixtures/tasks/1.3-hermes-2.md"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    processes = {}
    for name, host in HOSTS.items():
        deployment = folder / f"{name}.toml"
        deployment.write_text(deployment_at(host, "" if name == SOUND else name), encoding="utf-8")
        command = [sys.executable, str(Path(__file__).with_name("brief_run.py"))]
        processes[name] = subprocess.Popen(
            [*command, str(document), str(deployment), str(folder / name), COLD_STARTS.get(name, "1")],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    outputs = {name: process.communicate()[0] for name, process in processes.items()}
    for name, process in processes.items():
        assert process.returncode == 0, f"{name}: {outputs[name]}"
    return {name: json.loads((folder / name / "results.json").read_text(encoding="utf-8")) for name in processes}


def deployment_at(host: str, fault: str) -> str:
    """The shipped deployment file, moved to another loopback address."""
    text = (ROOT / "fixtures/deployments/1.3-hermes-2.toml").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1", host).replace('"../..', f'"{ROOT}')
    arguments = ["--host", host, *(["--fault", fault] if fault else [])]
    return text.replace('service = "hermes-2"', f'service = "hermes-2"\narguments = {json.dumps(arguments)}', 1)


def ids(run: Mapping[str, Any], *outcomes: str) -> set[str]:
    return {criterion["id"] for criterion in run["criteria"] if criterion["outcome"] in outcomes}


def reasons(run: Mapping[str, Any], wanted: set[str]) -> dict[str, str]:
    return {each["id"]: f"{each['outcome']}: {each['reason']}" for each in run["criteria"] if each["id"] in wanted}


def test_the_sound_service_passes(runs: Mapping[str, Mapping[str, Any]]) -> None:
    run = runs[SOUND]
    open_ones = ids(run, "fail", "error", "inconclusive", "not_run")
    assert open_ones == set(), reasons(run, open_ones)
    assert run["outcome"] == "passed"
    assert run["open"] == {"awaiting_person": 14, "out_of_reach": 2, "waived": 0}
    assert run["engine"]["name"] == "simulated"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_turns_red_exactly_the_criteria_whose_checks_list_it(
    fault: str, runs: Mapping[str, Mapping[str, Any]]
) -> None:
    run = runs[fault]
    listed = {
        criterion["id"]
        for criterion in run["criteria"]
        if criterion["judge"] == "machine" and fault in CHECKS[criterion["kind"]].kind.faults
    }
    assert listed, f"no check lists {fault}"
    assert ids(run, "fail") == listed, reasons(run, ids(run, "fail") ^ listed)
    assert ids(run, "error", "not_run") == set(), reasons(run, ids(run, "error", "not_run"))
    assert run["outcome"] == "failed"


@pytest.mark.parametrize("name", [SOUND, *FAULTS])
def test_every_verdict_comes_out_the_same_again_from_the_stored_records(
    name: str, runs: Mapping[str, Mapping[str, Any]], folder: Path
) -> None:
    (document,) = read_documents([ROOT / "fixtures/tasks/1.3-hermes-2.md"], KINDS).documents
    stored = {criterion["id"]: criterion for criterion in runs[name]["criteria"]}
    again = 0
    for criterion in document.criteria:
        for file in stored[criterion.id]["evidence"]:
            lines = (folder / name / file).read_text(encoding="utf-8").splitlines()
            evidence = Evidence(Path(file).stem, file, tuple(json.loads(line) for line in lines))
            verdict = CHECKS[criterion.kind].judge(criterion, evidence)
            assert (verdict.outcome, verdict.reason) == (
                stored[criterion.id]["outcome"],
                stored[criterion.id]["reason"],
            )
            again += 1
    assert again > 90


def test_every_fault_that_a_check_lists_is_tried() -> None:
    assert {fault for check in CHECKS.values() for fault in check.kind.faults} == {
        *FAULTS,
        *BEHAVIOUR_FAULTS,
        *GATEWAY_FAULTS,
        *SWITCH_FAULTS,
    }
