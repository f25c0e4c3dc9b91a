"""Configuration of another program than the service: Prometheus, Grafana, nginx, a pipeline."""

from __future__ import annotations

import re
from collections.abc import Sequence

from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Setting

_NAMED = re.compile(
    r"\b(?:prometheus|alertmanager|grafana|nginx|haproxy|traefik|envoy|caddy|redis|postgres(?:ql)?|qdrant|pgbouncer"
    r"|otel|opentelemetry|loki|promtail|tempo|jaeger|fluent[- ]?bit|logrotate|github actions?|gitlab|jenkins"
    r"|terraform|ansible|keycloak|openapi|swagger)(?![\w/-]*(?:_|\s+(?:metrics|port)\b))",
    re.IGNORECASE,
)
_FILES = re.compile(
    r"\b(?:alerts?|rules?|datasources?|dashboards?|scrape\w*|pyproject|workflows?|pre-commit\S*|logrotate\S*)"
    r"[\w.-]*\.(?:ya?ml|toml|json|conf)\b|\.github/|/etc/(?:nginx|prometheus|grafana|haproxy|redis|docker)\b",
    re.IGNORECASE,
)
# Each set of keys, all at the top of a block, is of one program's files alone.
_TOPS: tuple[frozenset[str], ...] = tuple(
    frozenset(keys.split())
    for keys in (
        "scrape_configs",
        "rule_files",
        "remote_write",
        "groups",
        "receivers route",
        "receivers exporters",
        "receivers processors",
        "exporters service",
        "datasources",
        "providers apiversion",
        "panels",
        "jobs on",
        "jobs name",
        "stages script",
        "openapi",
        "swagger",
        "build-system",
        "repos",
        "scenarios thresholds",
        "stages thresholds",
        "upstream server",
        "entrypoints providers",
    )
)


def other_program(block: Block, around: str, settings: Sequence[Setting]) -> bool:
    """Whether a block configures a program beside the service, by its form, its keys, or what is said around it."""
    if any(setting.form == "nginx" for setting in settings):
        return True
    tops = {(setting.path or (setting.spelling,))[0].lower() for setting in settings}
    if any(keys <= tops for keys in _TOPS):
        return True
    return _NAMED.search(around) is not None or _FILES.search(around) is not None
