"""The whole estate in one command: started together, shown on one page, stopped together."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import acceptance
from acceptance import deployment as deployments
from acceptance import own_service
from acceptance.deployment import Deployment
from acceptance.errors import RunInvalid, UsageError
from acceptance.own_services import OwnServices

FILE = Path(acceptance.__file__).parent.parent / "fixtures/estate.toml"
WATCH_S = 0.5
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(json_file: str | None) -> int:
    """Bring the estate up, show its addresses, and wait for a signal or for a service that ends; the exit code.

    Progress goes to standard error, the page to standard output, and as JSON to `json_file` (- is standard output).
    Raises PortInUse or ServiceDidNotStart where one does not start; the others are stopped by then.
    """
    estate = deployments.load(FILE)
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
        services = OwnServices(estate, Path(folder), lambda text: print(text, file=sys.stderr, flush=True))
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
    print("the estate is stopped", file=sys.stderr)
    return 0


def addresses(estate: Deployment, process_ids: Mapping[str, int], made_up: tuple[str, ...]) -> dict[str, Any]:
    """What runs where, with the keys that were made up for it; nobody's own key is shown."""
    names = {url: name for name, url in {**estate.addresses, **estate.services}.items()}
    return {
        "schema": 1,
        "services": [
            {
                "service": start.service,
                "name": names.get(start.url, ""),
                "url": start.url,
                "process_id": process_ids[start.url],
                "key_variable": (variable := estate.key_variable(start.url)),
                "key": os.environ[variable] if variable in made_up else None,
            }
            for start in estate.starts
        ],
        "addresses": {name: url for name, url in estate.addresses.items() if url not in process_ids},
    }


def page(told: Mapping[str, Any]) -> str:
    """The addresses for people."""
    rows = [(each["service"], each["url"], _key(each)) for each in told["services"]]
    rows += [(name, url, "") for name, url in told["addresses"].items()]
    lines = [f"{service:<16} {url:<25} {key}".rstrip() for service, url, key in rows]
    return "\n".join([*lines, "Ctrl-C stops them all."])


def _key(each: Mapping[str, Any]) -> str:
    if each["key"]:
        return f"{each['key_variable']}={each['key']}"
    return f"the key of {each['key_variable']}" if each["key_variable"] else ""


def _show(told: Mapping[str, Any], json_file: str | None) -> None:
    text = json.dumps(told, indent=2)
    if json_file == "-":
        print(text, flush=True)
        return
    if json_file is not None:
        try:
            # It may hold a key, so nobody else reads it.
            with os.fdopen(os.open(json_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text + "\n")
        except OSError as error:
            raise UsageError(f"{json_file}: {error.strerror}", "name a file that can be written") from None
    print(page(told), flush=True)
