"""`signoff serve`: run a reference service in the foreground, optionally with one deliberate fault."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import signoff
from signoff.acceptance.errors import RunInvalid, UsageError
from signoff.acceptance.services import estate
from signoff.perf.redaction import known_secrets
from signoff.reports.terminal import show

NAME = "serve"
HELP = "run a reference service in the foreground, optionally with one deliberate fault, or all services"
EXAMPLE = "signoff serve hermes-2 --fault forgets_session"

_CHAT = "signoff.reference_services.chat"
SERVICES = {
    "mixtral-8x7b": _CHAT,
    "hermes-2": _CHAT,
    "openchat-3.5": _CHAT,
    "phi-3-mini": _CHAT,
    "gateway": "signoff.reference_services.gateway",
    "switch": "signoff.reference_services.switch",
    "health": "signoff.reference_services.health",
    "prometheus": "signoff.reference_services.operations",
}
"""The services by name, and the module that runs each; the module gets the name."""
NEEDED = ("fastapi", "jsonschema", "limits", "pydantic_settings", "uvicorn")
LIST_TIMEOUT_S = 60
_PASSWORD = re.compile(r"//.*:.*@|[?&][a-z]*password=", re.DOTALL | re.IGNORECASE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `signoff serve`; all but the name go to the service as they are."""
    parser.add_argument("service", nargs="?", metavar="SERVICE", help=f"one of: {', '.join(SERVICES)}")
    parser.add_argument("--all", action="store_true", help="the whole estate, each service at its own address")
    parser.add_argument("--json", metavar="FILE", help="with --all: the addresses as JSON; - is standard output")
    parser.add_argument(
        "--prometheus",
        action=argparse.BooleanOptionalAction,
        help="with --all: scrape the estate (default: where Prometheus is installed)",
    )
    parser.add_argument("--list", action="store_true", help="list the services and their faults")
    parser.add_argument("--host", metavar="ADDRESS", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", metavar="PORT", help="port of the service (default: the document's)")
    parser.add_argument("--metrics-port", metavar="PORT", help="port of the metrics, or own: the service's")
    parser.add_argument("--engine", metavar="NAME", help="model services: simulated (default) or vllm")
    parser.add_argument("--model", metavar="DIR", help="model services: the folder of the model that vLLM loads")
    parser.add_argument("--config", metavar="FILE", help="the service's settings in YAML")
    parser.add_argument("--db", metavar="FILE", help="where sessions are kept (default: a temporary file)")
    parser.add_argument(
        "--store", metavar="URL", help="turns in redis://HOST, postgresql://USER@HOST/DATABASE or a file"
    )
    parser.add_argument("--estate", metavar="FILE", help="health, prometheus: the estate (default: the shipped one)")
    parser.add_argument("--health", metavar="URL", help="prometheus: URL of the estate's health")
    parser.add_argument("--interval-s", metavar="S", help="prometheus: between two scrapes (default: 15)")
    parser.add_argument("--degraded-path", action="store_true", help="switch: below /degraded no model can be reached")
    parser.add_argument("--test-token", action="store_true", help="switch: the token that its document shows")
    parser.add_argument("--framework", metavar="NAME", help="switch: what answers, such as ollama or llama-cpp")
    parser.add_argument("--models", metavar="FOLDER", help="switch: the models folder, with the registry")
    parser.add_argument("--retrieval", metavar="PLACE", help="documents: embedded, a folder or a Qdrant server's URL")
    parser.add_argument("--rate-limit", metavar="RATE", help="requests of one caller, such as 20/second")
    parser.add_argument("--fault", metavar="NAME", help="start it with this one defect; loopback only")


def run(arguments: argparse.Namespace) -> int:
    """List the services, or become one: that does not come back."""
    if arguments.list:
        show(listing())
        return 0
    if arguments.all:
        return _serve_all(arguments)
    if arguments.json is not None:
        raise UsageError("--json writes the addresses of the estate", "give it with --all")
    if arguments.prometheus is not None:
        raise UsageError("--prometheus scrapes the estate", "give it with --all, or name prometheus as the service")
    if arguments.service is None:
        raise UsageError("no service is named", f"name one: {', '.join(SERVICES)}, or give --all")
    if arguments.service not in SERVICES:
        raise UsageError(f"there is no service {arguments.service!r}", f"there are: {', '.join(SERVICES)}")
    _check_store(arguments.service, arguments.store)
    _check_installed()
    if arguments.fault is not None and arguments.fault not in (faults := _service_facts(arguments.service)["faults"]):
        raise UsageError(f"{arguments.service} has no fault {arguments.fault!r}", f"there are: {', '.join(faults)}")
    command = [*_command(arguments.service), *_options(arguments)]
    # The service takes this process's place: its memory, its signals and its exit code are its own.
    return os.execve(command[0], command, _environment())  # noqa: S606


def _serve_all(arguments: argparse.Namespace) -> int:
    if arguments.service is not None or _options(arguments):
        raise UsageError("--all starts every service as the estate says", "leave out the service and its options")
    _check_installed()
    return estate.serve(arguments.json, arguments.prometheus)


def listing() -> str:
    """The services and their faults, for people."""
    _check_installed()
    lines: list[str] = []
    # A module tells the same for each of its services.
    faults = {
        module: _service_facts(service)["faults"] for module, service in {m: s for s, m in SERVICES.items()}.items()
    }
    for service, module in SERVICES.items():
        lines.append(service)
        lines += [f"  --fault {name:<18} {summary}" for name, summary in faults[module].items()]
    return "\n".join(lines)


def _options(arguments: argparse.Namespace) -> list[str]:
    names = (
        "host",
        "port",
        "metrics_port",
        "engine",
        "model",
        "config",
        "db",
        "store",
        "retrieval",
        "rate_limit",
        "fault",
        "estate",
        "health",
        "interval_s",
        "framework",
        "models",
    )
    given = [(name, getattr(arguments, name)) for name in names]
    options = [f"--{name.replace('_', '-')}={value}" for name, value in given if value is not None]
    flags = [name for name in ("test_token", "degraded_path") if getattr(arguments, name)]
    return [*options, *(f"--{name.replace('_', '-')}" for name in flags)]


def _check_store(service: str, url: str | None) -> None:
    """Raises UsageError for a password: all users of a machine can read the arguments of a process."""
    if url is not None and _PASSWORD.search(url):
        variable = re.sub(r"[^A-Z0-9]", "_", service.upper()) + "_STORE"
        raise UsageError("--store contains a password, which all users of this machine could read", f"set {variable}")


def _command(service: str) -> list[str]:
    return [sys.executable, "-P", "-m", SERVICES[service], service]


def _environment(own: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Ours, with the folder of the package `signoff` on the path: the service is in it."""
    root = str(Path(signoff.__file__).parent.parent)
    before = os.environ.get("PYTHONPATH")
    return {**own, "PYTHONPATH": os.pathsep.join([root, *([before] if before else [])])}


def _check_installed() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the reference services need packages that are not installed: {', '.join(missing)}",
            'pip install "signoff[services]"',
        )


def _service_facts(service: str) -> Any:
    """What a service says about itself and its faults. Only the service knows, and it is never imported here."""
    try:
        done = subprocess.run(
            [*_command(service), "--list"],
            env=_environment(known_secrets.environment(bare=True)),
            capture_output=True,
            text=True,
            timeout=LIST_TIMEOUT_S,
            check=False,
        )
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise RunInvalid(f"{service} did not list its faults within {LIST_TIMEOUT_S} s") from None
    except ValueError:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise RunInvalid(f"{service} cannot be started: {last[0]}", 'pip install "signoff[services]"') from None
