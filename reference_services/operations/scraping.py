"""The shipped configuration of Prometheus with the addresses of an estate in it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from signoff.reference_services.health.estate_file import Listed

FOLDER = Path(__file__).parent
CONFIGURATION = "prometheus.yml"
RULES = ("names.yml", "alerts.yml")
APART = {"gateway": "gateway", "prometheus": None}
"""The job of services that are not model services; Prometheus needs no job for itself."""
MODELS, HEALTH = "models", "health"


def render(listed: Sequence[Listed], health_url: str = "", interval_s: int = 0) -> dict[str, Any]:
    """prometheus.yml for these services. `health_url` is the URL of the estate's health, `interval_s` 0 the shipped.

    What reports no metrics is left out; a job without targets too.
    """
    read: dict[str, Any] = yaml.safe_load((FOLDER / CONFIGURATION).read_text(encoding="utf-8"))
    jobs: dict[str, list[dict[str, Any]]] = {}
    for each in listed:
        if not each.metrics_url or APART.get(each.service, MODELS) is None:
            continue
        job = APART.get(each.service) or MODELS
        labels = {"labels": {"service": each.service}} if job == MODELS else {}
        jobs.setdefault(job, []).append({"targets": [target(each.metrics_url)], **labels})
    if health_url:
        jobs[HEALTH] = [{"targets": [target(health_url)]}]
    read["scrape_configs"] = [
        {**shipped, "static_configs": jobs[shipped["job_name"]]}
        for shipped in read["scrape_configs"]
        if shipped["job_name"] in jobs
    ]
    if interval_s:
        interval = f"{interval_s}s"
        read["global"] = {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval}
    return read


def write(folder: Path, configuration: dict[str, Any]) -> Path:
    """Put the configuration and the rules that it names into a folder; gives its file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in RULES:
        shutil.copyfile(FOLDER / name, folder / name)
    file = folder / CONFIGURATION
    file.write_text(yaml.safe_dump(configuration, sort_keys=False), encoding="utf-8")
    return file


def target(url: str) -> str:
    """HOST:PORT of a URL, as Prometheus wants it."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or {'https': 443}.get(parts.scheme, 80)}"
