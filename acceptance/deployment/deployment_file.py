"""What a deployment file may hold: its keys, their types, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from signoff.acceptance.deployment import address
from signoff.reports.mistake import Mistake, Words
from signoff.reports.model import Rule, Wanted

AUTHORIZATION = "Authorization"
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TEXT, _TEXTS, _TABLE = Wanted("a text"), Wanted("a list of texts"), Wanted("a table")
NamedTexts = Mapping[str, Annotated[str, Meta(min_length=1), _TEXT]]
Positive = Annotated[float, Meta(gt=0, le=1e9), Wanted("a number above zero")]


def _header_problem(name: str) -> tuple[str, str] | None:
    if _HEADER.fullmatch(name):
        return None
    return f"api_key_header is no name of a header: {name!r}", "write it as X-API-Key"


def _call_problem(name: str) -> tuple[str, str] | None:
    parts = name.split(".")
    if len(parts) > 1 and all(part.isidentifier() and not part.startswith("_") for part in parts):
        return None
    return (
        f"{name!r} is no public callable of a module",
        'write it as a program imports it: "MODULE.FUNCTION", "MODULE.CLASS" or "MODULE.CLASS.METHOD"',
    )


Url = Annotated[str, Wanted("a string with a URL, such as http://HOST:PORT"), Rule(address.problem)]
Arguments = Annotated[tuple[str, ...], _TEXTS, Meta(description="what follows `signoff serve SERVICE`")]
Config = Annotated[
    str | None, Wanted("the path of a file"), Meta(description="the service's settings, relative to this file")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A service that Signoff starts for the run and stops afterwards."""

    words: ClassVar[Words] = Words(missing=("[start] names no service", 'add: service = "hermes-2"'))

    service: Annotated[str, _TEXT, Meta(description="what `signoff serve` starts")]
    arguments: Arguments = ()
    config: Config = None
    timeout_s: Annotated[Positive, Meta(description="how long it may take until it is ready")] = 60.0
    url: Annotated[Url, Meta(description="where it is ready; a single service without one is at the target")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What `signoff night` compares the target with; without a service it is running already."""

    words: ClassVar[Words] = Words(missing=("[control] has no url", 'add: url = "http://HOST:PORT", where it listens'))

    url: Annotated[Url, Meta(description="where the control is")]
    service: Annotated[str, _TEXT, Meta(description="what `signoff serve` starts")] = ""
    arguments: Arguments = ()
    config: Config = None
    timeout_s: Annotated[Positive, Meta(description="how long it may take until it is ready")] = 60.0

    @staticmethod
    def rules(sound: Mapping[str, Any], wrong: Container[str]) -> Iterator[Mistake]:
        """What says how to start a service needs one."""
        if not sound.get("service") and "service" not in wrong and len(sound) > 1:
            message, hint = "[control] names no service", 'add: service = "hermes-2", or leave the url'
            yield Mistake((), "rule", message=message, hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """The interpreter of `python -c` criteria, and what documents may call."""

    python: Annotated[str, _TEXT, Meta(description="its path; empty for the one that runs Signoff")] = ""
    paths: Annotated[
        tuple[str, ...], _TEXTS, Meta(description="folders of its import path, relative to this file")
    ] = ()
    calls: Annotated[
        tuple[Annotated[str, _TEXT, Rule(_call_problem)], ...],
        _TEXTS,
        Meta(description="dotted names of the callables that documents may call, each by itself"),
    ] = ()
    timeout_s: Annotated[Positive, Meta(description="how long the calls of one command may take")] = 60.0
    memory_gb: Annotated[Positive, Meta(description="how much memory they may take")] = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentFile:
    """The file of `signoff run --deployment FILE`: services under test, addresses, and criteria out of reach."""

    words: ClassVar[Words] = Words(
        wrong=("{within}{key} must be {wanted}, not {value}", ""),
        unknown=("unknown key {name!r}{under}", "known keys: {wanted}"),
        missing=("no target", 'add: target = "http://HOST:PORT"'),
        rule=("{within}{message}", "{hint}"),
    )

    name: Annotated[str | None, _TEXT, Meta(description="the name in results; the file's, where it is not given")] = (
        None
    )
    target: Annotated[Url, Meta(description="the address of the service that is judged")]
    engine: Annotated[str, _TEXT, Meta(description="the engine's name, where the service does not report it")] = ""
    api_key_env: Annotated[str, _TEXT, Meta(description="the variable that holds the target's API key")] = ""
    api_key_header: Annotated[str, _TEXT, Rule(_header_problem), Meta(description="the header of the key")] = (
        AUTHORIZATION
    )
    api_keys: Annotated[NamedTexts, _TABLE, Meta(description="variables with the keys of services and roles")] = field(
        default_factory=dict
    )
    addresses: Annotated[NamedTexts, _TABLE, Meta(description="host:port of the document, or a role, to a URL")] = (
        field(default_factory=dict)
    )
    services: Annotated[
        Mapping[str, Annotated[Url, Meta(min_length=1), _TEXT]],
        _TABLE,
        Meta(description="where each of several services of one document runs"),
    ] = field(default_factory=dict)
    start: Annotated[
        Start | tuple[Annotated[Start, _TABLE], ...],
        Wanted("a table or a list of tables"),
        Meta(description="what Signoff starts for the run: [start], or [[start]] for several services"),
    ] = ()
    control: Annotated[Control | None, _TABLE] = None
    files: Annotated[
        NamedTexts, _TABLE, Meta(description="paths of the document to folders, relative to this file")
    ] = field(default_factory=dict)
    library: Annotated[Library | None, _TABLE] = None
    out_of_reach: Annotated[NamedTexts, _TABLE, Meta(description="kind or id to the reason")] = field(
        default_factory=dict
    )

    @staticmethod
    def rules(sound: Mapping[str, Any], wrong: Container[str]) -> Iterator[Mistake]:
        """What keys of several tables say of each other."""
        named: dict[str, str] = {**sound.get("addresses", {}), **sound.get("services", {})}
        for name, value in sound.get("addresses", {}).items():
            schemes = address.WEBSOCKET_SCHEMES if name == address.WEBSOCKET_ROLE else ()
            if "://" in value and (found := address.problem(value, schemes)):
                yield Mistake(("addresses", name), "rule", value, "", *found)
        if "addresses" not in wrong and "services" not in wrong:
            for name in (name for name in sound.get("api_keys", {}) if "://" not in named.get(name, "")):
                message = f"{name!r} is no service or role with a URL"
                hint = f'add {name} = "http://HOST:PORT" under [services] or [addresses]'
                yield Mistake(("api_keys", name), "rule", message=message, hint=hint)
        yield from _starts(sound.get("start", ()))
        control = sound.get("control")
        if control is not None and "target" in sound and _same(control.url, sound["target"]):
            hint = "give the control a different address"
            yield Mistake(("control", "url"), "rule", message="has the url of the target", hint=hint)


def _starts(starts: Start | tuple[Start, ...]) -> Iterator[Mistake]:
    """Each of several services has its own URL."""
    if isinstance(starts, Start) or len(starts) == 1:
        return
    seen: list[str] = []
    for index, start in enumerate(starts):
        if not start.url:
            hint = 'add: url = "http://HOST:PORT", where it listens'
            yield Mistake(("start", index), "rule", message=f"{start.service} has no url", hint=hint)
            continue
        url = address.checked(start.url)
        if url in seen:
            message = f"two services of [[start]] have the url {url}"
            yield Mistake(("start", index), "rule", message=message, hint="give each its own address")
        seen.append(url)


def _same(one: str, other: str) -> bool:
    return address.checked(one) == address.checked(other)
