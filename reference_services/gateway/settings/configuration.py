"""The configuration of a gateway: services, replicas, limits and time-outs."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from limits import parse_many
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from signoff.reference_services.web.access.origins import HostNames, Origins, Proxies
from signoff.reference_services.web.access.visitors import Allowed
from signoff.reference_services.web.settings.limits import DEFAULTS, Limits, head_bytes, limits_of

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False, strict=False)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
PositiveCount = Annotated[int, Field(gt=0, le=2**31)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
OWN_PATHS = (
    "/v1/",
    "/sessions/",
    "/services",
    "/graphql",
    "/tokenize",
    "/health",
    "/ready",
    "/metrics",
    "/openapi.json",
)
"""What the gateway has routes for; no configured path begins so."""


_VISIBLE = re.compile(r"[!-~]+")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def sound_url(value: str) -> str:
    """The address of a replica. Raises ValueError if it is none, or holds a secret."""
    try:
        parts = urlsplit(value)
        is_sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_sound = False
    # It becomes the line of a request and its Host, byte for byte.
    if not is_sound or not _VISIBLE.fullmatch(value):
        raise ValueError("a replica is an address such as http://127.0.0.11:11400")
    if parts.username is not None or parts.password is not None:
        # It would stand in /services, in logs and in metrics.
        raise ValueError("an address holds no user and no password: callers bring their own Authorization")
    if parts.query or parts.fragment:
        raise ValueError("an address ends with its path: it has no query and no fragment")
    return value.rstrip("/")


def _sound_path(value: str) -> str:
    parts = unquote(value).split("/")
    if not value.startswith("/") or {".", ".."} & set(parts) or any(each in value for each in "?# "):
        raise ValueError("a path begins with / and holds no query, no space and no dots alone, such as /hermes/graphql")
    return value


def _own_path(value: str) -> str:
    if value.startswith(OWN_PATHS) or value == "/":
        raise ValueError(f"{value} would hide what the gateway answers itself; begin with another word")
    return value


def _sound_limits(value: str) -> str:
    if value:
        try:
            parse_many(value)
        except ValueError:
            raise ValueError("limits are such as 20/second or 100/minute;1000/hour") from None
    return value


class ReplicaEntry(_Part):
    """One address of a service. `name` is what the header X-Served-By says."""

    url: Annotated[str, AfterValidator(sound_url)]
    name: Name | None = None
    concurrent: PositiveCount | None = None

    @property
    def shown(self) -> str:
        """The name, else host and port."""
        return self.name or urlsplit(self.url).netloc


def _as_entries(value: object) -> object:
    """A bare address is a replica without more."""
    return [{"url": each} if isinstance(each, str) else each for each in value] if isinstance(value, list) else value


class ServiceEntry(_Part):
    """A service: equal replicas of the same models. Without `models`, the replicas are asked what they serve."""

    replicas: Annotated[tuple[ReplicaEntry, ...], BeforeValidator(_as_entries), Field(min_length=1, strict=False)]
    models: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False)] = ()
    fallback: str | None = None
    paths: dict[
        Annotated[str, AfterValidator(_sound_path), AfterValidator(_own_path)],
        Annotated[str, AfterValidator(_sound_path)],
    ] = Field(default_factory=dict)
    """Paths at the gateway that go to this service whatever they ask, with the service's own path for each. One that
    ends with a slash includes all subpaths. For requests without a model: GraphQL, sockets, documents."""

    @model_validator(mode="after")
    def _each_once(self) -> ServiceEntry:
        for what, values in (
            ("address", [each.url for each in self.replicas]),
            ("name", self.names),
            ("model", self.models),
        ):
            if twice := sorted({each for each in values if list(values).count(each) > 1}):
                raise ValueError(f"the {what} {twice[0]} is stated twice")
        for here, there in self.paths.items():
            if here.endswith("/") != there.endswith("/"):
                raise ValueError(f"paths: {here} and {there}: both end with a slash, or neither")
        return self

    @property
    def names(self) -> list[str]:
        """The names of the replicas, in their order."""
        return [each.shown for each in self.replicas]


class Front(_Part):
    """Where the gateway listens, and what it reads at most. The address is taken at the start and never after."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8000
    max_body_bytes: PositiveCount = 8 * 2**20
    max_header_bytes: PositiveCount = 2**16
    max_sockets: PositiveCount = 1000
    max_held_bytes: PositiveCount = DEFAULTS.max_held_bytes
    max_connections: PositiveCount = DEFAULTS.max_connections
    request_head_seconds: Seconds = DEFAULTS.request_head_seconds
    request_body_seconds: Seconds = DEFAULTS.request_body_seconds
    request_idle_seconds: Seconds = DEFAULTS.request_idle_seconds
    send_seconds: Seconds = DEFAULTS.send_seconds
    keep_alive_seconds: Seconds = 75.0
    """What one client may cost the others; `Limits` says what each of these bounds. Idle connections are kept longer
    than clients keep them, so that none is closed under a request."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _holds_a_body(self) -> Front:
        if self.max_held_bytes < self.max_body_bytes:
            raise ValueError("max_held_bytes is less than max_body_bytes: one body alone would be refused")
        return self

    @property
    def limits(self) -> Limits:
        """What the listener keeps to."""
        head, message = head_bytes(self.max_header_bytes), self.max_body_bytes
        return limits_of(self, max_head_bytes=head, max_message_bytes=message)


LISTENER = (
    "host",
    "port",
    "max_held_bytes",
    "max_connections",
    "request_head_seconds",
    "request_body_seconds",
    "request_idle_seconds",
    "send_seconds",
    "keep_alive_seconds",
)
"""Settings of `Front` that are taken at the start alone."""


class Security(_Part):
    """Who may call and how often. Keys are in files and variables, never here; `access.py` reads them."""

    api_key_file: str = ""
    api_key_header: HeaderName = "Authorization"
    admin_key_file: str = ""
    rate_limit: Annotated[str, AfterValidator(_sound_limits)] = ""
    tls_certificate: str = ""
    tls_key: str = ""
    allowed_hosts: HostNames = ()
    """Names by which it is asked, beside those of loopback; where it listens beyond that: any, unless set."""
    allowed_origins: Origins = ()
    """Web pages of other origins that may ask."""
    trusted_proxies: Proxies = ()
    """Whose word is taken for the address that a request comes from."""

    @property
    def allowed(self) -> Allowed:
        """Who may ask."""
        return Allowed(self.allowed_hosts, self.allowed_origins, self.trusted_proxies)

    @model_validator(mode="after")
    def _goes_together(self) -> Security:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key go together: name both, or neither")
        return self


class Leases(_Part):
    """Services that announce themselves: for how long at once, and how many."""

    seconds: Seconds = 30.0
    longest_seconds: Seconds = 300.0
    most: PositiveCount = 256


class Probes(_Part):
    """How replicas are looked at: `failures` bad answers in a row take one out, a good one brings it back."""

    path: Annotated[str, Field(pattern=r"^/\S*$")] = "/health"
    interval_seconds: Seconds = 2.0
    timeout_seconds: Seconds = 1.0
    failures: PositiveCount = 2


class BreakerFigures(_Part):
    """When a replica's breaker opens, how long it stays so, and how many requests try it afterwards."""

    failures: PositiveCount = 5
    open_seconds: Seconds = 10.0
    trials: PositiveCount = 1


class QueueFigures(_Part):
    """How many requests wait for a service, and how long."""

    length: Count = 128
    wait_seconds: Seconds = 30.0


class Upstream(_Part):
    """How a replica is asked: requests at once, time-outs, and attempts at other replicas after the first."""

    concurrent: PositiveCount = 64
    connect_seconds: Seconds = 2.0
    answer_seconds: Seconds = 120.0
    silence_seconds: Seconds = 60.0
    retries: Count = 2
    key: Literal["callers", "own", "none"] = "callers"
    """Whose key a service is shown: the caller's as it came, the gateway's own in place of it, or no key."""
    key_file: str = ""
    ca_file: str = ""
    """Certificates that vouch for services at https addresses, in place of the system's."""


class Configuration(_Part):
    """All of it."""

    gateway: Front = Front()
    services: dict[Name, ServiceEntry] = Field(default_factory=dict)
    """None are needed where services announce themselves."""
    security: Security = Security()
    leases: Leases = Leases()
    probes: Probes = Probes()
    breaker: BreakerFigures = BreakerFigures()
    queue: QueueFigures = QueueFigures()
    upstream: Upstream = Upstream()

    @model_validator(mode="after")
    def _fits_together(self) -> Configuration:
        served: dict[str, str] = {}
        routed: dict[str, str] = {}
        for name, service in self.services.items():
            if service.fallback is not None and service.fallback not in self.services.keys() - {name}:
                raise ValueError(f"services.{name}.fallback: {service.fallback!r} is not another service of this file")
            for model in service.models:
                if model in served:
                    raise ValueError(f"services.{name}.models: {model!r} is a model of {served[model]} already")
                served[model] = name
            for path in service.paths:
                if path in routed:
                    raise ValueError(f"services.{name}.paths: {path} is a path of {routed[path]} already")
                routed[path] = name
        return self
