"""`python -m signoff.reference_services.health`: the page and the health of an estate, in the foreground.

Exit: 0 stopped, 3 the port is not available, 4 an invalid estate file or invalid arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from signoff.reference_services.health import LOGGER, NAME
from signoff.reference_services.health.app import create_app
from signoff.reference_services.health.estate_file import EstateUnreadable, read
from signoff.reference_services.health.settings import HealthSettings
from signoff.reference_services.web.access.guard import detail, guarded
from signoff.reference_services.web.serving.command_line import (
    UNAVAILABLE,
    USAGE,
    Parser,
    complain,
    report_problems,
    show,
)
from signoff.reference_services.web.serving.listening import ListenError, bind, run
from signoff.reference_services.web.serving.server import Server, config
from signoff.reference_services.web.settings import logs
from signoff.reference_services.web.settings.limits import Limits
from signoff.reference_services.web.settings.settings_problems import SettingsError

PORT = 8080
LAST_PORT = 65_535
log = logging.getLogger(LOGGER)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code."""
    parsed = _parser().parse_args(arguments)
    if parsed.list:
        show(NAME, {})
        return 0
    try:
        settings = HealthSettings()
        app = create_app(read(parsed.estate))
        logs.set_up("INFO", is_access_logged=False)
        for library in ("httpx", "httpcore"):
            logging.getLogger(library).setLevel(logging.WARNING)
        with contextlib.closing(bind(parsed.host, parsed.port)) as sock:
            limits = Limits()
            log.info("listening", extra={"fields": {"service": f"http://{parsed.host}:{parsed.port}"}})
            options = config(guarded(app, settings.allowed, detail), limits, has_lifespan=False)
            asyncio.run(run([Server(options, limits)], [sock]))
    except SettingsError as error:
        return report_problems(NAME, error)
    except EstateUnreadable as error:
        complain(NAME, error)
        return USAGE
    except ListenError as error:
        complain(NAME, error)
        return UNAVAILABLE
    return 0


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a whole number from 1 to {LAST_PORT}")
    return int(text)


def _parser() -> Parser:
    parser = Parser(prog="python -m signoff.reference_services.health", description="Addresses and health of services.")
    parser.add_argument("service", nargs="?", default=NAME, choices=[NAME], help=f"{NAME} (the only choice)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=PORT, help=f"port to listen on (default: {PORT})")
    parser.add_argument("--estate", type=Path, metavar="FILE", help="the estate (default: the shipped one)")
    parser.add_argument("--list", action="store_true", help="the service and its faults as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
