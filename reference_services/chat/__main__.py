"""`python -m reference_services.chat SERVICE`: run a chat service in the foreground.

Exit: 0 stopped, 3 a port or the database cannot be had, 4 settings or arguments at fault.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from reference_services.chat import LOGGER, NAME, logs
from reference_services.chat.app import CreateApp, create_app
from reference_services.chat.server import ListenError, is_loopback, serve
from reference_services.chat.settings import SERVICES
from reference_services.chat.settings_problems import SettingsError
from reference_services.chat.store import StoreError
from reference_services.faults import FAULTS

UNAVAILABLE = 3
USAGE = 4


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service; the exit code."""
    parsed = _parser().parse_args(arguments)
    name: str = parsed.service
    if parsed.list:
        faults = {fault.name: fault.summary for fault in FAULTS.values()}
        print(json.dumps({"service": name, "faults": faults}, indent=2))
        return 0
    given = {name: getattr(parsed, name) for name in _SETTINGS if getattr(parsed, name) is not None}
    try:
        settings = SERVICES[name](parsed.config, **given)
        create = _factory(parsed.fault, settings.host)
    except SettingsError as error:
        return _told(name, error)
    logs.set_up(settings.log_level, parsed.access_log)
    if parsed.fault:
        logging.getLogger(LOGGER).warning("runs with a fault", extra={"fields": {"fault": parsed.fault}})
    try:
        if parsed.db is not None:
            serve(settings, create, parsed.db, parsed.access_log)
        else:
            with tempfile.TemporaryDirectory(prefix=f"{name}-", ignore_cleanup_errors=True) as folder:
                serve(settings, create, Path(folder) / "sessions.sqlite3", parsed.access_log)
    except SettingsError as error:
        return _told(name, error)
    except (ListenError, StoreError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return UNAVAILABLE
    return 0


def _told(name: str, error: SettingsError) -> int:
    for problem in error.problems:
        print(f"{name}: {problem}", file=sys.stderr)
    return USAGE


_SETTINGS = (
    "host",
    "port",
    "metrics_port",
    "retrieval",
    "rate_limit",
    "time_to_first_token_ms",
    "time_per_token_ms",
    "log_level",
)


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m reference_services.chat",
        description="A chat service with sessions on a simulated engine.",
        epilog="Settings: these arguments, then variables (HERMES_2_*, MIXTRAL_8X7B_*, OPENCHAT_3_5_*, PHI_3_MINI_*), "
        "then --config, then the service's defaults.",
    )
    parser.add_argument(
        "service", nargs="?", default=NAME, choices=SERVICES, help=f"{', '.join(SERVICES)} (default: {NAME})"
    )
    # Numbers stay text here, so that settings check them all in one way and report all problems at once.
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", help="port of the service (default: its document's)")
    parser.add_argument("--metrics-port", help="port of the metrics, or own: the service's (default: its document's)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in YAML")
    parser.add_argument("--db", type=Path, metavar="FILE", help="session database (default: temporary)")
    parser.add_argument("--retrieval", metavar="PLACE", help="documents: embedded, a folder or a Qdrant server's URL")
    parser.add_argument("--rate-limit", metavar="RATE", help="requests of one caller, such as 20/second")
    parser.add_argument("--fault", metavar="NAME", help=f"one defect: {', '.join(FAULTS)}")
    parser.add_argument("--time-to-first-token-ms", metavar="MS", help="pace of the engine (default: 40)")
    parser.add_argument("--time-per-token-ms", metavar="MS", help="pace of the engine (default: 4)")
    parser.add_argument("--log-level", help="DEBUG, INFO, WARNING or ERROR (default: INFO)")
    parser.add_argument("--access-log", action="store_true", help="a log line for each request")
    parser.add_argument("--list", action="store_true", help="the service and its faults as JSON")
    return parser


def _factory(fault: str | None, host: str) -> CreateApp:
    """The app's factory, wrapped by the fault where there is one. Raises SettingsError."""
    if fault is None:
        return create_app
    if fault not in FAULTS:
        raise SettingsError([f"there is no fault {fault!r}; there are {', '.join(FAULTS)}"])
    if not is_loopback(host):
        raise SettingsError(
            [f"host = {host!r}: a service with a fault listens on loopback only; give --host 127.0.0.1"]
        )
    return FAULTS[fault].wrap(create_app)


if __name__ == "__main__":
    sys.exit(main())
