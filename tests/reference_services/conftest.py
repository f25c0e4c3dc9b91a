"""Real services on loopback addresses of their own, on free ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.reference_services.chat.stores.store_servers import start_server
from tests.reference_services.gateway_process import Gateway, Replica
from tests.reference_services.running import Running, Start, start_service


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts services that end with the test."""
    started: list[Running] = []

    def one(*arguments: str, **options: Any) -> Running:
        started.append(start_service(*arguments, **options))
        return started[-1]

    yield one
    for each in started:
        each.stop()


@pytest.fixture(scope="module")
def hermes() -> Iterator[Running]:
    """A sound service without pauses, shared by the tests of a module."""
    running = start_service()
    yield running
    assert running.stop() == 0


@pytest.fixture
def replica() -> Iterator[Callable[..., Any]]:
    """Starts replicas that a test scripts."""
    started: list[Replica] = []

    def one(port: int = 0) -> Replica:
        started.append(Replica(port))
        return started[-1]

    yield one
    for each in started:
        each.stop()


@pytest.fixture(scope="module")
def gateways() -> Iterator[dict[tuple[str, ...], Any]]:
    """The gateways that run, by their arguments; one that ran on would go on looking for its replicas all the time."""
    running: dict[tuple[str, ...], Any] = {}
    yield running
    for each in running.values():
        assert each.stop() == 0


@pytest.fixture
def gateway(gateways: dict[tuple[str, ...], Any], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """A gateway with this configuration and these arguments: one that runs takes the configuration while it does."""

    def one(configuration: dict[str, Any], *arguments: str, key: str = "") -> Gateway:
        if arguments not in gateways:
            file = tmp_path_factory.mktemp("gateway") / "gateway.yaml"
            gateways[arguments] = Gateway(file, configuration, *arguments)
        gateways[arguments].use(configuration, key)
        return gateways[arguments]

    return one


@pytest.fixture(scope="session")
def store_servers() -> Iterator[Callable[[str], Any]]:
    """Servers that keep turns, `redis` or `postgresql`, each started when the first test asks for it."""
    running: dict[str, Any] = {}

    def one(kind: str) -> Any:
        if kind not in running:
            running[kind] = start_server(kind)
        return running[kind]

    yield one
    for each in running.values():
        each.remove()
