"""A deployment: what is judged, where the document's addresses really are, and what is out of reach."""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from acceptance.errors import DeploymentUnreadable, NotMeasurable, UsageError
from acceptance.toml_text import parsed
from perf.errors import InputMissing, InputUnreadable
from perf.input_file import read_input

_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "target": str,
    "engine": str,
    "api_key_env": str,
    "api_key_header": str,
    "api_keys": dict,
    "addresses": dict,
    "services": dict,
    "start": (dict, list),
    "control": dict,
    "files": dict,
    "library": dict,
    "out_of_reach": dict,
}
AUTHORIZATION = "Authorization"
MOST_BYTES = 2**20
_START_KEYS = {"service", "arguments", "config", "timeout_s", "url"}
_LIBRARY_KEYS = {"python", "paths", "packages"}


@dataclass(frozen=True, slots=True)
class Start:
    """A service that Signoff starts and stops itself: `signoff serve SERVICE ARGUMENTS`, ready at `url`.

    A control that is running already has no `service`.
    """

    service: str
    arguments: tuple[str, ...] = ()
    timeout_s: float = 60.0
    url: str = ""


@dataclass(frozen=True, slots=True)
class Library:
    """The interpreter that runs library criteria, what is on its path, and which packages it may import."""

    python: str
    paths: tuple[Path, ...]
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deployment:
    """Addresses of a document are keys to look up here: traffic goes to what is named, nowhere else.

    `start` is what Signoff starts at the target, `beside` what it starts at other addresses for the same run,
    `control` what a night compares the target with.
    """

    name: str
    target: str
    engine: str = ""
    api_key_env: str = ""
    api_key_header: str = AUTHORIZATION
    api_keys: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    out_of_reach: Mapping[str, str] = field(default_factory=dict)
    start: Start | None = None
    beside: tuple[Start, ...] = ()
    control: Start | None = None
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
        at_target = next((start for start in self.starts if start.url == target), None)
        return replace(
            self,
            target=target,
            api_key_env=self.key_variable(target),
            start=at_target,
            beside=tuple(start for start in self.starts if start is not at_target),
        )

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
        """The header with the key of this URL's origin; none where the deployment gives it no key."""
        key = self.key(url)
        if not key:
            return {}
        return {self.api_key_header: f"Bearer {key}" if self.api_key_header == AUTHORIZATION else key}

    def key(self, url: str) -> str:
        """The key of this URL's origin, "" where none is given. Raises UsageError where the variable holds none.

        `api_key_env` has the target's own, `[api_keys]` those of other services and roles; no key goes elsewhere.
        """
        variable = self.key_variable(url)
        if not variable:
            return ""
        key = os.environ.get(variable, "").strip()
        if not (key.isascii() and key.isprintable()):
            raise UsageError(
                f"the environment variable {variable} holds what no header can carry",
                "put the key there alone, on one line",
            )
        if not key:
            raise UsageError(
                f"the environment variable {variable} is empty or not set",
                f"export {variable}=KEY, or leave out --api-key-env",
            )
        return key

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that this deployment gives, to be taken out of what is kept."""
        urls = [self.target, *(url for name in self.api_keys if (url := self._named(name)))]
        return tuple(dict.fromkeys(key for url in urls if (key := self.key(url))))

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The variables that hold keys, each once."""
        return tuple(dict.fromkeys(name for name in (self.api_key_env, *self.api_keys.values()) if name))

    @property
    def starts(self) -> tuple[Start, ...]:
        """Everything that Signoff starts for a run, the target's service first."""
        return ((self.start,) if self.start is not None else ()) + self.beside

    def key_variable(self, url: str) -> str:
        """The variable that holds the key of this URL's origin, "" where it has none."""
        if self.api_key_env and origin(url) == origin(self.target):
            return self.api_key_env
        named = (name for name in self.api_keys if origin(url) == origin(self._named(name)))
        return next((self.api_keys[name] for name in named), "")

    def _named(self, name: str) -> str:
        return self.services.get(name) or self.addresses.get(name, "")

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
        table = parsed(read_input(path, MOST_BYTES).decode("utf-8").replace("\r\n", "\n"))
    except InputMissing:
        raise DeploymentUnreadable(f"{path}: no such deployment file", "check the path") from None
    except InputUnreadable as error:
        raise DeploymentUnreadable(str(error), error.mend) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DeploymentUnreadable(f"{path}: {error}", "a deployment file is TOML in UTF-8") from None
    for key, value in table.items():
        if key not in _KEYS:
            raise DeploymentUnreadable(f"{path}: unknown key {key!r}", f"known keys: {', '.join(_KEYS)}")
        if not isinstance(value, _KEYS[key]):
            wanted = _KEYS[key]
            name = wanted.__name__ if isinstance(wanted, type) else " or a ".join(each.__name__ for each in wanted)
            raise DeploymentUnreadable(f"{path}: {key} must be a {name}, not {value!r}")
    if "target" not in table:
        raise DeploymentUnreadable(f"{path}: no target", 'add: target = "http://HOST:PORT"')
    for key in ("addresses", "services", "files", "out_of_reach", "api_keys"):
        for name, value in table.get(key, {}).items():
            if not isinstance(value, str) or not value:
                raise DeploymentUnreadable(f"{path}: [{key}] {name!r} must be a text, not {value!r}")
    for value in table.get("addresses", {}).values():
        if "://" in value:
            _checked(value, f"{path}: [addresses] ")
    for value in table.get("services", {}).values():
        _checked(value, f"{path}: [services] ")
    for name in table.get("api_keys", {}):
        if "://" not in (table.get("services", {}).get(name) or table.get("addresses", {}).get(name, "")):
            raise DeploymentUnreadable(
                f"{path}: [api_keys] {name!r} is no service or role with a URL",
                f'add {name} = "http://HOST:PORT" under [services] or [addresses]',
            )
    folder = path.resolve().parent
    target = _checked(table["target"], f"{path}: ")
    started = _starts(path, table.get("start", []), target)
    at_target = next((start for start in started if start.url == target), None)
    return Deployment(
        name=table.get("name", path.stem),
        target=target,
        engine=table.get("engine", ""),
        api_key_env=api_key_env or table.get("api_key_env", ""),
        api_key_header=_header(path, table.get("api_key_header", AUTHORIZATION)),
        api_keys=table.get("api_keys", {}),
        addresses=table.get("addresses", {}),
        services=table.get("services", {}),
        files={name: folder / root for name, root in table.get("files", {}).items()},
        out_of_reach=table.get("out_of_reach", {}),
        start=at_target,
        beside=tuple(start for start in started if start is not at_target),
        control=_control(path, table["control"], target) if "control" in table else None,
        library=_library(path, table["library"]) if "library" in table else None,
    )


def _header(path: Path, name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        raise DeploymentUnreadable(f"{path}: api_key_header is no name of a header: {name!r}", "write it as X-API-Key")
    return AUTHORIZATION if name.lower() == AUTHORIZATION.lower() else name


def _starts(path: Path, entries: Mapping[str, Any] | Sequence[Any], target: str) -> tuple[Start, ...]:
    """`[start]`, one service at the target, or `[[start]]`, several, each at a `url` of its own."""
    if isinstance(entries, Mapping):
        return (_start(path, entries, target),)
    if not all(isinstance(entry, Mapping) for entry in entries):
        raise DeploymentUnreadable(f"{path}: start must be a table, not {entries!r}", "write [start] or [[start]]")
    found = tuple(_start(path, entry, target if len(entries) == 1 else "") for entry in entries)
    urls = [start.url for start in found]
    if twice := next((url for url in urls if urls.count(url) > 1), None):
        raise DeploymentUnreadable(f"{path}: two services of [[start]] have the url {twice}")
    return found


def _start(path: Path, table: Mapping[str, Any], default_url: str) -> Start:
    _refuse_unknown(path, "start", table, _START_KEYS)
    if not isinstance(table.get("service"), str):
        raise DeploymentUnreadable(f"{path}: [start] names no service", 'add: service = "hermes-2"')
    arguments = table.get("arguments", [])
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        raise DeploymentUnreadable(f"{path}: [start] arguments must be a list of texts, not {arguments!r}")
    timeout_s = table.get("timeout_s", 60.0)
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not timeout_s > 0:
        raise DeploymentUnreadable(f"{path}: [start] timeout_s must be a number above zero, not {timeout_s!r}")
    url = table.get("url", default_url)
    if not isinstance(url, str) or not url:
        raise DeploymentUnreadable(
            f"{path}: {table['service'] or '[control]'} has no url", 'add: url = "http://HOST:PORT", where it listens'
        )
    config = table.get("config")
    if config is not None and not isinstance(config, str):
        raise DeploymentUnreadable(f"{path}: [start] config must be the path of a file, not {config!r}")
    given = [] if config is None else [f"--config={path.resolve().parent / config}"]
    return Start(table["service"], (*arguments, *given), float(timeout_s), _checked(url, f"{path}: [start] "))


def _control(path: Path, table: Mapping[str, Any], target: str) -> Start:
    """`[control]`: a `url`, and a `service` where Signoff starts it itself."""
    _refuse_unknown(path, "control", table, _START_KEYS)
    found = _start(path, {"service": "", **table}, "")
    if found.url == target:
        raise DeploymentUnreadable(
            f"{path}: [control] has the url of the target", "give the control an address of its own"
        )
    if not found.service and len(table) > 1:
        raise DeploymentUnreadable(f"{path}: [control] names no service", 'add: service = "hermes-2", or leave the url')
    return found


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


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of a URL, the port that the scheme means where none is written."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
