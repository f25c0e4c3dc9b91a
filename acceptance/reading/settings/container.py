"""What a compose file, a manifest or `docker run` says of the container, and what of the service in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Setting, Subject

_COMPOSE_KEYS = frozenset(
    """image build ports volumes networks restart depends_on environment env_file container_name healthcheck deploy
    expose command entrypoint profiles""".split()
)
_ORCHESTRATED = frozenset(
    """image replicas hpa terminationgraceperiodseconds com/gpu nvidia.com/gpu imagepullpolicy restartpolicy
    nodeselector tolerations serviceaccount namespace minreplicas maxreplicas storageclass ingress restart""".split()
)
_MIN_KEYS = 2
_MANIFEST = re.compile(r"^\s*apiVersion:\s*\S", re.MULTILINE)
_ENVIRONMENT = frozenset({"environment", "env"})
_DOCKER_FLAGS = frozenset({"--memory", "-m", "--cpus", "--gpus", "--shm-size"})
_DOCKER = re.compile(r"\b(?:docker|podman|nerdctl)\s+(?:container\s+)?run\b")
_OF_SUPPORT = re.compile(
    r"\b(?:postgres\w*|mysql|mariadb|mongo|redis|valkey|memcached|qdrant|milvus|weaviate|chroma|elastic\w*|opensearch"
    r"|rabbitmq|kafka|nats|minio|prometheus|grafana|alertmanager|loki|promtail|jaeger|tempo|otel\w*|nginx|traefik|haproxy"
    r"|caddy|envoy|node[-_]exporter|cadvisor|dcgm\w*|locust|k6|store|db|database|cache|queue|proxy|vectors?)\b",
    re.IGNORECASE,
)


def container_subject(block: Block, settings: Sequence[Setting]) -> Callable[[Setting], Subject | None]:
    """Which settings of a block are the container's: a running service knows its variables and its command's flags."""
    members = _members(block, settings)
    if not members:
        return lambda setting: "container" if _is_orchestrated(setting) else _of_command(block, setting)
    is_manifest = members == {""}
    own = {name for name in members if not _OF_SUPPORT.search(name.replace("_", " ")) and name}
    configured = {setting.path[1] for setting in settings if _is_inner(setting) and len(setting.path) > 1} & own

    def of(setting: Setting) -> Subject | None:
        if not _is_inner(setting):
            return "container"
        if is_manifest or (setting.path[1] in own and len(configured) == 1):
            return None
        return "other container" if setting.path[1] not in own else "one of several"

    return of


def _is_orchestrated(setting: Setting) -> bool:
    """Whether only what runs the container knows a setting, wherever it is stated: `Replicas | 3` in a table."""
    name = setting.spelling.rpartition(".")[2].lower().replace(" ", "").replace("_", "")
    path = set(setting.path)
    return name in _ORCHESTRATED or ("resources" in path and not path.isdisjoint({"limits", "requests"}))


def _members(block: Block, settings: Sequence[Setting]) -> set[str]:
    """The services of a compose file; the empty name for a manifest, nothing for another block."""
    is_yaml = any(setting.form == "yaml" for setting in settings)
    if is_yaml and block.kind == "fence" and _MANIFEST.search(block.text):
        return {""}
    found: dict[str, set[str]] = {}
    for setting in settings:
        if len(setting.path) > 2 and setting.path[0] == "services":
            found.setdefault(setting.path[1], set()).add(setting.path[2])
    keys = set[str]().union(*found.values())
    return set(found) if len(keys & _COMPOSE_KEYS) >= min(_MIN_KEYS, len(keys)) and keys & _COMPOSE_KEYS else set()


def _is_inner(setting: Setting) -> bool:
    return setting.form == "flag" or any(part in _ENVIRONMENT for part in setting.path[:-1])


def _of_command(block: Block, setting: Setting) -> Subject | None:
    """The limits of `docker run` and what an image exposes are the container's."""
    if setting.spelling == "EXPOSE":
        return "container"
    is_limit = setting.form == "flag" and setting.spelling in _DOCKER_FLAGS and _DOCKER.search(block.text) is not None
    return "container" if is_limit else None
