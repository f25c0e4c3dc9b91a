"""Several services of one document: each criterion is measured at its own service, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.profile import Profile
from signoff.acceptance.running import plan
from signoff.acceptance.running.sites import Sites
from tests.acceptance.conftest import BRIEF, criterion

SiteAt = Callable[..., Site]
TARGET = "http://127.0.0.1:11401"


def of_service(service: str, kind: str = "latency", **parameters: object) -> Criterion:
    return replace(criterion(kind, **parameters), service=service, id=f"by-hand/{kind}/{service or 'own'}")


def sites(tmp_path: Path, text: str, *criteria: Criterion, profile: Profile = BRIEF) -> Sites:
    path = tmp_path / "deployment.toml"
    path.write_text(text, encoding="utf-8")
    return Sites(Site(deployments.load(path), profile, tmp_path / "run", criteria), criteria)


def test_a_service_is_measured_at_the_address_that_the_deployment_gives_it(tmp_path: Path) -> None:
    mixtral, own = of_service("mixtral"), of_service("")
    found = sites(tmp_path, f'target = "{TARGET}"\n[services]\nmixtral = "http://127.0.0.11:11400/"', mixtral, own)
    assert found.of(mixtral).deployment.target == "http://127.0.0.11:11400"
    assert found.of(own).deployment.target == TARGET
    assert found.of(mixtral) is found.of(mixtral)


def test_a_service_that_is_named_nowhere_is_not_measurable(tmp_path: Path) -> None:
    mixtral = of_service("mixtral")
    found = sites(tmp_path, f'target = "{TARGET}"', mixtral)
    with pytest.raises(NotMeasurable, match="asks this of mixtral") as raised:
        found.of(mixtral)
    assert 'mixtral = "http://HOST:PORT" under [services]' in raised.value.hint


def test_the_target_stands_for_the_service_whose_port_it_has(tmp_path: Path) -> None:
    hermes, openchat = of_service("hermes"), of_service("openchat")
    ports = [
        of_service("hermes", "config_value", name="port", value=11401),
        of_service("openchat", "config_value", name="port", value=11402),
    ]
    criteria = (hermes, openchat, *ports)
    found = Sites(Site(deployments.from_target(TARGET), BRIEF, tmp_path, criteria), criteria)
    assert found.of(hermes) is found.target
    with pytest.raises(NotMeasurable):
        found.of(openchat)


def test_each_service_is_measured_by_its_own_limits(tmp_path: Path) -> None:
    mixtral, own = of_service("mixtral"), of_service("")
    assert own.threshold is not None
    own = replace(own, threshold=replace(own.threshold, value=900.0))
    found = sites(tmp_path, f'target = "{TARGET}"\n[services]\nmixtral = "http://127.0.0.11:11400"', mixtral, own)
    assert [limit.value for limit in found.of(mixtral).limits("latency")] == [1500]
    assert [limit.value for limit in found.target.limits("latency")] == [900]


def test_measurements_of_two_services_are_kept_apart(tmp_path: Path) -> None:
    mixtral, own = of_service("mixtral"), of_service("")
    found = sites(tmp_path, f'target = "{TARGET}"\n[services]\nmixtral = "http://127.0.0.11:11400"', mixtral, own)
    files = {found.of(asked).measured("load", lambda recorder: None).file for asked in (mixtral, own)}
    assert files == {"evidence/load.jsonl", "evidence/mixtral-load.jsonl"}


def test_a_key_does_not_travel_to_another_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "secret")
    mixtral = of_service("mixtral")
    text = f'target = "{TARGET}"\napi_key_env = "KEY"\n[services]\nmixtral = "http://127.0.0.11:11400"'
    found = sites(tmp_path, text, mixtral)
    assert found.target.deployment.headers(f"{TARGET}/health") == {"Authorization": "Bearer secret"}
    elsewhere = found.of(mixtral).deployment
    assert elsewhere.headers("http://127.0.0.11:11400/health") == {}


def test_a_role_is_looked_for_at_the_target_where_the_deployment_does_not_name_it(tmp_path: Path) -> None:
    path = tmp_path / "deployment.toml"
    path.write_text(f'target = "{TARGET}"\n[addresses]\ngateway = "http://127.0.0.15:8000/"', encoding="utf-8")
    deployment = deployments.load(path)
    assert deployment.role_url("gateway", "/") == ("http://127.0.0.15:8000", True)
    assert deployment.role_url("graphql", "/graphql") == (f"{TARGET}/graphql", False)


def test_what_needs_a_stopped_service_is_judged_last(monkeypatch: pytest.MonkeyPatch) -> None:
    check = plan.CHECKS["port"]
    monkeypatch.setattr(plan, "CHECKS", {**plan.CHECKS, "port": replace(check, after_stop=True)})
    assert [each.kind for each in plan.order([criterion("port"), criterion("latency")])] == ["latency", "port"]
