"""Which engine stands behind a target: what the service says itself, else what the deployment file says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acceptance.site import Site


def of(site: Site) -> dict[str, Any]:
    """Name and version, and where it tells them its flags and those that it does not have.

    A service that calls itself simulated is never shown as anything else.
    """
    for path in ("/config", "/version"):
        body = site.ask("GET", path).get("json")
        if not isinstance(body, Mapping):
            continue
        told = body.get("engine")
        if isinstance(told, Mapping) and isinstance(told.get("name"), str):
            return {"name": told["name"], "version": str(told.get("version", "")), **_flags(told)}
        if isinstance(told, str):
            return {"name": told, "version": str(body.get("engine_version", body.get("version", "")))}
        if path == "/version" and isinstance(body.get("version"), str):
            return {"name": site.deployment.engine or "unnamed", "version": body["version"]}
    return {"name": site.deployment.engine, "version": ""}


def _flags(told: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(map(str, told[name])) for name in ("flags", "left_out") if isinstance(told.get(name), list)}
