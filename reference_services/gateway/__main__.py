"""`python -m reference_services.gateway`: run the gateway in the foreground.

Exit: 0 stopped, 3 the port cannot be had, 4 configuration or arguments at fault.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from pydantic import ValidationError

from reference_services.chat import logs
from reference_services.chat.server import ListenError, is_loopback
from reference_services.faults.gateway import FAULTS
from reference_services.gateway import LOGGER, NAME
from reference_services.gateway.app import CreateGateway, create_gateway
from reference_services.gateway.configuration import Configuration, Front
from reference_services.gateway.configuration_file import SHIPPED, ConfigurationError, read
from reference_services.gateway.server import serve

UNAVAILABLE = 3
USAGE = 4


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the gateway; the exit code."""
    parsed = _parser().parse_args(arguments)
    if parsed.list:
        faults = {fault.name: fault.summary for fault in FAULTS.values()}
        print(json.dumps({"service": NAME, "faults": faults}, indent=2))
        return 0
    load = _loader(parsed)
    try:
        front = load().gateway
        create = _factory(parsed.fault, front.host)
        logs.set_up(front.log_level, parsed.access_log)
        for library in ("httpx", "httpcore"):
            # They tell addresses with their queries, and headers.
            logging.getLogger(library).setLevel(logging.WARNING)
        if parsed.fault:
            logging.getLogger(LOGGER).warning("runs with a fault", extra={"fields": {"fault": parsed.fault}})
        serve(create(parsed.config, load), front, parsed.access_log)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"{NAME}: {problem}", file=sys.stderr)
        return USAGE
    except ListenError as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return UNAVAILABLE
    return 0


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m reference_services.gateway",
        description="A gateway in front of the model services: routing by model, balancing, breakers, a queue.",
    )
    parser.add_argument("service", nargs="?", default=NAME, choices=[NAME], help=f"{NAME}, and no other")
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
        given = {"host": parsed.host, "port": parsed.port}
        given = {name: value for name, value in given.items() if value is not None}
        if "port" in given and given["port"].isdecimal():
            given["port"] = int(given["port"])
        try:
            front = Front.model_validate({**configuration.gateway.model_dump(), **given})
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigurationError([f"--{first['loc'][0]}: {first['msg']}"]) from None
        return configuration.model_copy(update={"gateway": front})

    return load


def _factory(fault: str | None, host: str) -> CreateGateway:
    """The gateway's factory, wrapped by the fault where there is one. Raises ConfigurationError."""
    if fault is None:
        return create_gateway
    if fault not in FAULTS:
        raise ConfigurationError([f"there is no fault {fault!r}; there are {', '.join(FAULTS)}"])
    if not is_loopback(host):
        raise ConfigurationError(
            [f"host = {host!r}: a service with a fault listens on loopback only; give --host 127.0.0.1"]
        )
    return FAULTS[fault].wrap(create_gateway)


if __name__ == "__main__":
    sys.exit(main())
