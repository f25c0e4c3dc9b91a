"""The command line of all services: exit codes, usage errors, faults."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import NoReturn

from signoff.reference_services.web.access.authority import is_loopback
from signoff.reference_services.web.serving.fault import Create, Fault
from signoff.reference_services.web.settings.settings_problems import SettingsError

UNAVAILABLE = 3
USAGE = 4


class Parser(argparse.ArgumentParser):
    """argparse, with the exit code of this project for what a user got wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.format_usage()}{self.prog}: {harmless(message)}\n")


def show(service: str, faults: Mapping[str, Fault[Create]]) -> None:
    """Print the service and its faults as JSON."""
    summaries = {fault.name: fault.summary for fault in faults.values()}
    print(json.dumps({"service": service, "faults": summaries}, indent=2))


def report_problems(service: str, error: SettingsError) -> int:
    """Print every problem, each on a line; the exit code."""
    for problem in error.problems:
        complain(service, problem)
    return USAGE


def complain(service: str, problem: object) -> None:
    """Print a problem on standard error."""
    print(f"{service}: {harmless(problem)}", file=sys.stderr)


def harmless(text: object) -> str:
    """The text with the escape of every character that a terminal could obey: arguments and files may hold any."""
    shown = (
        character if character.isprintable() or character in "\n\t" else character.encode("unicode_escape").decode()
        for character in str(text)
    )
    return "".join(shown)


def wrapped(create: Create, faults: Mapping[str, Fault[Create]], fault: str | None, host: str) -> Create:
    """The factory, wrapped by the fault if one is asked for. Raises SettingsError."""
    if fault is None:
        return create
    if fault not in faults:
        raise SettingsError([f"there is no fault {fault!r}; there are {', '.join(faults)}"])
    if not is_loopback(host):
        raise SettingsError(
            [f"host = {host!r}: a service with a fault listens on loopback only; give --host 127.0.0.1"]
        )
    return faults[fault].wrap(create)
