"""`python -m signoff.reference_services.gateway.announce`: announce a service to a gateway until it is stopped.

It knows nothing of the service but its address, so that any engine can be announced. Started beside a service and ended
with it, it withdraws the service; where it is killed, the lease ends by itself. Exit: 0 stopped, 3 no gateway said yes
within the time for it, 4 arguments at fault or the gateway refused them.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import httpx

from signoff.reference_services.gateway.forwarding.upstream import trusted
from signoff.reference_services.gateway.services.access import ADMINS
from signoff.reference_services.web.access.keys import read_keys
from signoff.reference_services.web.serving.command_line import UNAVAILABLE, USAGE, Parser, complain, report_problems
from signoff.reference_services.web.settings import logs
from signoff.reference_services.web.settings.settings_problems import SettingsError

NAME = "announce"
TIMEOUT_S = 5.0
SOON_S = 1.0
"""The pause after a gateway that could not be reached."""
RENEWALS_A_LEASE = 3
log = logging.getLogger(NAME)


class Refused(Exception):
    """The gateway will not have it, however often it is asked."""


class NotReached(Exception):
    """The gateway cannot be asked now, or has no room."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Announce, renew, withdraw; the exit code."""
    parsed = _parser().parse_args(arguments)
    logs.set_up("INFO", False)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        keys = read_keys("--key-file", parsed.key_file, ADMINS)
        if len(keys) != 1:
            raise SettingsError([f"{len(keys)} keys are given; name one in --key-file or in the variable {ADMINS}"])
        logs.hide(keys)
        headers = {"Authorization": f"Bearer {keys[0]}"}
        with httpx.Client(
            base_url=parsed.gateway, headers=headers, verify=trusted(parsed.ca_file), timeout=TIMEOUT_S, trust_env=False
        ) as gateway:
            _run(gateway, _announcement(parsed), parsed.patience_seconds, stopped)
    except SettingsError as error:
        return report_problems(NAME, error)
    except (Refused, NotReached) as error:
        complain(NAME, error)
        return USAGE if isinstance(error, Refused) else UNAVAILABLE
    return 0


def _run(gateway: httpx.Client, announcement: dict[str, Any], patience_s: float, stopped: threading.Event) -> None:
    """Until it is stopped. Raises Refused, or NotReached where the first announcement does not come about in time."""
    give_up = time.monotonic() + patience_s
    place = ""
    while not stopped.is_set():
        try:
            held = _ask(gateway, "PUT", place) if place else None
            if held is None:
                held = _ask(gateway, "POST", "/services", announcement)
                assert held is not None
                log.info("announced", extra={"fields": held})
            place = f"/services/{held['service']}/replicas/{held['replica']}"
            pause_s = held["lease_seconds"] / RENEWALS_A_LEASE
        except NotReached as error:
            if not place and time.monotonic() > give_up:
                raise
            log.warning("not announced", extra={"fields": {"reason": str(error)}})
            pause_s = SOON_S
        stopped.wait(pause_s)
    if place:
        try:
            _ask(gateway, "DELETE", place)
            log.info("withdrawn")
        except NotReached as error:
            log.warning("not withdrawn, the lease will end", extra={"fields": {"reason": str(error)}})


def _ask(gateway: httpx.Client, method: str, path: str, body: Any = None) -> dict[str, Any] | None:
    """The lease, or None if it has ended or been withdrawn. Raises Refused or NotReached."""
    try:
        answer = gateway.request(method, path, json=body)
    except httpx.TransportError as error:
        raise NotReached(f"{gateway.base_url}: {error}") from None
    if answer.status_code in (200, 201):
        lease: dict[str, Any] = answer.json()
        return lease
    if answer.status_code == 204 or (answer.status_code == 404 and path != "/services"):
        return None
    what = f"{gateway.base_url} answers {answer.status_code}: {answer.text[:500]}"
    if answer.status_code == 429 or answer.status_code >= 500:
        raise NotReached(what)
    raise Refused(what)


def _announcement(parsed: argparse.Namespace) -> dict[str, Any]:
    more = {
        "replica": parsed.replica,
        "models": parsed.model,
        "concurrent": parsed.concurrent,
        "lease_seconds": parsed.lease_seconds,
    }
    given = {name: value for name, value in more.items() if value is not None}
    return {"service": parsed.service, "address": parsed.address, **given}


def _parser() -> Parser:
    parser = Parser(
        prog="python -m signoff.reference_services.gateway.announce",
        description="Announce a service to a gateway, for as long as this runs.",
        epilog=f"The admin key comes from --key-file or the variable {ADMINS}. Example: "
        "--gateway http://127.0.0.15:8000 --service hermes --address http://127.0.0.16:11401 --model hermes-2",
    )
    parser.add_argument("--gateway", required=True, metavar="URL", help="the gateway's address")
    parser.add_argument("--service", required=True, metavar="NAME", help="the service that it is a replica of")
    parser.add_argument("--address", required=True, metavar="URL", help="where the gateway reaches it")
    parser.add_argument("--replica", metavar="NAME", help="its name (default: host and port)")
    parser.add_argument(
        "--model", action="append", metavar="NAME", help="a model that it serves (default: it is asked)"
    )
    parser.add_argument("--concurrent", type=int, metavar="N", help="requests at once (default: the gateway's)")
    parser.add_argument("--lease-seconds", type=float, metavar="S", help="time to a renewal (default: the gateway's)")
    parser.add_argument("--key-file", default="", metavar="FILE", help="holds the admin key")
    parser.add_argument("--ca-file", default="", metavar="FILE", help="CA certificates for the gateway")
    parser.add_argument(
        "--patience-seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="time for the first registration (default: 60)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
