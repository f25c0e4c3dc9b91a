"""The account of one request: its metrics and its line in the log, however it ends."""

from __future__ import annotations

import logging
import time

from signoff.reference_services.gateway import LOGGER
from signoff.reference_services.gateway.services.metrics import NO_SERVICE, Metrics
from signoff.reference_services.web.access.connection import CLIENT_LEFT

log = logging.getLogger(LOGGER)


class Account:
    """Filled in during the request. It has no header and no body, so that neither is ever logged."""

    def __init__(self, metrics: Metrics, method: str, path: str, request_id: str) -> None:
        self._metrics = metrics
        self._begin = time.perf_counter()
        self._fields: dict[str, object] = {"request_id": request_id, "method": method, "path": path}
        self._is_open = True
        self.service = NO_SERVICE
        self.replica = ""
        self.attempts = 0
        self.bytes = 0

    def began(self) -> None:
        """The answer begins."""
        self._metrics.first_byte.labels(self.service).observe(time.perf_counter() - self._begin)

    def close(self, status: int, outcome: str = "") -> None:
        """The request has ended; only the first call counts. `outcome` says what the status does not."""
        if not self._is_open:
            return
        self._is_open = False
        took_s = time.perf_counter() - self._begin
        if status == CLIENT_LEFT:
            self._metrics.cancelled.labels(self.service).inc()
        self._metrics.requests.labels(self.service, str(status)).inc()
        self._metrics.latency.labels(self.service).observe(took_s)
        level = logging.DEBUG if status < 400 and not outcome else logging.INFO
        if not log.isEnabledFor(level):
            return
        where = {"service": self.service, "replica": self.replica, "attempts": self.attempts}
        what = {"status": status, "bytes": self.bytes, "seconds": round(took_s, 4)}
        fields = {**self._fields, **where, **what, **({"outcome": outcome} if outcome else {})}
        log.log(level, "request", extra={"fields": fields})
