"""The checks of retrieval, WebSocket and GraphQL at the reference service, with a key, and where documents fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest

from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict
from tests.acceptance.conftest import criterion
from tests.reference_services.running import Running, start_service

KEY = "a-key-for-this-test-and-no-other"


@pytest.fixture(scope="module")
def hermes() -> Iterator[Running]:
    running = start_service(
        "--retrieval=embedded", variables={"HERMES_2_API_KEYS": KEY}, headers={"Authorization": f"Bearer {KEY}"}
    )
    yield running
    running.stop()


@pytest.fixture
def site(hermes: Running, site_at: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("SIGNOFF_TEST_KEY", KEY)
    found = site_at(hermes.url)
    found.deployment = replace(found.deployment, api_key_env="SIGNOFF_TEST_KEY")
    return found


def judged(kind: str, site: Site) -> Verdict:
    asked = criterion(kind)
    return CHECKS[kind].judge(asked, CHECKS[kind].measure(asked, site))


@pytest.mark.parametrize("kind", ["retrieval", "websocket", "graphql"])
def test_the_service_meets_the_check_behind_its_key(kind: str, site: Site) -> None:
    found = judged(kind, site)
    assert found.outcome == "pass", found


@pytest.mark.parametrize("seed", range(5))
def test_any_made_up_fact_is_found_and_gone_again(seed: int, site: Site, hermes: Running) -> None:
    site.seed = seed
    assert judged("retrieval", site).outcome == "pass"
    assert hermes.get("/documents")["data"] == []


def test_a_service_without_documents_does_not_pass_as_one_with_them(site: Site) -> None:
    bare = start_service(variables={"HERMES_2_API_KEYS": KEY}, headers={"Authorization": f"Bearer {KEY}"})
    try:
        site.deployment = replace(site.deployment, target=bare.url)
        with pytest.raises(NotMeasurable, match="404"):
            judged("retrieval", site)
    finally:
        bare.stop()


def test_documents_that_are_kept_from_the_prompt_fail_the_check(site: Site, hermes: Running) -> None:
    # No passage reaches the score of 1, so that documents are there and never used.
    deaf = start_service(
        "--retrieval=embedded",
        variables={"HERMES_2_API_KEYS": KEY, "HERMES_2_RETRIEVAL_MIN_SCORE": "1"},
        headers={"Authorization": f"Bearer {KEY}"},
    )
    try:
        assert httpx.get(f"{deaf.url}/ready").status_code == 200
        site.deployment = replace(site.deployment, target=deaf.url)
        found = judged("retrieval", site)
        assert (found.outcome, "was added, and asked 5 times" in found.reason) == ("fail", True), found
    finally:
        deaf.stop()
