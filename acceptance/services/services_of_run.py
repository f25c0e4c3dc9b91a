"""The services that Signoff starts together: starts all, waits for each, stops all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

import signoff
from signoff.acceptance.deployment import Deployment, ServiceStart
from signoff.acceptance.services.service import OwnService, refuse_taken
from signoff.perf.processes.process_identity import ProcessIdentity
from signoff.reports.stored.run_folder import RunFolder

GATEWAY = "gateway"
SHIPPED_GATEWAY = Path(signoff.__file__).parent / "reference_services/gateway/settings/gateway.yaml"


class OwnServices:
    """The services that a deployment starts. A gateway without a configuration gets one with the started replicas."""

    def __init__(
        self, deployment: Deployment, folder: Path, on_step: Callable[[str], None] = lambda text: None
    ) -> None:
        self._deployment = deployment
        self._folder = folder
        self._on_step = on_step
        self._services: list[OwnService] = []

    def start(self) -> dict[str, int]:
        """Start all and wait for each; returns the process ids by URL. After a failure, none is left running.

        Raises PortInUse or ServiceDidNotStart, which say which service it was and why.
        """
        starts = self._deployment.starts
        # A role such as `prometheus` is another service's, and that may well be running.
        own = [url for name, url in self._deployment.addresses.items() if ":" in name] if len(starts) == 1 else []
        for url in own:
            refuse_taken(url, starts[0].service)
        try:
            for number, start in enumerate(starts):
                self._on_step(f"starting {start.service} at {start.url}")
                log = "service.log" if number == 0 else f"service-{number + 1}-{start.service}.log"
                service = OwnService(self._configured(start, number), self._folder, log)
                self._services.append(service)
                service.launch()
            found: dict[str, int] = {}
            for service in self._services:
                found[service.entry.url] = service.wait()
                self._on_step(f"{service.entry.service} is ready at {service.entry.url}")
        except BaseException:
            self.stop()
            raise
        return found

    def ended(self, url: str = "") -> str:
        """The first service, or the one at this URL, that ended by itself, and why; "" while all run."""
        asked = [service for service in self._services if url in ("", service.entry.url)]
        return next((text for service in asked if (text := service.ended())), "")

    def stop(self) -> dict[str, tuple[ProcessIdentity, ...]]:
        """Stop all services, front ends first; returns by URL the processes that were asked to end."""
        for service in reversed(self._services):
            service.tell_to_end()
        stopped = {service.entry.url: service.stop() for service in reversed(self._services)}
        self._services = []
        return stopped

    def _configured(self, start: ServiceStart, number: int) -> ServiceStart:
        """A gateway with its configuration, which is stored beside the logs; other services unchanged."""
        if start.service != GATEWAY or any(each.startswith("--config") for each in start.arguments):
            return start
        replicas = [(each.service, each.url) for each in self._deployment.starts if each.service != GATEWAY]
        configuration = in_front_of(replicas, yaml.safe_load(SHIPPED_GATEWAY.read_text(encoding="utf-8")))
        if configuration is None:
            return start
        text = yaml.safe_dump(configuration, sort_keys=False)
        file = RunFolder(self._folder).write(f"gateway-{number + 1}.yaml", text)
        return replace(start, arguments=(*start.arguments, f"--config={file.resolve()}"))


def in_front_of(replicas: Sequence[tuple[str, str]], shipped: Mapping[str, Any]) -> dict[str, Any] | None:
    """The default configuration with the existing replicas, or None if it names none of their services.

    `replicas` are names of services with their URLs. A fallback that is not there is left out.
    """
    services: dict[str, dict[str, Any]] = {}
    for name, entry in shipped["services"].items():
        urls = [url for service, url in replicas if service in entry["models"]]
        if urls:
            services[name] = {**entry, "replicas": urls}
    for entry in services.values():
        if entry.get("fallback") not in services:
            entry.pop("fallback", None)
    return {**shipped, "services": services} if services else None
