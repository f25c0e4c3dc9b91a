"""Services that announce themselves: taken in for a lease, probed first, renewed, withdrawn, and forgotten."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from signoff.reference_services.gateway.announce.__main__ import main
from signoff.reference_services.gateway.services.directory import Directory
from signoff.reference_services.gateway.services.metrics import Metrics
from signoff.reference_services.gateway.services.registrations import Announcement, Registrations
from signoff.reference_services.gateway.settings.configuration import Configuration
from signoff.reference_services.web.access.failures import Refused
from tests.reference_services.gateway_process import MODEL, Gateway, configuration, until
from tests.reference_services.running import ROOT, environment

CALLER, ADMIN = "sk-caller-1234", "sk-admin-12345"
AS_ADMIN = {"Authorization": f"Bearer {ADMIN}"}


@pytest.fixture
def guarded(gateway, tmp_path):
    """A gateway that knows one caller and one admin."""

    def one(configured: dict[str, Any], **security: str) -> Gateway:
        for name, key in (("api_key_file", CALLER), ("admin_key_file", ADMIN)):
            file = tmp_path / f"{name}.txt"
            file.write_text(f"# a key\n{key}\n", encoding="utf-8")
            security.setdefault(name, str(file))
        return gateway({**configured, "security": security}, key=CALLER)

    return one


def announce(front: Gateway, **fields: Any) -> httpx.Response:
    return front.client.post("/services", json=fields, headers=AS_ADMIN)


def place(front: Gateway, service: str, replica: str, method: str, **more: Any) -> httpx.Response:
    return front.client.request(method, f"/services/{service}/replicas/{replica}", headers=AS_ADMIN, **more)


def test_a_service_announces_itself_is_asked_renews_and_withdraws(guarded, replica) -> None:
    tin, zinc = replica(), replica()
    zinc.models = ["zinc-1"]
    front = guarded(configuration(tin))
    answer = announce(front, service="zinc", address=zinc.url, lease_seconds=120)
    assert (answer.status_code, answer.json()["status"], answer.json()["lease_seconds"]) == (201, "healthy", 120)
    assert front.chat("zinc-1").headers["x-served-by"] == zinc.name
    shown = front.replica(zinc.name)
    assert (shown["source"], front.replica(tin.name)["source"]) == ("announced", "configured")
    assert shown["expires_at"] >= answer.json()["expires_at"][:10]
    assert "zinc-1" in [each["id"] for each in front.get("/v1/models")["data"]]
    renewed = place(front, "zinc", zinc.name, "PUT")
    assert renewed.status_code == 200
    assert renewed.json()["expires_at"] >= answer.json()["expires_at"]
    assert announce(front, service="zinc", address=zinc.url).status_code == 200
    # A configuration that is read again knows nothing of it, and it stays.
    front.use({**configuration(tin), "security": json.loads(front.file.read_text())["security"]}, CALLER)
    assert front.chat("zinc-1").status_code == 200
    assert place(front, "zinc", zinc.name, "DELETE").status_code == 204
    assert front.chat("zinc-1").status_code == 404
    assert place(front, "zinc", zinc.name, "DELETE").status_code == 404
    assert place(front, "zinc", zinc.name, "PUT").status_code == 404


def test_a_replica_joins_a_configured_service_and_goes_when_its_lease_ends(guarded, replica) -> None:
    tin, more = replica(), replica()
    front = guarded(configuration(tin))
    assert announce(front, service="tin", address=more.url, replica="more", lease_seconds=0.5).status_code == 201
    assert {front.chat().headers["x-served-by"] for _ in range(4)} == {tin.name, "more"}
    until(lambda: len(front.replicas()) == 1, "the lease has ended")
    assert {front.chat().headers["x-served-by"] for _ in range(4)} == {tin.name}
    assert front.moved("gateway_announcements_total", result="expired") == 1
    assert place(front, "tin", "more", "PUT").status_code == 404


def test_whoever_announces_itself_and_cannot_be_reached_is_sent_nothing(guarded, replica) -> None:
    tin, gone = replica(), replica()
    gone.stop()
    front = guarded(configuration(tin))
    answer = announce(front, service="tin", address=gone.url)
    assert (answer.status_code, answer.json()["status"]) == (201, "down")
    assert {front.chat().headers["x-served-by"] for _ in range(4)} == {tin.name}
    assert front.moved("gateway_upstream_errors_total") == 0
    assert place(front, "tin", gone.name, "DELETE").status_code == 204


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"service": "zinc", "address": "http://127.0.0.1:9", "models": [MODEL]}, 409, "is a model of tin"),
        ({"service": "tin", "address": "http://127.0.0.1:9", "models": ["zinc-1"]}, 409, "tin serves tin-1"),
        ({"service": "tin", "address": "http://127.0.0.1:9", "replica": "one"}, 409, "another replica"),
        ({"service": "zinc", "address": "http://u:secret@127.0.0.1:9"}, 400, "holds no user"),
        ({"service": "zinc", "address": "ftp://127.0.0.1:9"}, 400, "a replica is an address such as"),
        ({"service": "zi nc", "address": "http://127.0.0.1:9"}, 400, "service"),
        ({"service": "zinc"}, 400, "address"),
        ({"service": "zinc", "address": "http://127.0.0.1:9", "port": 9}, 400, "port"),
        ({"service": "zinc", "address": "http://127.0.0.1:9", "lease_seconds": -1}, 400, "lease_seconds"),
    ],
)
def test_an_announcement_that_contradicts_what_is_there_is_refused(
    guarded, replica, fields: dict[str, Any], status: int, said: str
) -> None:
    tin = replica()
    configured = configuration(tin)
    configured["services"]["tin"]["replicas"] = [{"url": tin.url, "name": "one"}]
    front = guarded(configured)
    answer = announce(front, **fields)
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]
    assert "secret" not in answer.text
    assert [each["name"] for each in front.replicas()] == ["one"]


def test_callers_announce_nothing_and_admins_ask_no_model(guarded, replica) -> None:
    tin = replica()
    front = guarded(configuration(tin))
    announcement = {"service": "zinc", "address": tin.url}
    assert front.client.post("/services", json=announcement).status_code == 401
    assert front.client.put(f"/services/tin/replicas/{tin.name}").status_code == 401
    assert front.chat(headers=AS_ADMIN).status_code == 401
    assert front.client.get("/services", headers=AS_ADMIN).status_code == 200
    assert front.client.get("/v1/models", headers=AS_ADMIN).status_code == 401
    assert tin.count == 0


def test_without_an_admins_key_nobody_announces(gateway, replica) -> None:
    tin = replica()
    answer = gateway(configuration(tin)).client.post("/services", json={"service": "zinc", "address": tin.url})
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "announcing_is_off")


def test_the_announcer_announces_renews_and_withdraws_when_it_is_stopped(guarded, replica) -> None:
    tin, zinc = replica(), replica()
    front = guarded(configuration(tin))
    process = subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "signoff.reference_services.gateway.announce",
            f"--gateway={front.url}",
            "--service=zinc",
            f"--address={zinc.url}",
            "--model=zinc-1",
            "--lease-seconds=0.6",
        ],
        env=environment(PYTHONPATH=str(ROOT / "src"), GATEWAY_ADMIN_KEYS=ADMIN),
        stderr=subprocess.PIPE,
    )
    try:
        until(lambda: front.moved("gateway_announcements_total", result="renewed") >= 4, "it renews")
        assert front.chat("zinc-1").headers["x-served-by"] == zinc.name
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert ADMIN not in errors.decode()
    assert front.chat("zinc-1").status_code == 404
    assert front.moved("gateway_announcements_total", result="withdrawn") == 1


@pytest.mark.parametrize(
    ("key", "code", "said"),
    [("sk-wrong-1234", 4, "401"), ("", 4, "0 keys are given"), (ADMIN, 4, "409")],
)
def test_the_announcer_says_why_the_gateway_will_not_have_it(
    guarded, replica, key: str, code: int, said: str, monkeypatch, capsys
) -> None:
    front = guarded(configuration(replica()))
    if key:
        monkeypatch.setenv("GATEWAY_ADMIN_KEYS", key)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    arguments = [f"--gateway={front.url}", "--service=zinc", "--address=http://127.0.0.1:9", f"--model={MODEL}"]
    try:
        assert main(arguments) == code
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert said in capsys.readouterr().err


def test_the_announcer_gives_up_where_no_gateway_is(monkeypatch, capsys) -> None:
    monkeypatch.setenv("GATEWAY_ADMIN_KEYS", ADMIN)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    where = ["--gateway=http://127.0.0.1:9", "--service=zinc", "--address=http://127.0.0.1:9", "--patience-seconds=-1"]
    try:
        assert main(where) == 3
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert "http://127.0.0.1:9" in capsys.readouterr().err


class Leases(RuleBasedStateMachine):
    """Announcements against a dictionary of what has to hold."""

    def __init__(self) -> None:
        super().__init__()
        configured = {
            "services": {"tin": {"models": ["tin-1"], "replicas": ["http://127.0.0.1:1"]}},
            "leases": {"most": 3},
        }
        self.directory = Directory(Configuration.model_validate(configured), lambda replica, state: None)
        self.now = 0.0
        self.registrations = Registrations(self.directory, Metrics(), lambda: self.now)
        self.holds: dict[tuple[str, str], float] = {}

    @rule(service=st.sampled_from(["tin", "zinc"]), name=st.sampled_from(["a", "b", "c"]), lease_s=st.floats(1, 50))
    def announce(self, service: str, name: str, lease_s: float) -> None:
        announcement = Announcement(
            service=service, address=f"http://127.0.0.2:{ord(name)}", replica=name, lease_seconds=lease_s
        )
        try:
            _, is_new = self.registrations.announce(announcement)
        except Refused:
            assert (len(self.holds), (service, name) in self.holds) == (3, False)
            return
        assert is_new == ((service, name) not in self.holds)
        self.holds[service, name] = self.now + lease_s

    @rule(seconds=st.floats(0, 30))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.registrations.expire()
        self.holds = {key: end for key, end in self.holds.items() if end > self.now}

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.holds)))
        self.registrations.withdraw(*key)
        del self.holds[key]

    @rule(service=st.sampled_from(["tin", "zinc"]), name=st.sampled_from(["a", "b", "c"]))
    def renew(self, service: str, name: str) -> None:
        try:
            held = self.registrations.renew(service, name)
        except Refused:
            assert (service, name) not in self.holds
            return
        self.holds[service, name] = self.now + held.lease_s

    @invariant()
    def the_directory_has_what_holds_and_what_is_configured(self) -> None:
        there = {(each.service, each.name) for each in self.directory.replicas()}
        assert there == {("tin", "127.0.0.1:1"), *self.holds}
        assert set(self.directory.services) == {"tin", *(service for service, _ in self.holds)}


TestLeases = Leases.TestCase
TestLeases.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
