"""The services of an estate: from an estate file in TOML, or the JSON of `signoff serve --all --json FILE`."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import signoff
from signoff.reference_services.web.settings.settings_file import read_settings

SHIPPED = Path(signoff.__file__).parent / "fixtures/estate.toml"
VARIABLE = "SIGNOFF_ESTATE"
ITSELF = "health"
METRICS = "-metrics"
"""Ends the name of an address at which a service reports its metrics, where that is not its own: hermes-metrics."""
WITHOUT_METRICS = ("switch",)


class EstateUnreadable(Exception):
    """The file is no list of services; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A process of the estate. `service` is what runs there; replicas have it in common and differ in `name`."""

    name: str
    service: str
    url: str
    metrics_url: str = ""
    key_variable: str = ""


def read(path: Path | None = None) -> tuple[Listed, ...]:
    """The services of this file, else of the file that SIGNOFF_ESTATE names, else of the shipped estate.

    Raises EstateUnreadable. The health service itself is left out: it would ask itself.
    """
    file = path or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else SHIPPED)
    try:
        text = read_settings(file).decode("utf-8")
        estate = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise EstateUnreadable(f"{file}: {reason}; give an estate file in TOML or JSON") from None
    started = estate.get("start" if file.suffix == ".toml" else "services") if isinstance(estate, dict) else None
    if not isinstance(started, list) or not all(_is_sound(each) for each in started):
        raise EstateUnreadable(f"{file}: each service needs the name of its service and a url http://HOST:PORT")
    named = {url: name for name, url in estate.get("services", {}).items()} if file.suffix == ".toml" else {}
    keys = {url: estate.get("api_keys", {}).get(name, "") for url, name in named.items()}
    rest = [each for each in started if each["service"] != ITSELF]
    return _listed(rest, estate.get("addresses", {}), named, keys)


def of_urls(urls: Mapping[str, str]) -> tuple[Listed, ...]:
    """Services by their names, as library code gives them."""
    return tuple(Listed(name, name, url.rstrip("/")) for name, url in urls.items())


def _listed(
    started: Sequence[Mapping[str, Any]],
    addresses: Mapping[str, str],
    named: Mapping[str, str],
    keys: Mapping[str, str],
) -> tuple[Listed, ...]:
    found: list[Listed] = []
    for each in started:
        service, url = each["service"], each["url"].rstrip("/")
        number = 1 + sum(other.service == service for other in found)
        apart = addresses.get((each.get("name") or named.get(url, "")) + METRICS)
        own = "" if service in WITHOUT_METRICS else url
        found.append(
            Listed(
                service if number == 1 else f"{service} ({number})",
                service,
                url,
                (apart or own).rstrip("/"),
                each.get("key_variable") or keys.get(url, ""),
            )
        )
    return tuple(found)


def _is_sound(each: Any) -> bool:
    if not isinstance(each, dict) or not isinstance(each.get("service"), str) or not isinstance(each.get("url"), str):
        return False
    try:
        parts = urlsplit(each["url"])
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
