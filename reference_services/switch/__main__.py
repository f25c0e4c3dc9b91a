"""`python -m signoff.reference_services.switch`: run Switch in the foreground.

Exit: 0 stopped, 3 a port is not available, 4 invalid settings or arguments.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from signoff.reference_services.faults.switch import FAULTS
from signoff.reference_services.switch import LOGGER, NAME
from signoff.reference_services.switch.requests.settings import SwitchSettings
from signoff.reference_services.switch.serving.app import create_app
from signoff.reference_services.switch.serving.server import serve
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

_SETTINGS = {
    "host": "switch_host",
    "port": "switch_port",
    "models": "hermes_model_dir",
    "framework": "hermes_framework",
    "degraded_path": "switch_degraded_path",
    "test_token": "vx11_test_token",
    "time_to_first_token_ms": "hermes_time_to_first_token_ms",
    "time_per_token_ms": "hermes_time_per_token_ms",
    "log_level": "log_level",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service; the exit code."""
    parsed = _parser().parse_args(arguments)
    if parsed.list:
        show(NAME, FAULTS)
        return 0
    given = {field: value for name, field in _SETTINGS.items() if (value := getattr(parsed, name)) is not None}
    try:
        settings = SwitchSettings(**given)
        create = wrapped(create_app, FAULTS, parsed.fault, settings.switch_host)
        logs.set_up(settings.log_level, parsed.access_log)
        if parsed.fault:
            logging.getLogger(LOGGER).warning("runs with a fault", extra={"fields": {"fault": parsed.fault}})
        serve(settings, create, parsed.access_log)
    except SettingsError as error:
        return report_problems(NAME, error)
    except ListenError as error:
        complain(NAME, error)
        return UNAVAILABLE
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="python -m signoff.reference_services.switch",
        description="VX11 Switch: an upstream, else a small model on this machine, behind one endpoint.",
        epilog="Settings: these arguments, then variables (HERMES_*, OPENAI_*, VX11_TOKEN, SWITCH_*, LOG_*), "
        "then the document's figures.",
    )
    parser.add_argument("service", nargs="?", default=NAME, choices=[NAME], help=argparse.SUPPRESS)
    # Numbers stay text here, so that settings check them all in one way and report all problems at once.
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", help="port of the service (default: 8000)")
    parser.add_argument("--models", metavar="FOLDER", help="the models folder, with the registry")
    parser.add_argument("--framework", metavar="NAME", help="simulated, ollama, llama-cpp, openai or registry")
    parser.add_argument(
        "--degraded-path",
        action="store_true",
        default=None,
        help="answer below /degraded too, as if no model could be reached",
    )
    parser.add_argument(
        "--test-token", action="store_true", default=None, help="the token that the document shows; loopback only"
    )
    parser.add_argument("--fault", metavar="NAME", help=f"one defect: {', '.join(FAULTS)}")
    parser.add_argument("--time-to-first-token-ms", metavar="MS", help="pace of the simulated engine (default: 40)")
    parser.add_argument("--time-per-token-ms", metavar="MS", help="pace of the simulated engine (default: 4)")
    parser.add_argument("--log-level", help="DEBUG, INFO, WARNING or ERROR (default: INFO)")
    parser.add_argument("--access-log", action="store_true", help="a log line for each request")
    parser.add_argument("--list", action="store_true", help="the service and its faults as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
