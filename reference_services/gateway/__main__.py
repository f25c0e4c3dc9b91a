"""`python -m signoff.reference_services.gateway`: run the gateway in the foreground.

Exit: 0 stopped, 3 the port is not available, 4 invalid configuration or arguments.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from signoff.reference_services.faults.gateway import FAULTS
from signoff.reference_services.gateway import LOGGER, NAME
from signoff.reference_services.gateway.services.access import ADDRESS, address
from signoff.reference_services.gateway.serving.app import create_gateway
from signoff.reference_services.gateway.serving.server import serve
from signoff.reference_services.gateway.settings.configuration import Configuration, Front
from signoff.reference_services.gateway.settings.configuration_file import SHIPPED, read
from signoff.reference_services.web.serving.command_line import (
    UNAVAILABLE,
    Parser,
    complain,
    report_problems,
    show,
    wrapped,
)
from signoff.reference_services.web.serving.listening import ListenError
from signoff.reference_services.web.settings import logs
from signoff.reference_services.web.settings.settings_problems import SettingsError

WORKERS = "API_GATEWAY_WORKERS"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the gateway; the exit code."""
    parsed = _parser().parse_args(arguments)
    if parsed.list:
        show(NAME, FAULTS)
        return 0
    load = _loader(parsed)
    try:
        configuration = load()
        front = configuration.gateway
        create = wrapped(create_gateway, FAULTS, parsed.fault, front.host)
        logs.set_up(front.log_level, parsed.access_log)
        if parsed.fault:
            logging.getLogger(LOGGER).warning("runs with a fault", extra={"fields": {"fault": parsed.fault}})
        workers = os.environ.get(WORKERS, "1")
        if workers != "1":
            fields = {"variable": WORKERS, "value": workers, "why": "breakers, queues and rates are one process'"}
            logging.getLogger(LOGGER).warning("runs as one process", extra={"fields": fields})
        serve(create(parsed.config, load), configuration, parsed.access_log)
    except SettingsError as error:
        return report_problems(NAME, error)
    except ListenError as error:
        complain(NAME, error)
        return UNAVAILABLE
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="python -m signoff.reference_services.gateway",
        description="A gateway in front of the model services: routing by model, balancing, breakers, a queue.",
    )
    parser.add_argument("service", nargs="?", default=NAME, choices=[NAME], help=f"{NAME} (the only choice)")
    parser.add_argument("--host", help="address to listen on, in place of the configuration's")
    parser.add_argument("--port", help="port to listen on, in place of the configuration's")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", default=SHIPPED, help="configuration in YAML (default: the shipped one)"
    )
    parser.add_argument("--fault", metavar="NAME", help=f"one defect: {', '.join(FAULTS)}")
    parser.add_argument("--access-log", action="store_true", help="a log line for each request")
    parser.add_argument("--list", action="store_true", help="the gateway and its faults as JSON")
    return parser


def _loader(parsed: argparse.Namespace) -> Callable[[], Configuration]:
    """Reads the configuration, with the arguments in place of what it says."""

    def load() -> Configuration:
        configuration = read(parsed.config)
        arguments = {"host": parsed.host, "port": parsed.port}
        given: dict[str, Any] = {**address(), **{name: each for name, each in arguments.items() if each is not None}}
        if "port" in given and given["port"].isdecimal():
            given["port"] = int(given["port"])
        try:
            front = Front.model_validate({**configuration.gateway.model_dump(), **given})
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            origin = f"--{name}" if arguments.get(name) is not None else f"variable {ADDRESS[name]}"
            raise SettingsError([f"{origin}: {first['msg']}"]) from None
        return configuration.model_copy(update={"gateway": front})

    return load


if __name__ == "__main__":
    sys.exit(main())
