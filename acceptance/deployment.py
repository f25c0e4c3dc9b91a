"""A deployment: what is judged, where the document's addresses really are, and what is out of reach."""

from __future__ import annotations

import ipaddress
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from acceptance import keys
from acceptance.errors import DeploymentUnreadable, NotMeasurable, UsageError
from acceptance.toml_text import parsed
from perf.client.request_url import joined, origin
from perf.errors import InputMissing, InputUnreadable, UrlInvalid
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
WEBSOCKET_ROLE = "websocket"
WEBSOCKET_SCHEMES = ("ws", "wss")
MOST_BYTES = 2**20
_START_KEYS = {"service", "arguments", "config", "timeout_s", "url"}
_LIBRARY_KEYS = {"python", "paths", "calls", "timeout_s", "memory_gb"}


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
    """The interpreter that runs library criteria, what is on its path, and the callables that documents may call.

    `calls` are dotted names as a program imports them, `module.function`, `module.Class`, `module.Class.method`: each
    callable by itself. `timeout_s` and `memory_gb` bound the process that makes the calls of one command.
    """

    python: str
    paths: tuple[Path, ...]
    calls: tuple[str, ...]
    timeout_s: float = 60.0
    memory_gb: float = 4.0

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that the calls are of."""
        return tuple(dict.fromkeys(name.split(".")[0] for name in self.calls))


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
        return self.request_url(self.target, default_path), False

    def request_url(self, base: str, path: str) -> str:
        """The URL of a path below a base that is named here. Raises NotMeasurable where it leads anywhere else."""
        try:
            url = joined(base, path)
        except UrlInvalid as problem:
            raise NotMeasurable(f"this request is not sent: {problem}", problem.mend) from None
        self.refuse_foreign(url)
        return url

    def refuse_foreign(self, url: str) -> None:
        """Raises NotMeasurable for a URL of an origin that is not named here: no traffic goes there."""
        named = (self.target, *self.services.values(), *self.addresses.values(), *(each.url for each in self.starts))
        try:
            place = origin(url)
        except UrlInvalid as problem:
            raise NotMeasurable(f"this request is not sent: {problem}", problem.mend) from None
        if not any(place == origin(each) for each in named if "://" in each):
            raise NotMeasurable(
                f"the deployment does not name {place.url()}, so nothing is sent there",
                f'add "HOST:PORT of the document" = "{place.url()}" under [addresses] of the deployment file',
            )

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
        key = keys.value(variable)
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
    for name, value in table.get("addresses", {}).items():
        if "://" in value:
            _checked(value, f"{path}: [addresses] ", WEBSOCKET_SCHEMES if name == WEBSOCKET_ROLE else ())
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
    timeout_s = _positive(path, "[start] timeout_s", table.get("timeout_s", 60.0))
    url = table.get("url", default_url)
    if not isinstance(url, str) or not url:
        raise DeploymentUnreadable(
            f"{path}: {table['service'] or '[control]'} has no url", 'add: url = "http://HOST:PORT", where it listens'
        )
    config = table.get("config")
    if config is not None and not isinstance(config, str):
        raise DeploymentUnreadable(f"{path}: [start] config must be the path of a file, not {config!r}")
    given = [] if config is None else [f"--config={path.resolve().parent / config}"]
    return Start(table["service"], (*arguments, *given), timeout_s, _checked(url, f"{path}: [start] "))


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
    if "packages" in table:
        raise DeploymentUnreadable(
            f"{path}: [library] packages admitted every callable of a package, and is no longer read", _in_place(table)
        )
    _refuse_unknown(path, "library", table, _LIBRARY_KEYS)
    for key in ("paths", "calls"):
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise DeploymentUnreadable(f"{path}: [library] {key} must be a list of texts, not {value!r}")
    if not isinstance(table.get("python", ""), str):
        raise DeploymentUnreadable(f"{path}: [library] python must be a text, not {table['python']!r}")
    for name in table.get("calls", []):
        parts = name.split(".")
        if len(parts) < 2 or not all(part.isidentifier() and not part.startswith("_") for part in parts):
            raise DeploymentUnreadable(
                f"{path}: [library] {name!r} is no public callable of a module",
                'write it as a program imports it: "MODULE.FUNCTION", "MODULE.CLASS" or "MODULE.CLASS.METHOD"',
            )
    folder = path.resolve().parent
    return Library(
        python=table.get("python", ""),
        paths=tuple((folder / entry).resolve() for entry in table.get("paths", [])),
        calls=tuple(dict.fromkeys(table.get("calls", []))),
        **{key: _positive(path, f"[library] {key}", table[key]) for key in ("timeout_s", "memory_gb") if key in table},
    )


def _in_place(table: Mapping[str, Any]) -> str:
    """The list of calls that takes the place of a list of packages, to be copied and filled in."""
    listed = table["packages"] if isinstance(table["packages"], list) else []
    package = next((name for name in listed if isinstance(name, str) and name), "PACKAGE")
    return (
        "list each callable by the name that documents import it by, a method with its class; `signoff read TASK.md` "
        f'shows them: calls = ["{package}.MODULE.FUNCTION", "{package}.MODULE.CLASS", "{package}.MODULE.CLASS.METHOD"]'
    )


def _positive(path: Path, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise DeploymentUnreadable(f"{path}: {name} must be a number above zero, not {value!r}")
    return float(value)


def _refuse_unknown(path: Path, name: str, table: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise DeploymentUnreadable(
            f"{path}: unknown key {unknown[0]!r} under [{name}]", f"known keys: {', '.join(sorted(known))}"
        )


def _checked(target: str, where: str = "", schemes: Sequence[str] = ()) -> str:
    if "@" in target.partition("://")[2].partition("/")[0]:
        raise UsageError(f"{where}the address holds a name or a password", "give a key with --api-key-env NAME")
    try:
        origin(target)
    except UrlInvalid:
        sound = False
    else:
        sound = target.partition("://")[0].lower() in ("http", "https", *schemes)
    if not sound:
        raise UsageError(f"{where}{target!r} is not an http(s) URL", "write it as http://HOST:PORT")
    if "?" in target or "#" in target:
        raise UsageError(f"{where}{target!r} has a query or a fragment", "write it as http://HOST:PORT")
    try:
        return joined(target, "").rstrip("/")
    except UrlInvalid as problem:
        raise UsageError(f"{where}{problem}", problem.mend) from None


def _host(address: str) -> str:
    return address.rsplit(":", 1)[0] if ":" in address and not address.endswith("]") else address
