"""The sites of a run: the target's, and one for each of several services that the documents mention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.running.addresses import primary_address
from signoff.acceptance.services.service import service_process
from signoff.perf.processes.process_identity import identify


class Sites:
    """Gives each criterion the site at which it is measured; services behind one address share one."""

    def __init__(self, site: Site, criteria: Sequence[Criterion]) -> None:
        self._ports = {
            criterion.service: criterion.parameters["value"]
            for criterion in criteria
            if criterion.kind == "config_value" and criterion.service and criterion.parameters.get("name") == "port"
        }
        services = dict.fromkeys(criterion.service for criterion in criteria)
        at_target = {service for service in services if not service or self._is_target(site, service)}
        own = tuple(criterion for criterion in criteria if criterion.service in at_target)
        primary = primary_address(own, site.deployment.target)
        self.target = replace(site, criteria=own, primary_address=primary)
        self._criteria = criteria
        self._by_target = {site.deployment.target: self.target}

    def of(self, criterion: Criterion) -> Site:
        """The site of a criterion. Raises NotMeasurable if the deployment does not say where its service is."""
        deployment = self.target.deployment.of_service(criterion.service, self._ports.get(criterion.service))
        if deployment.target not in self._by_target:
            own = tuple(each for each in self._criteria if each.service == criterion.service)
            process_id = service_process(deployment)
            self._by_target[deployment.target] = replace(
                self.target,
                deployment=deployment,
                service=criterion.service,
                criteria=own,
                primary_address=primary_address(own, deployment.target),
                process_id=process_id,
                process=None if process_id is None else identify(process_id),
                foreign=None,
                models=[],
                taken={},
            )
        return self._by_target[deployment.target]

    def _is_target(self, site: Site, service: str) -> bool:
        named = site.deployment.services.get(service)
        if named is not None:
            return named.rstrip("/") == site.deployment.target
        return site.deployment.is_at_port(self._ports.get(service))
