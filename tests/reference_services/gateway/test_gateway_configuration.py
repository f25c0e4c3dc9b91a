"""The configuration of a gateway: each problem with its place, and nothing taken that is not meant."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from signoff.reference_services.gateway.__main__ import main
from signoff.reference_services.gateway.settings.configuration_file import SHIPPED, read
from signoff.reference_services.web.settings.settings_problems import SettingsError

SOUND = "services:\n  tin:\n    replicas: [http://127.0.0.1:9001]\n"


def problems(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "gateway.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read(file)
    return [each.replace(f"{file}:", "") for each in caught.value.problems]


def test_the_shipped_configuration_names_the_four_services() -> None:
    shipped = read(SHIPPED)
    assert list(shipped.services) == ["mixtral", "hermes", "openchat", "phi"]
    assert (shipped.gateway.host, shipped.gateway.port) == ("127.0.0.1", 8000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            SOUND + "probes: {intervall_seconds: 2}\n",
            "4:29: probes.intervall_seconds: no such setting; did you mean interval_s",
        ),
        (SOUND + "queue: {length: -1}\n", "4:17: queue.length: Input should be greater than or equal to 0"),
        (SOUND + "breaker: {failures: true}\n", "4:21: breaker.failures: Input should be a valid integer"),
        (SOUND + "breaker: {open_seconds: .nan}\n", "4:25: breaker.open_seconds: Input should be"),
        (SOUND + "queue: {}\nqueue: {}\n", "5:1: queue is stated twice"),
        (SOUND.replace("9001", "9001/ä"), "3:16: services.tin.replicas.0.url: a replica is an address such as"),
        (SOUND.replace("[http", '["http').replace("9001]", '9001/\\r\\nX: y"]'), "a replica is an address such as"),
        (SOUND.replace("http:", "ftp:"), "3:16: services.tin.replicas.0.url: a replica is an address such as"),
        (SOUND.replace("127", "u:secret@127"), "3:16: services.tin.replicas.0.url: an address holds no user"),
        (SOUND.replace("[http://127.0.0.1:9001]", "[]"), "3:15: services.tin.replicas: "),
        (SOUND.replace("tin:", "tin:\n    fallback: zinc"), "services.tin.fallback: 'zinc' is not another service"),
        (SOUND.replace("9001", "9001, http://127.0.0.1:9001"), "the address http://127.0.0.1:9001 is stated twice"),
        (
            SOUND + "security: {tls_key: a.pem}\n",
            "4:11: security: tls_certificate and tls_key go together: name both, or neither",
        ),
        (SOUND + "security: {rate_limit: often}\n", "4:24: security.rate_limit: limits are such as 20/second"),
        (SOUND + "upstream: {key: mine}\n", "4:17: upstream.key: Input should be 'callers', 'own' or 'none'"),
        (SOUND + "    paths: {/v1/x: /y}\n", "/v1/x would hide what the gateway answers itself"),
        (SOUND + "    paths: {/tin/: /y}\n", "paths: /tin/ and /y: both end with a slash, or neither"),
        (SOUND + "    paths: {/tin/../x: /y}\n", "a path begins with / and holds no query"),
        ("- services\n", "1: sections are expected: gateway, services"),
        ("services: [\n", "2:1: not YAML"),
        ("", "1: sections are expected"),
    ],
)
def test_a_problem_is_told_with_its_place(text: str, expected: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, text)
    assert expected in problem
    assert "secret" not in problem


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    assert len(problems(tmp_path, SOUND + "queue: {length: x}\nbreaker: {failures: 0}\nhost: here\n")) == 3


def test_a_model_belongs_to_one_service(tmp_path: Path) -> None:
    text = "services:\n" + "".join(
        f"  {name}: {{models: [tin-1], replicas: ['http://127.0.0.1:{port}']}}\n" for name, port in (("a", 1), ("b", 2))
    )
    assert "services.b.models: 'tin-1' is a model of a already" in problems(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--port=0"], "--port: "),
        (["--port=x"], "--port: "),
        (["--config=/nowhere/gateway.yaml"], "/nowhere/gateway.yaml: No such file"),
        (["--config={empty}"], "services: none is configured, and none can announce itself without security.admin_key"),
        (["--config={own}"], "upstream.key = 'own': 0 keys are given; name one in upstream.key_file"),
        (["--config={short}"], "short.txt: key 1 is not 8 or more visible ASCII characters"),
        (
            ["--config={tls}"],
            "tls_certificate = '/nowhere.pem', tls_key = '/nowhere.key': cannot be used: No such file",
        ),
        (["--config={ca}"], "upstream.ca_file = '/nowhere.pem': cannot be used: No such file"),
        (["--fault=tired"], "there is no fault 'tired'; there are sticks_to_one_replica"),
        (["--fault=never_opens", "--host=0.0.0.0"], "listens on loopback only"),
    ],
)
def test_what_a_user_gets_wrong_ends_with_4_and_a_sentence(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    keys = tmp_path / "short.txt"
    keys.write_text("seven77\n", encoding="utf-8")
    files = {
        "empty": "{}",
        "own": SOUND + "upstream: {key: own}\n",
        "short": SOUND + f"security: {{api_key_file: {keys}}}\n",
        "tls": SOUND + "security: {tls_certificate: /nowhere.pem, tls_key: /nowhere.key}\n",
        "ca": SOUND + "upstream: {ca_file: /nowhere.pem}\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    places = {name: str(tmp_path / name) for name in files}
    assert main([each.format(**places) for each in arguments]) == 4
    assert expected in capsys.readouterr().err


def test_the_variables_of_the_environment_file_say_where_it_listens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("API_GATEWAY_HOST", "127.0.0.26")
    monkeypatch.setenv("API_GATEWAY_PORT", "eight")
    assert main([]) == 4
    assert "variable API_GATEWAY_PORT: " in capsys.readouterr().err
    with socket.create_server(("127.0.0.26", 0)) as taken:
        monkeypatch.setenv("API_GATEWAY_PORT", str(taken.getsockname()[1]))
        assert main([]) == 3
    assert f"port {os.environ['API_GATEWAY_PORT']} on 127.0.0.26 is in use" in capsys.readouterr().err
