"""What remains after a run stopped the service that it started."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence

from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.measuring.site import Site
from signoff.perf.processes.process_identity import ProcessIdentity

GRACE_S = 3.0
POLL_S = 0.05
CONNECT_TIMEOUT_S = 2.0


def processes(site: Site) -> Sequence[ProcessIdentity]:
    """The processes of the stopped service. Raises NotMeasurable for a service that the run did not stop."""
    if site.service or not site.stopped:
        raise NotMeasurable(
            f"{site.deployment.target} was not started by this run, and only a service that Signoff started is stopped",
            "let the deployment file start the service: [start] service = ...",
        )
    return site.stopped


def settled(is_over: Callable[[], bool]) -> float:
    """Wait until it is over or the grace time has passed; returns the seconds waited."""
    begin = time.monotonic()
    while not is_over() and time.monotonic() - begin < GRACE_S:
        time.sleep(POLL_S)
    return round(time.monotonic() - begin, 3)


def accepts(host: str, port: int) -> bool:
    """Whether something still accepts connections there."""
    try:
        with socket.create_connection((host, port), CONNECT_TIMEOUT_S):
            return True
    except OSError:
        return False
