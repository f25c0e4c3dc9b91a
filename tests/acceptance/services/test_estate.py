"""The estate as a process, from the outside: one page of addresses, and nothing left behind however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml

from signoff.acceptance import deployment as deployments
from signoff.acceptance.commands.runs import serve
from signoff.acceptance.errors import UsageError
from signoff.acceptance.services import estate
from signoff.acceptance.services.services_of_run import SHIPPED_GATEWAY, in_front_of
from tests.reference_services.operations.test_serve_command import parsed

ROOT = Path(__file__).parents[3]
PROGRAM = (
    "import sys\nfrom pathlib import Path\n"
    "from signoff.acceptance.services import estate\nfrom signoff.acceptance.commands import main\n"
    "estate.FILE = Path(sys.argv.pop(1))\nsys.exit(main(sys.argv[1:]))\n"
)
PHI, OTHER_PHI, FRONT, SWITCH = (f"http://127.0.0.{host}" for host in ("31:21431", "32:21431", "33:21433", "34:21434"))


def small(folder: Path, **extra: str) -> Path:
    """An estate of two replicas, a gateway and Switch; `extra` are further arguments of a service."""
    started = [("phi-3-mini", PHI), ("phi-3-mini", OTHER_PHI), ("gateway", FRONT), ("switch", SWITCH)]
    text = f'target = "{PHI}"\n[services]\nswitch = "{SWITCH}"\n[addresses]\ngateway = "{FRONT}"\n'
    text += 'graphql = "http://127.0.0.35:7"\n[api_keys]\nswitch = "VX11_TOKEN"\n'
    for service, url in started:
        host, port = url.removeprefix("http://").split(":")
        arguments = [f"--host={host}", f"--port={port}", *([extra[service]] if service in extra else [])]
        text += f'[[start]]\nservice = "{service}"\nurl = "{url}"\narguments = {json.dumps(arguments)}\n'
    path = folder / "estate.toml"
    path.write_text(text, encoding="utf-8")
    return path


class Running:
    """`signoff serve --all` over an estate file, with what it says."""

    def __init__(self, file: Path, *arguments: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        environment.pop("VX11_TOKEN", None)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", PROGRAM, str(file), "serve", "--all", *arguments],
            cwd=file.parent,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def listing(self) -> dict[str, Any]:
        """The addresses, once all is up."""
        assert self.process.stdout is not None
        text = ""
        for line in self.process.stdout:
            text += line
            if line == "}\n":
                return dict(json.loads(text))
        raise AssertionError(self.process.communicate()[1])

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    found = Running(small(tmp_path), "--json=-")
    yield found
    found.end()


def gone(process_ids: list[int]) -> bool:
    """Whether all of them end; only a broken promise is waited for as long as this."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not any(psutil.pid_exists(each) for each in process_ids):
            return True
        time.sleep(0.05)
    return False


def test_one_command_brings_all_up_and_ctrl_c_leaves_nothing_behind(running: Running) -> None:
    listing = running.listing()
    assert [(each["service"], each["url"]) for each in listing["services"]] == [
        ("phi-3-mini", PHI),
        ("phi-3-mini", OTHER_PHI),
        ("gateway", FRONT),
        ("switch", SWITCH),
    ]
    assert listing["addresses"] == {"graphql": "http://127.0.0.35:7"}
    process_ids = [each["process_id"] for each in listing["services"]]
    assert len(set(process_ids)) == 4
    services = httpx.get(f"{FRONT}/services", trust_env=False).text
    assert PHI in services
    assert OTHER_PHI in services
    token = listing["services"][3]["key"]
    assert listing["services"][3]["key_variable"] == "VX11_TOKEN"
    assert len(token) >= 24
    assert [each["key"] for each in listing["services"][:3]] == [None] * 3
    for sent, is_refused in ((token, False), ("another", True)):
        answer = httpx.post(
            f"{SWITCH}/switch/infer",
            headers={"X-VX11-Token": sent},
            json={"prompt": "Greet."},
            trust_env=False,
            timeout=60,
        )
        assert (answer.status_code == 401) is is_refused, answer.text
    running.process.send_signal(signal.SIGINT)
    _, said = running.process.communicate(timeout=60)
    assert running.process.returncode == 0, said
    assert token not in said
    assert gone(process_ids)


def test_killed_it_takes_its_services_along(running: Running) -> None:
    process_ids = [each["process_id"] for each in running.listing()["services"]]
    running.process.kill()
    assert gone(process_ids)


def test_a_service_that_ends_takes_the_estate_down_and_is_named(running: Running) -> None:
    listing = running.listing()
    process_ids = [each["process_id"] for each in listing["services"]]
    os.kill(process_ids[2], signal.SIGKILL)
    _, said = running.process.communicate(timeout=60)
    assert running.process.returncode == 3
    assert f"gateway at {FRONT} ended with exit code -9" in said
    assert gone(process_ids)


@pytest.mark.parametrize(("service", "argument", "code"), [("switch", "--port=0", 4), ("gateway", "--port=1", 3)])
def test_one_that_does_not_start_is_named_with_its_reason_and_the_others_are_stopped(
    service: str, argument: str, code: int, tmp_path: Path, taken_port: Callable[[str], int]
) -> None:
    if service == "gateway":
        # Its port is free where the estate says that it listens, and taken where it really does.
        argument = f"--host=127.0.0.36 --port={taken_port('127.0.0.36')}"
    file = small(tmp_path)
    text = file.read_text(encoding="utf-8")
    begin = text.index(f'service = "{service}"')
    before, after = text[:begin], text[begin:]
    after = after.replace('"]', '", ' + ", ".join(json.dumps(each) for each in argument.split()) + "]", 1)
    file.write_text(before + after, encoding="utf-8")
    started = Running(file)
    shown, said = started.process.communicate(timeout=90)
    assert (started.process.returncode, shown) == (code, ""), said
    assert f"{service} ended with exit code {code}" in said
    assert nothing_listens(PHI, OTHER_PHI, FRONT, SWITCH)


def test_a_port_that_is_taken_is_named_with_who_holds_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.33", 21433))
        other.listen()
        started = Running(small(tmp_path))
        _, said = started.process.communicate(timeout=90)
    assert started.process.returncode == 3
    assert f"127.0.0.33:21433 is taken by process {os.getpid()}" in said
    assert nothing_listens(PHI, OTHER_PHI, SWITCH)


@pytest.fixture
def taken_port() -> Iterator[Callable[[str], int]]:
    """A port of an address at which something listens until the test is over."""
    with contextlib.ExitStack() as held:

        def taken(host: str) -> int:
            other = held.enter_context(socket.socket())
            other.bind((host, 0))
            other.listen()
            return int(other.getsockname()[1])

        yield taken


def nothing_listens(*urls: str) -> bool:
    for url in urls:
        host, port = url.removeprefix("http://").split(":")
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return False
    return True


def test_the_shipped_estate_has_every_service_and_each_document_port_on_an_address_of_its_own() -> None:
    shipped = deployments.load(estate.FILE)
    assert {start.service for start in shipped.starts} == set(serve.SERVICES)
    hosts = [start.url.removeprefix("http://").split(":")[0] for start in shipped.starts]
    assert len(set(hosts)) == len(hosts)
    assert all(f"--host={host}" in start.arguments for host, start in zip(hosts, shipped.starts, strict=True))
    of_documents = deployments.load(ROOT / "fixtures/deployments/0.2-ai-model-services.toml")
    assert dict(of_documents.services).items() <= dict(shipped.services).items()
    switch = deployments.load(ROOT / "fixtures/deployments/4b-switch-hermes.toml")
    assert shipped.services["switch"] == switch.target


def test_the_gateway_is_told_of_the_replicas_that_there_are_and_of_no_other() -> None:
    shipped = yaml.safe_load(SHIPPED_GATEWAY.read_text(encoding="utf-8"))
    made = in_front_of(
        [("mixtral-8x7b", "http://a:1"), ("phi-3-mini", "http://c:3"), ("mixtral-8x7b", "http://b:2")], shipped
    )
    assert made is not None
    assert {name: entry["replicas"] for name, entry in made["services"].items()} == {
        "mixtral": ["http://a:1", "http://b:2"],
        "phi": ["http://c:3"],
    }
    assert "fallback" in shipped["services"]["mixtral"]
    assert "fallback" not in made["services"]["mixtral"], "its fallback is not there"
    assert in_front_of([("switch", "http://a:1")], shipped) is None


@pytest.mark.parametrize("arguments", [("hermes-2", "--all"), ("--all", "--fault=slow"), ("hermes-2", "--json=-")])
def test_what_belongs_to_one_service_does_not_go_with_all(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        serve.run(parsed(*arguments))
