"""From a request to the start of its answer: service, replica, retries.

Retry policy: a request goes to another replica only where doing it twice is doing it once.

- Without a connection, nothing was sent: any request is retried on the next replica.
- Where a replica took the request and broke off before its answer, GET and DELETE of a session's record are repeated,
  and what leaves nothing behind (a completion, embeddings, without a session) once: what kills replicas kills two at
  most. The turn of a session, GraphQL and configured paths are not repeated: their side effects are unknown.
- Nothing is repeated that took too long. After the first byte of an answer nothing is repeated either, be it one that
  cannot be understood, and an error that a replica answers with is its answer.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from signoff.reference_services.gateway.forwarding.account import Account
from signoff.reference_services.gateway.forwarding.asked import Asked
from signoff.reference_services.gateway.forwarding.connection import Failed
from signoff.reference_services.gateway.forwarding.upstream import Answer, Upstream
from signoff.reference_services.gateway.services.directory import Directory
from signoff.reference_services.gateway.services.metrics import Metrics
from signoff.reference_services.gateway.services.replica import Lease, Replica
from signoff.reference_services.gateway.services.service import Overloaded, Service, Unavailable
from signoff.reference_services.web.access.failures import Refused

MOST_WHOLE_BYTES = 2**20
Result = TypeVar("Result")
EVENT_STREAM = "text/event-stream"


@dataclass(slots=True)
class Opened:
    """An answer that has begun. `body` is all of it where it was short and stated its length."""

    answer: Answer
    lease: Lease
    silence_s: float
    body: bytes | None = None
    fallback: str | None = None
    """The model that answers in place of the one that was asked for."""

    @property
    def is_sound(self) -> bool:
        """Whether the replica is not at fault."""
        return self.answer.status < 500

    @property
    def is_stream(self) -> bool:
        """Whether it is a stream of events."""
        return self.answer.header(b"content-type").partition(";")[0].strip().lower() == EVENT_STREAM

    @property
    def is_short(self) -> bool:
        """Whether it is read completely before it is forwarded, so that a broken one can still become an error."""
        length = self.answer.header(b"content-length")
        return not self.is_stream and length.isdigit() and int(length) <= MOST_WHOLE_BYTES

    def end(self) -> None:
        """All of the answer has come."""
        if self.is_sound:
            self.lease.completed()
        else:
            self.lease.failed()


def no_such_model(model: str) -> Refused:
    """The refusal for an unknown model."""
    return Refused(
        404, f"No service has the model {model!r}; /v1/models lists what there is.", "model_not_found", "model"
    )


class Forwarding:
    """Sends requests on."""

    def __init__(self, directory: Directory, upstream: Upstream, metrics: Metrics) -> None:
        self._directory = directory
        self._upstream = upstream
        self._metrics = metrics

    def of_model(self, model: str) -> Service:
        """The service of a model. Raises Refused."""
        service = self._directory.of_model(model)
        if service is None:
            raise no_such_model(model)
        return service

    async def open(self, service: Service, asked: Asked, account: Account) -> Opened:
        """The answer's beginning, from the service, else from its fallback. Raises Refused."""
        account.service = service.name
        seen = {service.name}
        now, instead = service, asked
        first: Unavailable | None = None
        while True:
            try:
                opened = await self.attempts(now, instead, account, self._attempt)
            except Unavailable as unavailable:
                # What is told in the end is about the model that was asked for.
                first = first or unavailable
                following = self._fallback(now) if asked.model else None
                if following is None or following.name in seen:
                    self._metrics.refused.labels(service.name, "unavailable").inc()
                    raise first from None
                seen.add(following.name)
                now, instead = following, asked.for_model(following.models[0])
                continue
            if now is not service:
                opened.fallback = instead.model
                self._metrics.fallbacks.labels(service.name, now.name).inc()
            return opened

    def _fallback(self, service: Service) -> Service | None:
        following = self._directory.services.get(service.fallback or "")
        return following if following is not None and following.models else None

    async def attempts(
        self,
        service: Service,
        asked: Asked,
        account: Account,
        attempt: Callable[[Lease, Asked], Awaitable[Result]],
    ) -> Result:
        """What an attempt gives, at one replica after the other, by the rule.

        Raises Refused; Unavailable if nothing was sent.
        """
        tried: frozenset[Replica] = frozenset()
        problem: Refused | None = None
        broken = 0
        while True:
            begin = time.perf_counter()
            try:
                lease = await service.acquire(asked.priority, asked.session, tried)
            except Overloaded as overloaded:
                self._metrics.refused.labels(service.name, overloaded.reason).inc()
                raise
            except Unavailable as unavailable:
                raise problem or unavailable from None
            self._metrics.wait.labels(service.name).observe(time.perf_counter() - begin)
            if tried:
                self._metrics.retries.labels(service.name).inc()
            account.replica, account.attempts = lease.replica.name, account.attempts + 1
            self._metrics.upstream_requests.labels(service.name, lease.replica.name).inc()
            try:
                return await attempt(lease, asked)
            except Failed as failed:
                self._metrics.upstream_errors.labels(service.name, lease.replica.name, failed.kind).inc()
                broken += failed.stage != "unsent"
                problem = self._refusal(failed, service.name, lease.replica.name, broken)
                if not _may_repeat(failed, asked, broken) or (
                    len(tried) >= self._directory.configuration.upstream.retries
                ):
                    raise problem from None
                tried |= {lease.replica}

    async def _attempt(self, lease: Lease, asked: Asked) -> Opened:
        """Raises Failed. The slot is given back, unless an answer is left that still comes."""
        figures = self._directory.configuration.upstream
        answer: Answer | None = None
        try:
            answer = await self._upstream.open(lease.replica, asked, figures)
            opened = Opened(answer, lease, figures.silence_seconds)
            if opened.is_sound:
                lease.answered()
            else:
                self._metrics.upstream_errors.labels(lease.replica.service, lease.replica.name, "status").inc()
            if opened.is_short:
                opened.body = b"".join([part async for part in answer.parts(opened.silence_s)])
                opened.end()
        except BaseException as error:
            if isinstance(error, Failed):
                lease.failed()
            else:
                lease.abandoned()
            if answer is not None:
                answer.close()
            raise
        return opened

    def _refusal(self, failed: Failed, service: str, replica: str, broken: int) -> Refused:
        if failed.stage == "unsent":
            return Unavailable(service, 1)
        why = "It may have worked on the request, which was therefore not repeated."
        if broken > 1:
            why = f"So did {broken - 1} before it."
        if failed.kind == "timeout":
            seconds = self._directory.configuration.upstream.answer_seconds
            return Refused(504, f"{replica} did not answer within {seconds:g} s. {why}", "upstream_timeout")
        what = f"answered with invalid HTTP ({failed.why})" if failed.kind == "malformed" else "broke off"
        return Refused(502, f"{replica} {what}. {why}", "upstream_failed")


def _may_repeat(failed: Failed, asked: Asked, broken: int) -> bool:
    """`broken`: at how many replicas it was cut off, this one included."""
    if failed.stage == "unsent":
        return True
    # Where time ran out, the caller has waited long enough, and the next one would take as long.
    if failed.stage == "answering" or failed.kind == "timeout":
        return False
    return asked.repeats == "often" or (asked.repeats == "once" and broken == 1)
