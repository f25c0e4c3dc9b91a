"""Deployment files: what is refused, where an address leads, which files may be opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.errors import DeploymentUnreadable, NotMeasurable, UsageError
from signoff.acceptance.services import service as own_service

PRIMARY = "192.168.10.29:11401"


def written(folder: Path, text: str) -> Path:
    path = folder / "deployment.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no target"),
        ('target = "http://127.0.0.1:1"\ntraget = "x"', "unknown key 'traget'"),
        ('target = "127.0.0.1:11401"', "is not an http"),
        ('target = "ftp://127.0.0.1"', "is not an http"),
        ('target = "http://127.0.0.1:99999"', "is not an http"),
        ("target = 7", "must be a str"),
        ('target = "http://h:1"\napi_key_header = "X Key"', "no name of a header"),
        ('target = "http://h:1"\napi_key_header = ""', "no name of a header"),
        ('target = "http://[::1"', "is not an http"),
        ('target = "http://h:1/?x=1"', "a query or a fragment"),
        ('target = "http://h:1"\n[addresses]\n"a:1" = "http://h:99999"', "is not an http"),
        ('target = "http://h:1"\n[start]\nservice = "x"\ntimeout_s = "abc"', "a number above zero"),
        ('target = "http://h:1"\n[library]\npaths = "lib"', "must be a list of texts"),
        ('target = "http://h:1"\n[library]\npython = 3', "must be a text"),
        ('target = "http://h:1"\n[start]\narguments = []', "names no service"),
        ('target = "http://h:1"\n[start]\nservice = "x"\nport = 1', "unknown key 'port'"),
        ('target = "http://h:1"\n[start]\nservice = "x"\narguments = "--fault slow"', "must be a list"),
        ('target = "http://h:1"\n[library]\ninterpreter = "x"', "unknown key 'interpreter'"),
        ('target = "http://h:1"\n[out_of_reach]\nmodel_files = ""', "must be a text"),
        ('target = "http://h:1"\n[addresses', "deployment.toml"),
    ],
)
def test_a_wrong_deployment_file_is_refused_by_name(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UsageError) as raised:
        deployments.load(written(tmp_path, text))
    assert complaint in str(raised.value)
    assert str(tmp_path) in str(raised.value)
    assert raised.value.exit_code == 4


def test_a_missing_deployment_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeploymentUnreadable, match="no such deployment file"):
        deployments.load(tmp_path / "absent.toml")


def test_traffic_goes_to_named_addresses_only(tmp_path: Path) -> None:
    deployment = deployments.load(
        written(tmp_path, 'target = "http://a:1"\n[addresses]\n"192.168.10.29:11402" = "http://b:2/"')
    )
    assert deployment.url(PRIMARY, PRIMARY) == ("http://a:1", "")
    assert deployment.url(None, PRIMARY) == ("http://a:1", "")
    assert deployment.url("192.168.10.29:11402", PRIMARY) == ("http://b:2", "")
    with pytest.raises(NotMeasurable, match="does not name"):
        deployment.url("192.168.10.37:9090", PRIMARY)


def test_with_a_target_alone_another_port_of_its_host_is_asked_at_the_target_and_that_is_said() -> None:
    deployment = deployments.from_target("http://127.0.0.1:11401/")
    url, assumption = deployment.url("192.168.10.29:11402", PRIMARY)
    assert url == "http://127.0.0.1:11401"
    assert "192.168.10.29:11402 was not named" in assumption
    with pytest.raises(NotMeasurable):
        deployment.url("192.168.10.30:11402", PRIMARY)


def test_files_come_only_from_named_folders(tmp_path: Path) -> None:
    deployment = deployments.load(written(tmp_path, 'target = "http://a:1"\n[files]\n"/opt/models" = "models"'))
    assert deployment.file("/opt/models/m/x.gguf") == (tmp_path / "models/m/x.gguf").resolve()
    for path in ("/etc/passwd", "/opt/models-of-others/x", "/opt/models/../../../etc/passwd"):
        with pytest.raises(NotMeasurable):
            deployment.file(path)


def test_a_key_goes_to_its_own_origin_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", "k-123")
    deployment = deployments.from_target("http://127.0.0.1:11401", "OUR_KEY")
    assert deployment.headers("http://127.0.0.1:11401/v1/models") == {"Authorization": "Bearer k-123"}
    for other in ("http://127.0.0.1:11402/", "https://127.0.0.1:11401/", "http://127.0.0.2:11401/"):
        assert deployment.headers(other) == {}


def test_a_name_and_password_in_the_address_are_refused_without_repeating_them() -> None:
    with pytest.raises(UsageError) as raised:
        deployments.from_target("http://user:pa55word@127.0.0.1:1")
    assert "pa55word" not in str(raised.value)


@pytest.mark.parametrize("key", ["a\nb", "schlüssel", "k\x00"])
def test_a_key_that_no_header_can_carry_is_refused_without_repeating_it(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.environ", {"OUR_KEY": key})
    with pytest.raises(UsageError) as raised:
        deployments.from_target("http://127.0.0.1:1", "OUR_KEY").headers("http://127.0.0.1:1/")
    assert key not in str(raised.value)


def test_a_key_with_a_newline_behind_it_is_taken_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", "k-1\n")
    found = deployments.from_target("http://127.0.0.1:1", "OUR_KEY").headers("http://127.0.0.1:1/")
    assert found == {"Authorization": "Bearer k-1"}


def test_an_empty_key_variable_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OUR_KEY", raising=False)
    with pytest.raises(UsageError, match="OUR_KEY is empty or not set"):
        deployments.from_target("http://127.0.0.1:1", "OUR_KEY").headers("http://127.0.0.1:1/")


def test_a_key_goes_to_the_targets_origin_alone_in_the_header_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", "willow-17")
    text = 'target = "http://h:1"\napi_key_env = "A_KEY"\n'
    own = deployments.load(written(tmp_path, text + 'api_key_header = "X-Own"'))
    assert own.headers("http://h:1/path") == {"X-Own": "willow-17"}
    assert own.headers("http://h:2/path") == {}
    for header in ("", 'api_key_header = "authorization"'):
        usual = deployments.load(written(tmp_path, text + header))
        assert usual.headers("http://h:1") == {"Authorization": "Bearer willow-17"}


def test_a_service_that_the_run_starts_gets_a_key_where_nobody_set_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = 'target = "http://h:1"\napi_key_env = "A_KEY"\n'
    # Set first, so that what the run makes up is taken back after the test.
    monkeypatch.setenv("A_KEY", "")
    own_service.give_key(deployments.load(written(tmp_path, text)))
    assert os.environ["A_KEY"] == "", "a service that is there already has a key of its own"
    started = deployments.load(written(tmp_path, text + '[start]\nservice = "switch"'))
    own_service.give_key(started)
    made = os.environ["A_KEY"]
    assert len(made) >= 24
    own_service.give_key(started)
    assert os.environ["A_KEY"] == made


def test_a_websocket_has_an_address_of_its_own_scheme(tmp_path: Path) -> None:
    deployment = deployments.load(
        written(tmp_path, 'target = "http://a:1"\n[addresses]\nwebsocket = "ws://b:2/stream"')
    )
    assert deployment.role_url("websocket", "/x") == ("ws://b:2/stream", True)
    with pytest.raises(UsageError, match="is not an http"):
        deployments.load(written(tmp_path, 'target = "http://a:1"\n[addresses]\ngateway = "ws://b:2"'))


def test_all_mistakes_of_a_deployment_file_are_reported_at_once_with_their_lines(tmp_path: Path) -> None:
    text = (
        'target = 7\ntraget = "x"\n[start]\nservice = "x"\ntimeout_s = "abc"\narguments = ["a", 3]\n'
        '[library]\ncalls = [\n  "a",\n]\n[api_keys]\nowl = "A_KEY"\n'
    )
    with pytest.raises(DeploymentUnreadable) as raised:
        deployments.load(written(tmp_path, text))
    lines = str(raised.value).splitlines()
    assert [line.split(".toml:")[1].split(":")[0] for line in lines] == ["1", "2", "5", "6", "8", "12"]
    assert "arguments[1] must be a text, not 3" in lines[3]
