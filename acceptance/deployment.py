"""A deployment: what is judged, where the document's addresses really are, and what is out of reach."""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from acceptance.errors import DeploymentUnreadable, NotMeasurable, UsageError

_KEYS: Mapping[str, type] = {
    "name": str,
    "target": str,
    "engine": str,
    "api_key_env": str,
    "api_key_header": str,
    "addresses": dict,
    "services": dict,
    "start": dict,
    "files": dict,
    "library": dict,
    "out_of_reach": dict,
}
AUTHORIZATION = "Authorization"
_START_KEYS = {"service", "arguments", "timeout_s"}
_LIBRARY_KEYS = {"python", "paths", "packages"}


@dataclass(frozen=True, slots=True)
class Start:
    """A service that Signoff starts and stops itself: `signoff serve SERVICE ARGUMENTS`."""

    service: str
    arguments: tuple[str, ...] = ()
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Library:
    """The interpreter that runs library criteria, what is on its path, and which packages it may import."""

    python: str
    paths: tuple[Path, ...]
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deployment:
    """Addresses of a document are keys to look up here: traffic goes to what is named, nowhere else."""

    name: str
    target: str
    engine: str = ""
    api_key_env: str = ""
    api_key_header: str = AUTHORIZATION
    addresses: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    out_of_reach: Mapping[str, str] = field(default_factory=dict)
    start: Start | None = None
    library: Library | None = None
    target_only: bool = False

    def url(self, address: str | None, primary: str | None) -> tuple[str, str]:
        """The origin that stands for a document's `host:port`, and the assumption that was needed ("" if none).

        `primary` is the address under which the document knows the target. Where only `--target` was given,
        another port of the primary host is asked at the target itself, and that is said.
        """
        if address is None or address == primary:
            return self.target, ""
        if address in self.addresses:
            return self.addresses[address].rstrip("/"), ""
        if self.target_only and primary is not None and _host(address) == _host(primary):
            return self.target, f"{address} was not named, so its path was asked at {self.target}"
        raise NotMeasurable(
            f"the document asks {address}, which the deployment does not name",
            f'add "{address}" = "http://HOST:PORT" under [addresses] of the deployment file',
        )

    def role_url(self, role: str, default_path: str) -> tuple[str, bool]:
        """The URL that stands for a role such as `gateway`, and whether the deployment names it.

        Where it does not, the role is looked for under a customary path of the target.
        """
        if role in self.addresses:
            return self.addresses[role].rstrip("/"), True
        return self.target + default_path, False

    def is_at_port(self, port: int | None) -> bool:
        """Whether the target listens on this port."""
        return port is not None and urlsplit(self.target).port == port

    def of_service(self, service: str, port: int | None = None) -> Deployment:
        """This deployment with one of several services of a document as the target.

        Where no services are named, the target is taken for the service whose `port` it has. Raises NotMeasurable
        where nothing says that the service runs here. The key stays with the origin that it was given for.
        """
        if not service or (service not in self.services and self.is_at_port(port)):
            return self
        if service not in self.services:
            raise NotMeasurable(
                f"the document asks this of {service}, which the deployment does not name",
                f'add {service} = "http://HOST:PORT" under [services] of the deployment file',
            )
        target = self.services[service].rstrip("/")
        key = self.api_key_env if _origin(target) == _origin(self.target) else ""
        return replace(self, target=target, api_key_env=key)

    def file(self, path: str) -> Path:
        """The real path of a file that the document names; only roots that the deployment names are opened."""
        for prefix, root in self.files.items():
            if path == prefix or path.startswith(prefix.rstrip("/") + "/"):
                real = (root / path[len(prefix) :].lstrip("/")).resolve()
                if not real.is_relative_to(root.resolve()):
                    raise NotMeasurable(f"{path} climbs out of the folder that stands for {prefix}")
                return real
        raise NotMeasurable(
            f"{path} lies on the server, and the deployment names no folder for it",
            f'add "{path}" = "FOLDER" under [files] of the deployment file',
        )

    def headers(self, url: str) -> dict[str, str]:
        """The header with the key, for the target's own origin and for no other."""
        key = self.key(url)
        if not key:
            return {}
        return {self.api_key_header: f"Bearer {key}" if self.api_key_header == AUTHORIZATION else key}

    def key(self, url: str) -> str:
        """The key for the target's own origin, "" for every other. Raises UsageError where the variable holds none."""
        if not self.api_key_env or _origin(url) != _origin(self.target):
            return ""
        key = os.environ.get(self.api_key_env, "").strip()
        if not (key.isascii() and key.isprintable()):
            raise UsageError(
                f"the environment variable {self.api_key_env} holds what no header can carry",
                "put the key there alone, on one line",
            )
        if not key:
            raise UsageError(
                f"the environment variable {self.api_key_env} is empty or not set",
                f"export {self.api_key_env}=KEY, or leave out --api-key-env",
            )
        return key

    @property
    def is_local(self) -> bool:
        """Whether the target runs on this machine, so that its processes can be seen."""
        host = urlsplit(self.target).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def from_target(target: str, api_key_env: str = "") -> Deployment:
    """A deployment of one address, as `--target` gives it. Raises UsageError where it is no http(s) URL."""
    return Deployment(name=target, target=_checked(target), api_key_env=api_key_env, target_only=True)


def load(path: Path, api_key_env: str = "") -> Deployment:
    """Read a deployment file. Raises DeploymentUnreadable with the key at fault; unknown keys are refused."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DeploymentUnreadable(f"{path}: no such deployment file", "check the path") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DeploymentUnreadable(f"{path}: {error}", "a deployment file is TOML in UTF-8") from None
    for key, value in table.items():
        if key not in _KEYS:
            raise DeploymentUnreadable(f"{path}: unknown key {key!r}", f"known keys: {', '.join(_KEYS)}")
        if not isinstance(value, _KEYS[key]):
            raise DeploymentUnreadable(f"{path}: {key} must be a {_KEYS[key].__name__}, not {value!r}")
    if "target" not in table:
        raise DeploymentUnreadable(f"{path}: no target", 'add: target = "http://HOST:PORT"')
    for key in ("addresses", "services", "files", "out_of_reach"):
        for name, value in table.get(key, {}).items():
            if not isinstance(value, str) or not value:
                raise DeploymentUnreadable(f"{path}: [{key}] {name!r} must be a text, not {value!r}")
    for value in table.get("addresses", {}).values():
        if "://" in value:
            _checked(value, f"{path}: [addresses] ")
    for value in table.get("services", {}).values():
        _checked(value, f"{path}: [services] ")
    folder = path.resolve().parent
    return Deployment(
        name=table.get("name", path.stem),
        target=_checked(table["target"], f"{path}: "),
        engine=table.get("engine", ""),
        api_key_env=api_key_env or table.get("api_key_env", ""),
        api_key_header=_header(path, table.get("api_key_header", AUTHORIZATION)),
        addresses=table.get("addresses", {}),
        services=table.get("services", {}),
        files={name: folder / root for name, root in table.get("files", {}).items()},
        out_of_reach=table.get("out_of_reach", {}),
        start=_start(path, table["start"]) if "start" in table else None,
        library=_library(path, table["library"]) if "library" in table else None,
    )


def _header(path: Path, name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        raise DeploymentUnreadable(f"{path}: api_key_header is no name of a header: {name!r}", "write it as X-API-Key")
    return AUTHORIZATION if name.lower() == AUTHORIZATION.lower() else name


def _start(path: Path, table: Mapping[str, Any]) -> Start:
    _refuse_unknown(path, "start", table, _START_KEYS)
    if not isinstance(table.get("service"), str):
        raise DeploymentUnreadable(f"{path}: [start] names no service", 'add: service = "hermes-2"')
    arguments = table.get("arguments", [])
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        raise DeploymentUnreadable(f"{path}: [start] arguments must be a list of texts, not {arguments!r}")
    timeout_s = table.get("timeout_s", 60.0)
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not timeout_s > 0:
        raise DeploymentUnreadable(f"{path}: [start] timeout_s must be a number above zero, not {timeout_s!r}")
    return Start(table["service"], tuple(arguments), float(timeout_s))


def _library(path: Path, table: Mapping[str, Any]) -> Library:
    _refuse_unknown(path, "library", table, _LIBRARY_KEYS)
    for key in ("paths", "packages"):
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise DeploymentUnreadable(f"{path}: [library] {key} must be a list of texts, not {value!r}")
    if not isinstance(table.get("python", ""), str):
        raise DeploymentUnreadable(f"{path}: [library] python must be a text, not {table['python']!r}")
    folder = path.resolve().parent
    return Library(
        python=table.get("python", ""),
        paths=tuple((folder / entry).resolve() for entry in table.get("paths", [])),
        packages=tuple(table.get("packages", [])),
    )


def _refuse_unknown(path: Path, name: str, table: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise DeploymentUnreadable(
            f"{path}: unknown key {unknown[0]!r} under [{name}]", f"known keys: {', '.join(sorted(known))}"
        )


def _checked(target: str, where: str = "") -> str:
    try:
        parts = urlsplit(target)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(f"{where}{target!r} is not an http(s) URL", "write it as http://HOST:PORT")
    if parts.username or parts.password:
        raise UsageError(f"{where}the address holds a name or a password", "give a key with --api-key-env NAME")
    if parts.query or parts.fragment:
        raise UsageError(f"{where}{target!r} has a query or a fragment", "write it as http://HOST:PORT")
    return target.rstrip("/")


def _host(address: str) -> str:
    return address.rsplit(":", 1)[0] if ":" in address and not address.endswith("]") else address


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
