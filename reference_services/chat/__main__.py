"""`python -m signoff.reference_services.chat SERVICE`: run a chat service in the foreground.

Exit: 0 stopped, 3 a port, the database or the engine is not available, 4 invalid settings or arguments.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from signoff.reference_services.chat import LOGGER, NAME
from signoff.reference_services.chat.engine.engine import EngineError
from signoff.reference_services.chat.serving.app import create_app
from signoff.reference_services.chat.serving.server import serve
from signoff.reference_services.chat.settings.services import SERVICES
from signoff.reference_services.chat.stores.store import StoreError
from signoff.reference_services.faults import FAULTS
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service; the exit code."""
    parsed = _parser().parse_args(arguments)
    name: str = parsed.service
    if parsed.list:
        show(name, FAULTS)
        return 0
    given = {name: getattr(parsed, name) for name in _SETTINGS if getattr(parsed, name) is not None}
    try:
        settings = SERVICES[name](parsed.config, **given)
        create = wrapped(create_app, FAULTS, parsed.fault, settings.host)
    except SettingsError as error:
        return report_problems(name, error)
    if settings.store and parsed.db is not None:
        return report_problems(
            name, SettingsError(["--db and the setting store name two places for turns; give one of them"])
        )
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
        return report_problems(name, error)
    except (EngineError, ListenError, StoreError) as error:
        complain(name, error)
        return UNAVAILABLE
    return 0


_SETTINGS = (
    "host",
    "port",
    "metrics_port",
    "engine",
    "model_path",
    "retrieval",
    "store",
    "rate_limit",
    "time_to_first_token_ms",
    "time_per_token_ms",
    "log_level",
)


def _parser() -> Parser:
    parser = Parser(
        prog="python -m signoff.reference_services.chat",
        description="A chat service with sessions, on a simulated engine or on vLLM.",
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
    parser.add_argument("--engine", help="simulated or vllm (default: simulated)")
    parser.add_argument("--model", dest="model_path", metavar="DIR", help="folder of the model that vLLM loads")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in YAML")
    parser.add_argument("--db", type=Path, metavar="FILE", help="session database (default: temporary)")
    parser.add_argument(
        "--store", metavar="URL", help="turns in redis://HOST, postgresql://USER@HOST/DATABASE or a file"
    )
    parser.add_argument("--retrieval", metavar="PLACE", help="documents: embedded, a folder or a Qdrant server's URL")
    parser.add_argument("--rate-limit", metavar="RATE", help="requests of one caller, such as 20/second")
    parser.add_argument("--fault", metavar="NAME", help=f"one defect: {', '.join(FAULTS)}")
    parser.add_argument("--time-to-first-token-ms", metavar="MS", help="pace of the engine (default: 40)")
    parser.add_argument("--time-per-token-ms", metavar="MS", help="pace of the engine (default: 4)")
    parser.add_argument("--log-level", help="DEBUG, INFO, WARNING or ERROR (default: INFO)")
    parser.add_argument("--access-log", action="store_true", help="a log line for each request")
    parser.add_argument("--list", action="store_true", help="the service and its faults as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
