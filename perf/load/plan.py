"""A load plan: target, rate, duration and prompts. Pure data, plain JSON."""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from signoff.perf.client import bounds
from signoff.perf.client.endpoint import Endpoint
from signoff.perf.errors import PlanInvalid
from signoff.perf.load import arrivals as arrival_times
from signoff.perf.load.prompts import words
from signoff.perf.load.trace import Traced

Arrivals = Literal["constant", "poisson", "ramp", "step", "trace", "closed_loop"]
_PLACE = "\ue000signoff-marker\ue000"


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """One run: open loop, unless `arrivals` is "closed_loop".

    A ramp goes from `ramp_from_per_second` to the rate, steps take `steps_per_second` in turn, and a trace has its own
    times and lengths (perf/load/trace.py); `rate_per_second` is then the mean rate. A closed loop keeps `closed_loop`
    requests in flight for the duration: a request is due when an earlier one has ended, so that its latencies suffer
    from coordinated omission. `prompt_tokens` adds this number of generated words after the marker.

    `timeout_s` counts from the intended time. `vary` puts a unique marker in front of the last user message (or the
    prompt) of each request, because a repeated prompt would measure the server's prefix cache. `limit_ms` and `figure`
    (the judged figure: the mean, or the p99) decide how late the client may be: by at most 2 % of the limit, or of each
    measured figure (of the means, or of all) without a limit. With `judged_apart` they decide nothing: each limit is
    decided with the client's part held against it (perf/load/time_limit.py). `any_answer` accepts each answer of status
    2xx: that of a route without completions.
    Raises PlanInvalid.
    """

    url: str
    body: Mapping[str, Any]
    rate_per_second: float
    duration_s: float
    timeout_s: float
    headers: Mapping[str, str] = field(default_factory=dict)
    arrivals: Arrivals = "constant"
    seed: int = 1
    stream: bool = False
    vary: bool = True
    limit_ms: float | None = None
    figure: Literal["mean", "p99"] = "p99"
    verify_tls: bool = True
    more_bodies: tuple[Mapping[str, Any], ...] = ()
    ramp_from_per_second: float = 0.0
    steps_per_second: tuple[float, ...] = ()
    trace: tuple[Traced, ...] = ()
    closed_loop: int = 0
    prompt_tokens: int = 0
    method: str = "POST"
    any_answer: bool = False
    judged_apart: bool = False

    def __post_init__(self) -> None:
        endpoint = Endpoint.of(self.url)
        endpoint.head(self.headers, None, self.stream)
        if self.method not in ("GET", "POST"):
            raise PlanInvalid(f"a load of {self.method} requests: GET or POST")
        if not (math.isfinite(self.timeout_s) and self.timeout_s > 0):
            raise PlanInvalid(f"a time-out of {self.timeout_s:g} s: it must be above zero")
        if self.limit_ms is not None and not self.limit_ms > 0:
            raise PlanInvalid(f"a limit of {self.limit_ms:g} ms: it must be above zero")
        if self.arrivals not in get_args(Arrivals):
            raise PlanInvalid(f"arrivals {self.arrivals!r}: {', '.join(get_args(Arrivals)[:-1])} or closed_loop")
        if (self.arrivals == "closed_loop") != (self.closed_loop > 0):
            raise PlanInvalid(f"a closed loop of {self.closed_loop} requests in flight: it needs at least one")
        if (self.arrivals == "trace") != bool(self.trace):
            raise PlanInvalid("a trace without a request, or one that is not replayed")
        if not 0 <= self.prompt_tokens <= 10_000_000:
            raise PlanInvalid(f"prompts of {self.prompt_tokens} words: from 0 to 10 million")
        if self.figure not in ("mean", "p99"):
            raise PlanInvalid(f"figure {self.figure!r}: mean or p99")
        self.bodies()

    def offsets_ns(self) -> tuple[int, ...]:
        """When each request is due, from the start of the run; nothing of a closed loop. Raises PlanInvalid."""
        match self.arrivals:
            case "poisson":
                return arrival_times.poisson(self.rate_per_second, self.duration_s, self.seed)
            case "ramp":
                return arrival_times.ramp(self.ramp_from_per_second, self.rate_per_second, self.duration_s)
            case "step":
                return arrival_times.steps(self.steps_per_second, self.duration_s)
            case "trace":
                return tuple(round(at_s * 1e9) for at_s, _, _ in self.trace)
            case "closed_loop":
                arrival_times.check_duration(self.duration_s)
                return ()
            case _:
                return arrival_times.constant(self.rate_per_second, self.duration_s)

    def most_requests(self) -> float:
        """About how many requests the run makes, known without making the schedule; infinite for a closed loop."""
        match self.arrivals:
            case "trace":
                return len(self.trace)
            case "ramp":
                return (self.ramp_from_per_second + self.rate_per_second) / 2 * self.duration_s
            case "step":
                return sum(self.steps_per_second) / max(1, len(self.steps_per_second)) * self.duration_s
            case "closed_loop":
                return math.inf
            case _:
                return self.rate_per_second * self.duration_s

    def most_events(self) -> int:
        """How many events the stream of an answer may have before it counts as one without end."""
        bodies = (self.body, *self.more_bodies)
        asked = [{**self.body, "max_tokens": answer} for _, _, answer in self.trace if answer is not None]
        return bounds.most_events([*bodies, *asked])

    def bodies(self) -> Bodies:
        """What to send, by the number of the request."""
        if self.method == "GET":
            return Bodies(((b"", b""),), self.seed, vary=False)
        halves = tuple(self._halves(body) for body in (self.body, *self.more_bodies))
        usual = self.body.get("max_tokens")
        lengths = tuple((prompt, usual if answer is None else answer) for _, prompt, answer in self.trace)
        return Bodies(halves, self.seed, self.vary, self.prompt_tokens, lengths)

    def _halves(self, original: Mapping[str, Any]) -> tuple[bytes, bytes]:
        body = copy.deepcopy(dict(original))
        if self.stream:
            body["stream"] = True
        if self.trace:  # each request has a length of its own
            body.pop("max_tokens", None)
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
        lists = {name: list(values[name]) for name in ("steps_per_second", "trace")}
        return {**values, **lists, "body": dict(self.body), "more_bodies": more, "headers": dict(self.headers)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> LoadPlan:
        """The plan of a stored run or a message. Raises PlanInvalid."""
        names = {each.name for each in fields(cls)}
        unknown = set(record) - names - {"record"}
        if unknown:
            raise PlanInvalid(f"not a load plan: unknown {', '.join(sorted(unknown))}")
        values = {name: value for name, value in record.items() if name in names}
        for name in ("more_bodies", "steps_per_second"):
            values[name] = tuple(values.get(name, ()))
        values["trace"] = tuple(tuple(each) for each in values.get("trace", ()))
        try:
            return cls(**values)
        except TypeError as error:
            raise PlanInvalid(f"not a load plan: {error}") from None


@dataclass(frozen=True, slots=True)
class Bodies:
    """The body of request number n: the same for the same seed, however many processes send it.

    `halves` are what is before and after the marker, of each body in turn. `lengths` are tokens of the
    prompt and of the answer by the number of the request, where a trace reports them.
    """

    halves: tuple[tuple[bytes, bytes], ...]
    seed: int
    vary: bool
    prompt_tokens: int = 0
    lengths: tuple[tuple[int | None, int | None], ...] = ()

    def of(self, sequence: int) -> bytes:
        before, after = self.halves[sequence % len(self.halves)]
        prompt_tokens, answer_tokens = self.lengths[sequence] if self.lengths else (None, None)
        wanted = self.prompt_tokens if prompt_tokens is None else prompt_tokens
        if self.vary:
            if wanted:
                after = b"%s %s" % (words(wanted, self.seed, sequence), after)
            marker = hashlib.sha256(f"{self.seed}:{sequence}".encode()).hexdigest()[:12]
            before = b"%s[%s] " % (before, marker.encode())
        if answer_tokens is None:
            return before + after
        return b'%s, "max_tokens": %d}' % ((before + after)[:-1], max(1, answer_tokens))


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
