"""The whole estate in one command: started together, listed, stopped together."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import signoff
from signoff.acceptance import deployment as deployments
from signoff.acceptance.deployment import Deployment, ServiceStart
from signoff.acceptance.errors import RunInvalid, UsageError
from signoff.acceptance.services import service as own_service
from signoff.acceptance.services.services_of_run import OwnServices
from signoff.reports.errors import NotWritten
from signoff.reports.plain_text import json_text
from signoff.reports.stored.run_folder import RunFolder, write
from signoff.reports.terminal import show

FILE = Path(signoff.__file__).parent / "fixtures/estate.toml"
WATCH_S = 0.5
HEALTH, PROMETHEUS = "health", "prometheus"
NOTES = {
    "gateway": "every model by its name",
    "hermes-metrics": "/metrics of hermes-2, and nothing else",
    HEALTH: "the same as a page, with the health of each; /health as JSON",
    PROMETHEUS: "metrics and alerts of all of them",
}
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(json_file: str | None, prometheus: bool | None = None) -> int:
    """Bring the estate up, show its addresses, and wait for a signal or for a service that ends; the exit code.

    Progress goes to standard error, the page to standard output, and as JSON to `json_file` (- is standard output).
    `prometheus` False leaves it out, None too if it is not installed. Raises PortInUse or ServiceDidNotStart if
    one does not start; the others are stopped by then. Raises UsageError if Prometheus is wanted and not there.
    """
    estate = with_prometheus(deployments.load(FILE), prometheus)
    made_up = own_service.give_key(estate)
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        if ended.is_set():
            return
        ended.set()
        if not up:
            # Whatever is waited for now, the services that were started are stopped on the way out.
            raise KeyboardInterrupt

    up = False
    # nohup asks to go on after the terminal has gone.
    ending = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP]
    previous = {number: signal.signal(number, end) for number in ending}
    with tempfile.TemporaryDirectory(prefix="signoff-estate-", ignore_cleanup_errors=True) as folder:
        estate = connected(estate, Path(folder))
        services = OwnServices(estate, Path(folder), lambda text: show(text, on="err"))
        try:
            process_ids = services.start()
            up = True
            _show(addresses(estate, process_ids, made_up), json_file)
            while not ended.wait(WATCH_S):
                if trouble := services.ended():
                    raise RunInvalid(f"{trouble}; the others were stopped", "start the estate again")
        except KeyboardInterrupt:
            pass
        finally:
            up = True
            services.stop()
            for number, handler in previous.items():
                signal.signal(number, handler)
    show("the estate is stopped", on="err")
    return 0


def with_prometheus(estate: Deployment, wanted: bool | None) -> Deployment:
    """The estate with its Prometheus or without it. Raises UsageError if it is required but not available."""
    is_listed = any(start.service == PROMETHEUS for start in estate.starts)
    if wanted and not is_listed:
        raise UsageError("this estate has no Prometheus", "add a [[start]] for it")
    if not is_listed or (wanted is not False and shutil.which(PROMETHEUS) is not None):
        return estate
    install = "install it (apt-get install prometheus)"
    if wanted:
        raise UsageError("Prometheus is not installed", f"{install}, or leave out --prometheus")
    if wanted is None:
        show(f"Prometheus is not installed, so nothing scrapes the estate: {install}", on="err")
    kept = {name: url for name, url in estate.addresses.items() if name != PROMETHEUS}
    beside = tuple(start for start in estate.beside if start.service != PROMETHEUS)
    return replace(estate, beside=beside, addresses=kept)


def connected(estate: Deployment, folder: Path) -> Deployment:
    """The estate whose health page and Prometheus know what runs; the list they read is kept in the folder."""
    file = RunFolder(folder.resolve()).write("estate.json", json.dumps(addresses(estate, {}, ())))
    health = next((start.url for start in estate.starts if start.service == HEALTH), "")

    def connected_start(start: ServiceStart) -> ServiceStart:
        if start.service == HEALTH:
            return replace(start, arguments=(*start.arguments, f"--estate={file}"))
        if start.service == PROMETHEUS:
            own = [
                f"--estate={file}",
                f"--db={folder.resolve() / PROMETHEUS}",
                *([f"--health={health}"] * bool(health)),
            ]
            return replace(start, arguments=(*start.arguments, *own))
        return start

    return replace(
        estate,
        start=connected_start(estate.start) if estate.start else None,
        beside=tuple(connected_start(each) for each in estate.beside),
    )


def addresses(estate: Deployment, process_ids: Mapping[str, int], made_up: tuple[str, ...]) -> dict[str, Any]:
    """The services with their addresses and generated keys; a user's own keys are not shown."""
    names = {url: name for name, url in {**estate.addresses, **estate.services}.items()}
    started = {start.url for start in estate.starts}
    return {
        "schema": 1,
        "services": [
            {
                "service": start.service,
                "name": names.get(start.url, ""),
                "url": start.url,
                "process_id": process_ids.get(start.url),
                "key_variable": (variable := estate.key_variable(start.url)),
                "key": os.environ[variable] if variable in made_up else None,
            }
            for start in estate.starts
        ],
        "addresses": {name: url for name, url in estate.addresses.items() if url not in started},
    }


def page(listed: Mapping[str, Any]) -> str:
    """The addresses for people."""
    rows = [(each["service"], each["url"], _key(each) or NOTES.get(each["service"], "")) for each in listed["services"]]
    rows += [(name, url, NOTES.get(name, "")) for name, url in listed["addresses"].items()]
    lines = [f"{service:<16} {url:<25} {note}".rstrip() for service, url, note in rows]
    more = "Services serve /health and /openapi.json; models, gateway and health also serve /metrics."
    return "\n".join([*lines, more, "Guides: docs/services/. Ctrl-C stops them all."])


def _key(each: Mapping[str, Any]) -> str:
    if each["key"]:
        return f"{each['key_variable']}={each['key']}"
    return f"the key of {each['key_variable']}" if each["key_variable"] else ""


def _show(listed: Mapping[str, Any], json_file: str | None) -> None:
    text = json_text(json.dumps(listed, indent=2))
    if json_file == "-":
        show(text)
        return
    if json_file is not None:
        try:
            write(Path(json_file), text + "\n", 0o600)  # it may hold a key, so nobody else reads it
        except NotWritten as error:
            raise error if error.is_full else UsageError(str(error), error.hint) from None
    show(page(listed))
