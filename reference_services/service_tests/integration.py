"""A model service as a process, with its neighbours: its store, Prometheus's format, a gateway."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from signoff.reference_services.service_tests.named_service import NamedService
from signoff.reference_services.service_tests.running import Process, gateway, model_service

OK, NOT_FOUND = 200, 404


def requests_total(running: Process, service: NamedService) -> float:
    """Chats that ended well, as its metrics count them."""
    families = text_string_to_metric_families(running.ask("GET", "/metrics").text)
    wanted = {"endpoint": "/v1/chat/completions", "outcome": "ok"}
    samples = (sample for family in families for sample in family.samples)
    return sum(s.value for s in samples if s.name == f"{service.module}_requests_total" and s.labels == wanted)


def test_it_is_healthy_and_ready(running: Process, service: NamedService) -> None:
    health = running.ask("GET", "/health")
    assert health.status_code == OK
    assert (health.json()["status"], health.json()["model"]) == ("healthy", service.name)
    assert running.ask("GET", "/ready").json() == {"status": "ready"}


def test_its_metrics_count_a_request_once(running: Process, service: NamedService) -> None:
    before = requests_total(running, service)
    running.chat("Greet.")
    assert requests_total(running, service) == before + 1


def test_a_session_outlives_a_restart(service: NamedService, tmp_path: Path) -> None:
    process = model_service(service.name, tmp_path)
    try:
        process.start()
        process.chat("The lantern hangs in the third window.", "kept")
        process.stop()
        process.start()
        assert "third" in process.chat("Where does the lantern hang?", "kept")
    finally:
        process.stop()


def test_a_gateway_finds_it_and_passes_requests_on(running: Process, service: NamedService, tmp_path: Path) -> None:
    front = gateway(tmp_path, {service.name: running.url})
    try:
        front.start()
        (listed,) = front.ask("GET", "/services").json()["services"]
        assert (listed["name"], listed["status"], listed["address"]) == (service.name, "healthy", running.url)
        assert front.chat("Greet.", model=service.name)
        unknown = {"model": "nobody", "messages": [{"role": "user", "content": "Greet."}]}
        assert front.ask("POST", "/v1/chat/completions", json=unknown).status_code == NOT_FOUND
    finally:
        front.stop()
