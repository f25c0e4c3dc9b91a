"""A failing case: twins that differ in one thing, both measured and judged for real."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.profile import Profile
from signoff.acceptance.verdict import Verdict
from tests.acceptance.conftest import BRIEF, SessionHandler, server_of

NOWHERE = "http://127.0.0.1:9"
SOUND = ("pass", "inconclusive")
"""A short load run may decide nothing about a sound server; it must not fail it."""
T = TypeVar("T")


class Stage:
    """What a twin is set up with, taken down at its end: servers, processes, files, a site."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ending = ExitStack()
        self.patch = self.ending.enter_context(pytest.MonkeyPatch.context())
        folder.mkdir(parents=True)

    def serve(self, answer: Callable[..., tuple[int, str, bytes]] | type) -> str:
        """Start a server of a handler, or of a function that gets method, path, body and session."""
        server = _Server(("127.0.0.1", 0), answer) if isinstance(answer, type) else server_of(answer, SessionHandler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.ending.callback(server.server_close)
        self.ending.callback(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def start(self, module: str, *arguments: str) -> tuple[str, subprocess.Popen[str]]:
        """Start a program that prints its port; gives its address and its process."""
        command = [sys.executable, "-m", module, *arguments]
        process = self.ending.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        self.ending.callback(process.kill)
        assert process.stdout is not None
        return f"http://127.0.0.1:{process.stdout.readline().strip()}", process

    def site(self, target: str, *criteria: Criterion, profile: Profile = BRIEF, **deployment: Any) -> Site:
        """A site at this address, with more fields of its deployment."""
        named = replace(deployments.from_target(target), **{"target_only": False, **deployment})
        return Site(named, profile, self.folder / "run", criteria)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a load client that gives up leaves its connections."""


@dataclass(frozen=True)
class Case(Generic[T]):
    """Twins of a kind: `built` with the one thing that they differ in, which `sound` and `broken` have.

    `waits` says that judging takes long and costs little, so that both twins may be judged side by side.
    """

    built: Callable[[Stage, T], tuple[Site, Criterion]]
    sound: T
    broken: T
    waits: bool = False

    def judged(self, check: Check, thing: T, folder: Path) -> Verdict:
        """The verdict on a twin, which has to come out the same again from the records that were stored."""
        stage = Stage(folder)
        with stage.ending:
            site, criterion = self.built(stage, thing)
            evidence = check.measure(criterion, site)
            found = check.judge(criterion, evidence)
            lines = (site.folder / evidence.file).read_text(encoding="utf-8").splitlines()
            stored = Evidence(evidence.name, evidence.file, tuple(json.loads(line) for line in lines))
            assert check.judge(criterion, stored) == found
        return found


def show_that_it_can_fail(check: Check, sound: Verdict, broken: Verdict) -> None:
    """What every kind is held to. Raises AssertionError."""
    assert sound.outcome in SOUND, sound
    assert broken.outcome == "fail", broken
    assert is_like(broken.reason, check.kind.failure), f"{broken.reason!r} is not {check.kind.failure!r}"
    units = {found.measured.unit for found in (sound, broken) if found.measured is not None}
    assert units <= set(check.kind.units), f"{units} are not declared by the kind {check.kind.name}"


def is_like(reason: str, sample: str) -> bool:
    """Whether a reason is the sample, but for numbers and for what `…` stands for."""
    pattern = ".*".join(re.escape(_without_numbers(part)) for part in sample.split("…"))
    return re.fullmatch(pattern, _without_numbers(reason), re.DOTALL) is not None


def _without_numbers(text: str) -> str:
    return re.sub(r"\d[\d.,]*(?:e[+-]?\d+)?", "#", text)
