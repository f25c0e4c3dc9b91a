"""The engine behind a target: as the service reports it, else as the deployment file says.

A plain server of an engine names it only as the owner of its models (`GET /v1/models`, `owned_by`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.acceptance.measuring.site import Site

OWNERS = {"vllm": "vllm", "llamacpp": "llama.cpp", "sglang": "sglang"}


def of(site: Site) -> dict[str, Any]:
    """Name and version, and where it reports them its flags and those that it does not have.

    A service that calls itself simulated is never shown as anything else.
    """
    for path in ("/config", "/version"):
        body = site.ask("GET", path).get("json")
        if not isinstance(body, Mapping):
            continue
        reported = body.get("engine")
        if isinstance(reported, Mapping) and isinstance(reported.get("name"), str):
            return {"name": reported["name"], "version": str(reported.get("version", "")), **_flags(reported)}
        if isinstance(reported, str):
            return {"name": reported, "version": str(body.get("engine_version", body.get("version", "")))}
        if path == "/version" and isinstance(body.get("version"), str):
            return {"name": site.deployment.engine or _owner(site) or "unnamed", "version": body["version"]}
    return {"name": site.deployment.engine or _owner(site), "version": ""}


def _owner(site: Site) -> str:
    """The engine by the owner of the first model; empty where none of those known is named."""
    body = site.ask("GET", "/v1/models").get("json")
    models = body.get("data") if isinstance(body, Mapping) else None
    first = models[0] if isinstance(models, list) and models else None
    return OWNERS.get(str(first.get("owned_by")), "") if isinstance(first, Mapping) else ""


def _flags(reported: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(map(str, reported[name])) for name in ("flags", "left_out") if isinstance(reported.get(name), list)
    }
