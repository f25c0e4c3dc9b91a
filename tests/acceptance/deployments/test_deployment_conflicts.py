from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.deployment import Deployment, ServiceStart, from_target, load
from signoff.acceptance.profile import PROFILES
from signoff.acceptance.reading import Reading, read_documents
from signoff.acceptance.running.deployment_conflicts import conflicts_with_deployment
from signoff.acceptance.running.judging import Judging
from signoff.acceptance.running.progress import Progress

FIXTURES = Path(__file__).parents[3] / "fixtures"
TEXT = (
    "# Lark-4 Service\n- [ ] answers\n```yaml\nservice:\n  name: lark-4\n  port: 7100\n"
    "engine:\n  framework: vllm\n  max_num_seqs: 64\n```\n"
)


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    (tmp_path / "task.md").write_text(TEXT, encoding="utf-8")
    return read_documents([tmp_path / "task.md"], KINDS)


def at(target: str = "http://10.0.0.1:7100", **more: object) -> Deployment:
    return replace(Deployment(name="the new host", target=target), **more)


def brief(reading: Reading, deployment: Deployment) -> list[tuple[str, list[object]]]:
    found = conflicts_with_deployment(reading, deployment)
    assert {conflict.kind for conflict in found} <= {"deployment"}
    return [(conflict.subject, [side.value for side in conflict.sides]) for conflict in found]


def test_a_target_on_another_port_is_told(reading: Reading) -> None:
    assert brief(reading, at("http://10.0.0.1:8000")) == [("port", [7100, 8000])]


def test_started_with_another_value_than_configured(reading: Reading) -> None:
    start = ServiceStart("lark", ("--max-num-seqs", "8", "--verbose"))
    assert brief(reading, at(start=start)) == [("max_num_seqs", [64, "8"])]


def test_an_engine_other_than_the_documents(reading: Reading) -> None:
    assert brief(reading, at(engine="Ollama 0.5")) == [("engine", ["vllm", "Ollama 0.5"])]


@pytest.mark.parametrize(
    "deployment",
    [
        at(),
        at("http://10.0.0.1:8000", addresses={"10.0.0.9:7100": "http://10.0.0.1:8000"}),
        at("http://10.0.0.1:8000", services={"lark": "http://10.0.0.1:8000"}),
        from_target("http://10.0.0.1:8000"),
        at(engine="vLLM 0.6.3"),
        at(engine="simulated"),
        at(start=ServiceStart("lark", ("--max-num-seqs=64", "--port", "9000", "--fault", "slow"))),
    ],
    ids=["same port", "mapped", "by service", "a target alone", "same engine", "simulated", "same value"],
)
def test_what_a_deployment_may_say_otherwise(reading: Reading, deployment: Deployment) -> None:
    assert brief(reading, deployment) == []


@pytest.mark.parametrize("path", sorted((FIXTURES / "deployments").glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_deployments_agree_with_their_documents(path: Path) -> None:
    # An engine may follow the document's name: 1.3-hermes-2-vllm.toml.
    document = next(each for each in (FIXTURES / "tasks").glob("*.md") if path.stem.startswith(each.stem))
    assert brief(read_documents([document], KINDS), load(path)) == []


def test_a_run_keeps_them_among_its_conflicts_and_no_criterion_stands_in_them(reading: Reading, tmp_path: Path) -> None:
    judging = Judging(
        at("http://10.0.0.1:8000"), PROFILES["quick"], [tmp_path / "task.md"], tmp_path / "run", Progress()
    )
    (conflict,) = judging.findings.reading.conflicts
    assert (conflict.kind, conflict.criteria) == ("deployment", ())
    assert conflict.sides[-1].document == "the new host"
