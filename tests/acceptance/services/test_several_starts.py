"""A deployment that starts several services: how it is written, what is refused, and which key goes where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.deployment import Deployment, ServiceStart
from signoff.acceptance.errors import DeploymentUnreadable, UsageError
from signoff.acceptance.services import service as own_service

ROLES = (
    'target = "http://h:1"\n[services]\nlark = "http://h:1"\nowl = "http://h:2/"\n[addresses]\ngateway = "http://h:3"\n'
)
SEVERAL = """[[start]]
service = "owl"
url = "http://h:2/"
arguments = ["--host=h"]
config = "owl.yaml"
[[start]]
service = "lark"
url = "http://h:1"
timeout_s = 5
"""


def loaded(folder: Path, text: str) -> Deployment:
    path = folder / "d.toml"
    path.write_text(text, encoding="utf-8")
    return deployments.load(path)


def test_one_service_is_started_at_the_target_in_either_form(tmp_path: Path) -> None:
    for form in ("[start]", "[[start]]"):
        found = loaded(tmp_path, f'target = "http://h:1"\n{form}\nservice = "lark"')
        assert (found.start, found.beside) == (ServiceStart("lark", url="http://h:1"), ())


def test_of_several_the_one_at_the_target_is_its_service_and_the_others_stand_beside(tmp_path: Path) -> None:
    found = loaded(tmp_path, ROLES + SEVERAL)
    lark = ServiceStart("lark", timeout_s=5.0, url="http://h:1")
    owl = ServiceStart("owl", ("--host=h", f"--config={tmp_path / 'owl.yaml'}"), url="http://h:2")
    assert (found.start, found.beside) == (lark, (owl,))
    assert found.starts == (lark, owl)


def test_seen_as_one_of_several_services_its_own_start_is_the_one_for_cold_starts(tmp_path: Path) -> None:
    found = loaded(tmp_path, ROLES + SEVERAL)
    owl = found.of_service("owl")
    assert owl.start is not None
    assert owl.start.service == "owl"
    assert [start.service for start in owl.beside] == ["lark"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SEVERAL.replace('url = "http://h:1"\n', ""), "lark has no url"),
        (SEVERAL.replace("h:2/", "h:1"), "two services of .* have the url http://h:1"),
        (SEVERAL.replace('"http://h:1"', '"h:1"'), "is not an http"),
        (SEVERAL.replace('"owl.yaml"', "7"), "config must be the path"),
        (SEVERAL + 'volume = "loud"\n', "unknown key 'volume'"),
        ('[api_keys]\nwren = "A_KEY"\n', "'wren' is no service or role"),
        ("[api_keys]\nowl = 7\n", "must be a text"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_key_at_fault(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises((DeploymentUnreadable, UsageError), match=problem):
        loaded(tmp_path, ROLES + text)


def test_a_list_of_names_is_no_list_of_services(tmp_path: Path) -> None:
    with pytest.raises(DeploymentUnreadable, match="start must be a table"):
        loaded(tmp_path, 'target = "http://h:1"\nstart = ["lark"]')


KEYS = '[api_keys]\nowl = "OWL_KEY"\ngateway = "GATE_KEY"\n'


def test_each_key_goes_to_the_origin_that_it_is_named_for_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWL_KEY", "willow-17")
    monkeypatch.setenv("GATE_KEY", "maple-18")
    found = loaded(tmp_path, ROLES + KEYS)
    assert found.headers("http://h:2/v1") == {"Authorization": "Bearer willow-17"}
    assert found.headers("http://h:3/v1") == {"Authorization": "Bearer maple-18"}
    assert found.headers("http://h:1/v1") == found.headers("http://h:4/v1") == {}
    assert set(found.keys) == {"willow-17", "maple-18"}
    assert found.of_service("owl").headers("http://h:2/v1") == {"Authorization": "Bearer willow-17"}
    assert found.of_service("lark").headers("http://h:1/v1") == {}


def test_what_is_started_together_gets_one_key_where_none_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWL_KEY", "")
    monkeypatch.setenv("GATE_KEY", "maple-18")
    assert own_service.give_key(loaded(tmp_path, ROLES + KEYS)) == ()
    assert own_service.give_key(loaded(tmp_path, ROLES + KEYS + SEVERAL)) == ("OWL_KEY",)
    assert len(os.environ["OWL_KEY"]) >= 24
    assert os.environ["GATE_KEY"] == "maple-18", "what somebody set is theirs"
