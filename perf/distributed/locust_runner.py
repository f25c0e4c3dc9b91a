"""Locust's master and worker without the patches that its import makes: gevent is used by name here.

Only code that needs Locust imports this module; Locust is an extra.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Any, Final

from signoff.perf.errors import PlanInvalid

_NO_PATCH: Final = "LOCUST_SKIP_MONKEY_PATCH"

try:
    _before = os.environ.get(_NO_PATCH)
    os.environ[_NO_PATCH] = "1"
    import gevent
    from locust.env import Environment
    from locust.exception import RPCError
    from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner
except ImportError as error:
    raise PlanInvalid(f"runs on several machines need Locust ({error})", "pip install 'signoff[locust]'") from None
finally:  # a Locust that this process starts is to patch itself as ever
    os.environ.pop(_NO_PATCH)
    if _before is not None:
        os.environ[_NO_PATCH] = _before

Listener = Callable[[str, Any], None]
"""Gets the name of the node that sent a message, and the message."""


def master(host: str, port: int, listeners: dict[str, Listener]) -> MasterRunner:
    """A master that listens at this address (port 0: any free one). Raises PlanInvalid."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # Locust prints what it makes of an IPv6 address
            runner = Environment().create_master_runner(host, port)
    except (SystemExit, RPCError, OSError, ValueError) as error:  # a busy port ends the process, if Locust has its way
        why = "it is in use" if isinstance(error, SystemExit) else str(error)
        raise PlanInvalid(f"no master can listen at {host}:{port}: {why}", "give another --bind HOST:PORT") from None
    _listen(runner, listeners)
    return runner


def worker(host: str, port: int, on_heartbeat: Callable[[], None], listeners: dict[str, Listener]) -> WorkerRunner:
    """A worker of the master there; waits until it answers. Raises ConnectionError, after minutes."""
    environment = Environment()
    environment.events.heartbeat_received.add_listener(lambda **_: on_heartbeat())  # type: ignore[no-untyped-call]
    with contextlib.redirect_stdout(sys.stderr):
        runner = environment.create_worker_runner(host, port)
    _listen(runner, listeners)
    return runner


def is_lost(runner: MasterRunner, node: str) -> bool:
    """Whether the worker has left, or has not been heard for about four seconds."""
    return node not in runner.clients or runner.clients[node].state == STATE_MISSING


def close(runner: MasterRunner | WorkerRunner) -> None:
    """Ends the runner without waiting for messages that are no longer read."""
    runner.greenlet.kill(block=True)
    gevent.sleep(0)
    wire = runner.server if isinstance(runner, MasterRunner) else runner.client
    wire.close(linger=500)  # type: ignore[no-untyped-call]


def _listen(runner: MasterRunner | WorkerRunner, listeners: dict[str, Listener]) -> None:
    for kind, listener in listeners.items():

        def take(listener: Listener = listener, **given: Any) -> None:
            listener(given["msg"].node_id, given["msg"].data)

        runner.register_message(kind, take)
