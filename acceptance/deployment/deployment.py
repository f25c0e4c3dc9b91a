"""The services under test, the real addresses for the document's, keys, and criteria out of reach."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from signoff.acceptance import keys
from signoff.acceptance.deployment.address import checked
from signoff.acceptance.deployment.deployment_file import AUTHORIZATION
from signoff.acceptance.errors import NotMeasurable, UsageError
from signoff.perf.client.request_url import joined, origin
from signoff.perf.errors import UrlInvalid


@dataclass(frozen=True, slots=True)
class ServiceStart:
    """A service that Signoff starts and stops itself: `signoff serve SERVICE ARGUMENTS`, ready at `url`.

    A control that is running already has no `service`.
    """

    service: str
    arguments: tuple[str, ...] = ()
    timeout_s: float = 60.0
    url: str = ""


@dataclass(frozen=True, slots=True)
class CalledLibrary:
    """The interpreter that runs library criteria, its import path, and the callables that documents may call.

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
    """Addresses of a document are keys to look up here: traffic goes to named addresses only.

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
    start: ServiceStart | None = None
    beside: tuple[ServiceStart, ...] = ()
    control: ServiceStart | None = None
    library: CalledLibrary | None = None
    target_only: bool = False

    def url(self, address: str | None, primary: str | None) -> tuple[str, str]:
        """The origin for a document's `host:port`, and the assumption that was needed ("" if none).

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
        """The URL for a role such as `gateway`, and whether the deployment names it.

        Where it does not, the role is looked for under a customary path of the target.
        """
        if role in self.addresses:
            return self.addresses[role].rstrip("/"), True
        return self.request_url(self.target, default_path), False

    def request_url(self, base: str, path: str) -> str:
        """The URL of a path below a base that is named here. Raises NotMeasurable if it leads anywhere else."""
        try:
            url = joined(base, path)
        except UrlInvalid as problem:
            raise NotMeasurable(f"this request is not sent: {problem}", problem.hint) from None
        self.refuse_foreign(url)
        return url

    def refuse_foreign(self, url: str) -> None:
        """Raises NotMeasurable for a URL of an origin that is not named here: no traffic goes there."""
        named = (self.target, *self.services.values(), *self.addresses.values(), *(each.url for each in self.starts))
        try:
            place = origin(url)
        except UrlInvalid as problem:
            raise NotMeasurable(f"this request is not sent: {problem}", problem.hint) from None
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
                    raise NotMeasurable(f"{path} leaves the folder that replaces {prefix}")
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
        """The key of this URL's origin, "" if none is given. Raises UsageError if the variable holds none.

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
        """Every key of this deployment, for redaction."""
        urls = [self.target, *(url for name in self.api_keys if (url := self._named(name)))]
        return tuple(dict.fromkeys(key for url in urls if (key := self.key(url))))

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The variables that hold keys, each once."""
        return tuple(dict.fromkeys(name for name in (self.api_key_env, *self.api_keys.values()) if name))

    @property
    def starts(self) -> tuple[ServiceStart, ...]:
        """Everything that Signoff starts for a run, the target's service first."""
        return ((self.start,) if self.start is not None else ()) + self.beside

    def key_variable(self, url: str) -> str:
        """The variable that holds the key of this URL's origin, "" if it has none."""
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
    """A deployment of one address, as `--target` gives it. Raises UsageError if it is no http(s) URL."""
    return Deployment(name=target, target=checked(target), api_key_env=api_key_env, target_only=True)


def _host(address: str) -> str:
    return address.rsplit(":", 1)[0] if ":" in address and not address.endswith("]") else address
