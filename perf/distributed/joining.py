"""How a worker joins a master, reasons to refuse a worker, and the transferred part of a plan."""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import socket
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from signoff.perf.errors import PlanInvalid
from signoff.perf.load.plan import LoadPlan
from signoff.perf.redaction import known_secrets

JOIN: Final = "signoff_join"
WELCOME: Final = "signoff_welcome"
REFUSED: Final = "signoff_refused"
CLOCK: Final = "signoff_clock"
PLAN: Final = "signoff_plan"
RECORDS: Final = "signoff_records"
ENDED: Final = "signoff_ended"
START: Final = "signoff_start"
STOP: Final = "signoff_stop"
GOODBYE: Final = "signoff_goodbye"


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of the code that measures: two releases with the same number may still differ in it."""
    digest = hashlib.sha256()
    folder = Path(__file__).parents[1]
    for file in sorted(folder.rglob("*.py")):
        digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Joining:
    """A worker that joins. `nonce` is drawn once per worker process."""

    nonce: str
    version: str
    code: str
    host: str
    pid: int
    python: str

    @classmethod
    def own(cls) -> Joining:
        """This process."""
        return cls(
            nonce=secrets.token_hex(8),
            version=metadata.version("signoff"),
            code=code_digest(),
            host=socket.gethostname(),
            pid=os.getpid(),
            python=platform.python_version(),
        )

    @classmethod
    def of(cls, message: object) -> Joining | None:
        """Of a message; None if it is none."""
        if not isinstance(message, Mapping):
            return None
        try:
            found = cls(**message)
        except TypeError:
            return None
        return found if all(isinstance(each, str | int) for each in asdict(found).values()) else None

    @property
    def name(self) -> str:
        """Its name for people."""
        return f"{self.host} (pid {self.pid})"

    def as_message(self) -> dict[str, Any]:
        return asdict(self)


def refusal(joining: Joining | None, own: Joining, joined: Collection[str], expected: int) -> tuple[str, str] | None:
    """The reason to refuse this worker, and a hint; None to accept it. `joined` are the nonces of accepted workers."""
    if joining is None:
        return "it does not introduce itself as this version does", "install the version of the master on this machine"
    if (joining.version, joining.code) != (own.version, own.code):
        return (
            f"it is Signoff {joining.version} (code {joining.code}), the master is {own.version} (code {own.code})",
            "install the version of the master on this machine",
        )
    if joining.nonce in joined:
        return "it has joined already", "start each worker once"
    if len(joined) >= expected:
        return (
            f"it is late: all {expected} workers have joined, and a run does not change them",
            "give the master a higher --expect-workers, or end this one",
        )
    return None


def without_secrets(plan: LoadPlan) -> dict[str, Any]:
    """The message of a plan; for a secret header it contains only the name.

    Locust's messages are neither encrypted nor signed: no key is ever in one, each worker has its own.
    """
    headers = {
        name: "" if known_secrets.names_secret(name) or known_secrets.redacted(value) != value else value
        for name, value in plan.headers.items()
    }
    return {**plan.as_message(), "headers": headers}


def with_own_headers(message: Mapping[str, Any], own: Mapping[str, str]) -> LoadPlan:
    """The master's plan with this worker's headers; secrets come only from them. Raises PlanInvalid."""
    mine = {name.lower(): value for name, value in own.items()}
    headers = {}
    for name, value in message["headers"].items():
        if (not value or known_secrets.names_secret(name)) and not mine.get(name.lower()):
            raise PlanInvalid(
                f"the run needs the header {name}, whose value does not travel between machines",
                "start this worker with its own --api-key-env NAME, or --header",
            )
        headers[name] = mine.get(name.lower(), value)
    return LoadPlan.from_record({**message, "headers": headers})
