"""`signoff load` over several machines: options, master and worker."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Final

from signoff.acceptance.errors import UsageError
from signoff.reports.terminal import show

if TYPE_CHECKING:
    from signoff.perf.distributed.load_master import RemoteWorkers

PORT: Final = 5557
"""Locust's."""
_HOST: Final = re.compile(r"[\w.:%-]{1,253}|\[[\w.:%]+\]")
_PORT_NUMBER: Final = re.compile(r"[0-9]{1,5}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options for runs over several machines."""
    group = parser.add_argument_group("several machines (needs the extra locust)")
    group.add_argument("--master", action="store_true", help="coordinate workers on other machines")
    group.add_argument(
        "--bind", default=f"127.0.0.1:{PORT}", metavar="HOST:PORT",
        help=f"where the master listens (default: 127.0.0.1:{PORT}; messages are not encrypted)",
    )  # fmt: skip
    group.add_argument("--expect-workers", type=int, metavar="N", help="start when this number of workers has joined")
    group.add_argument("--worker", metavar="HOST[:PORT]", help="be a worker of the master there; takes no URL")
    group.add_argument(
        "--wait", type=float, default=300.0, metavar="S", help="time to wait for the other workers (default: 300)"
    )


def address(text: str, option: str) -> tuple[str, int]:
    """Host and port. Raises UsageError."""
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host, port = text, str(PORT)
    if not _HOST.fullmatch(host) or not _PORT_NUMBER.fullmatch(port) or int(port) >= 1 << 16:
        raise UsageError(f"{option} {text!r} is no address", f"give HOST:PORT, such as 192.0.2.7:{PORT}")
    return host, int(port)


def check(arguments: argparse.Namespace) -> None:
    """Raises UsageError if the options do not go together."""
    if not arguments.master:
        if arguments.expect_workers is not None:
            raise UsageError("--expect-workers is for a master", "add --master")
        return
    if arguments.expect_workers is None:
        raise UsageError("--master needs --expect-workers N", "say how many machines will join")
    if arguments.workers != 1:
        raise UsageError(
            "--workers shares a run among processes of this machine, --master among others",
            "start several `signoff load --worker` on a machine that is to carry several shards",
        )
    address(arguments.bind, "--bind")


def workers_of(arguments: argparse.Namespace) -> RemoteWorkers:
    """The workers that will join. Raises PlanInvalid if Locust is missing or the address is taken."""
    from signoff.perf.distributed.load_master import RemoteWorkers

    host, port = address(arguments.bind, "--bind")
    return RemoteWorkers(host, port, arguments.expect_workers, wait_s=arguments.wait, say=_say)


def serve(arguments: argparse.Namespace) -> int:
    """Be a worker until the master says goodbye."""
    from signoff.acceptance.commands.loading import load_request
    from signoff.perf.distributed.load_worker import serve

    if arguments.url is not None or arguments.master:
        raise UsageError("a worker takes no URL and is no master", "the master says where requests go")
    host, port = address(arguments.worker, "--worker")
    load_request.remember_secrets(arguments)
    headers = load_request.headers(arguments)
    serve(host, port, headers, wait_s=arguments.wait, say=_say)
    return 0


def _say(text: str) -> None:
    show(text, on="err")
