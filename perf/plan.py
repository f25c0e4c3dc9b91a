"""What a load run offers: where, how often, for how long, and with which prompts. Pure data, plain JSON."""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from perf import arrivals as arrival_times
from perf.endpoint import Endpoint
from perf.errors import PlanInvalid

_PLACE = "\ue000signoff-marker\ue000"


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """One open-loop run.

    `timeout_s` counts from the intended time; five times the limit is usual. `vary` puts a marker of its own
    into the last user message (or the prompt) of each request, in front, because a repeated prompt would
    measure the server's prefix cache. `limit_ms` and `figure` (what is judged: the mean, or the p99) decide
    how late the client may be: by at most 2 % of the limit, or of the measured figure where there is none.
    Raises PlanInvalid.
    """

    url: str
    body: Mapping[str, Any]
    rate_per_second: float
    duration_s: float
    timeout_s: float
    headers: Mapping[str, str] = field(default_factory=dict)
    arrivals: Literal["constant", "poisson"] = "constant"
    seed: int = 1
    stream: bool = False
    vary: bool = True
    limit_ms: float | None = None
    figure: Literal["mean", "p99"] = "p99"
    verify_tls: bool = True
    more_bodies: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        endpoint = Endpoint.of(self.url)
        endpoint.head(self.headers, None, self.stream)
        if not (math.isfinite(self.timeout_s) and self.timeout_s > 0):
            raise PlanInvalid(f"a time-out of {self.timeout_s:g} s: it must be above zero")
        if self.limit_ms is not None and not self.limit_ms > 0:
            raise PlanInvalid(f"a limit of {self.limit_ms:g} ms: it must be above zero")
        if self.arrivals not in ("constant", "poisson"):
            raise PlanInvalid(f"arrivals {self.arrivals!r}: constant or poisson")
        if self.figure not in ("mean", "p99"):
            raise PlanInvalid(f"figure {self.figure!r}: mean or p99")
        self.bodies()

    def offsets_ns(self) -> tuple[int, ...]:
        """When each request is due, from the start of the run."""
        if self.arrivals == "poisson":
            return arrival_times.poisson(self.rate_per_second, self.duration_s, self.seed)
        return arrival_times.constant(self.rate_per_second, self.duration_s)

    def bodies(self) -> Bodies:
        """What to send, by the number of the request."""
        return Bodies(tuple(self._halves(body) for body in (self.body, *self.more_bodies)), self.seed, self.vary)

    def _halves(self, original: Mapping[str, Any]) -> tuple[bytes, bytes]:
        body = copy.deepcopy(dict(original))
        if self.stream:
            body["stream"] = True
        if self.vary:
            _mark(body)
        try:
            before, _, after = json.dumps(body, ensure_ascii=False).partition(_PLACE)
            return before.encode(), after.encode()
        except (TypeError, ValueError) as error:  # a lone surrogate is a ValueError as well
            raise PlanInvalid(f"the body is not JSON in UTF-8: {error}") from None

    def as_record(self) -> dict[str, Any]:
        """Plain JSON for a stored run; header values are left out because they may be keys."""
        record = {"record": "plan", **self.as_message()}
        record["headers"] = dict.fromkeys(self.headers, "")
        return record

    def as_message(self) -> dict[str, Any]:
        """Plain JSON with everything, for the process that runs the plan."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        more = [dict(body) for body in self.more_bodies]
        return {**values, "body": dict(self.body), "more_bodies": more, "headers": dict(self.headers)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> LoadPlan:
        """The plan of a stored run or a message. Raises PlanInvalid."""
        names = {each.name for each in fields(cls)}
        unknown = set(record) - names - {"record"}
        if unknown:
            raise PlanInvalid(f"not a load plan: unknown {', '.join(sorted(unknown))}")
        values = {name: value for name, value in record.items() if name in names}
        values["more_bodies"] = tuple(values.get("more_bodies", ()))
        try:
            return cls(**values)
        except TypeError as error:
            raise PlanInvalid(f"not a load plan: {error}") from None


@dataclass(frozen=True, slots=True)
class Bodies:
    """The body of request number n: the same for the same seed, however many processes send it.

    `halves` are what stands before and after the marker, of each body in turn.
    """

    halves: tuple[tuple[bytes, bytes], ...]
    seed: int
    vary: bool

    def of(self, sequence: int) -> bytes:
        before, after = self.halves[sequence % len(self.halves)]
        if not self.vary:
            return before
        marker = hashlib.sha256(f"{self.seed}:{sequence}".encode()).hexdigest()[:12]
        return b"%s[%s] %s" % (before, marker.encode(), after)


def _mark(body: dict[str, Any]) -> None:
    """Puts the place of the marker in front of the last user message or of the prompt."""
    messages = body.get("messages")
    for message in reversed(messages if isinstance(messages, list) else []):
        if not isinstance(message, dict) or message.get("role") != "user":
            continue
        content = message.get("content")
        if isinstance(content, str):
            message["content"] = _PLACE + content
            return
        for part in content if isinstance(content, list) else []:
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                part["text"] = _PLACE + part["text"]
                return
    if isinstance(body.get("prompt"), str):
        body["prompt"] = _PLACE + body["prompt"]
        return
    raise PlanInvalid(
        "the body has neither a user message nor a prompt to vary",
        "give messages with a user message, or a prompt; or send the same body each time with vary=False",
    )
