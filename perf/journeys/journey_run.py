"""A run of user journeys: Locust's users in a child process, our client's records of their turns.

Locust gets plan and journey through an unnamed file (headers may contain keys); records return through a pipe.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from signoff.perf.client.exchange import Exchange
from signoff.perf.client.request_url import joined, origin
from signoff.perf.errors import LoadProcessDied, PlanInvalid
from signoff.perf.journeys.journey import Journey
from signoff.perf.load.client_limits import open_files_short
from signoff.perf.load.gathered import Gathered, GivenUp
from signoff.perf.load.load_figures import LoadFigures
from signoff.perf.load.load_process import client_environment
from signoff.perf.load.load_run import LoadProgress, LoadRun
from signoff.perf.load.plan import LoadPlan
from signoff.perf.processes import lifeline
from signoff.perf.redaction import known_secrets

GRACE_S: Final = 10.0
SPAWNED_PER_SECOND: Final = 100
LOCUSTFILE: Final = Path(__file__).with_name("journey_locustfile.py")


class JourneyUsers:
    """Users of a journey; `keep` gets a line for each turn with its user, session and number.

    Raises PlanInvalid if Locust is missing.
    """

    whole = True

    def __init__(self, journey: Journey, keep: Callable[[Mapping[str, Any]], None]) -> None:
        if importlib.util.find_spec("locust") is None:
            raise PlanInvalid("journeys need Locust", "pip install 'signoff[locust]'")
        self._journey = journey
        self._keep = keep
        self._turns: list[tuple[dict[str, int], Exchange]] = []
        self._failed, self._good_ms = 0, 0.0

    def carry(
        self,
        plan: LoadPlan,
        on_record: Callable[[Exchange], None] | None = None,
        on_progress: Callable[[LoadProgress], None] | None = None,
        *,
        give_up: bool = False,
    ) -> LoadRun:
        """Runs `plan.closed_loop` users for the plan's duration; see `run_load_in_process`."""
        open_files_short(plan, 1)
        self._plan = plan
        self._turns, self._failed, self._good_ms = [], 0, 0.0
        self._journey = replace(self._journey, seed=plan.seed)
        gathered = Gathered(plan, on_record, on_progress, give_up)
        with tempfile.TemporaryFile("w+") as settings, tempfile.TemporaryFile("w+", errors="replace") as log:
            json.dump({"plan": plan.as_message(), "journey": self._journey.as_message()}, settings)
            settings.flush()
            locust, records = _start(plan, settings, log)
            with records:
                try:
                    self._follow(locust, records, gathered)
                except (KeyboardInterrupt, GivenUp) as why:
                    gathered.interrupted = isinstance(why, KeyboardInterrupt)
                    self._follow(_stopped(locust), records, gathered)
                finally:
                    _end(locust)
            if not gathered.results and gathered.error is None and not gathered.broken_off:
                log.seek(0)
                lines = known_secrets.redacted(log.read()).strip().splitlines()
                if not gathered.started_ns:
                    raise LoadProcessDied("the users did not begin", lines[-1] if lines else "")
                gathered.flaw = f"the users were lost after {len(gathered.exchanges)} records of the run"
        return gathered.run()

    def facts(self) -> dict[str, Any]:
        """The last run's details in a result, besides its figures."""
        journey, plan = self._journey, self._plan
        ends: dict[tuple[int, int], str] = {}
        for where, each in self._turns:
            session = where["user"], where["session"]
            last = where["of_session"] == where["of_turns"]
            ends[session] = "failed" if not each.ok else "whole" if last else "cut_off"
        states = list(ends.values())
        by_turn = []
        for turn in sorted({where["of_session"] for where, _ in self._turns}):
            own = [each for where, each in self._turns if where["of_session"] == turn]
            figures = LoadFigures.of(own, plan.timeout_s * 1e3, plan.stream)
            times = {name: getattr(figures, name) for name in ("ttft_ms", "itl_ms", "e2e_ms")}
            shown = {name: None if value is None else asdict(value) for name, value in times.items()}
            by_turn.append({"turn": turn, "requests": len(own), "errors": sum(not each.ok for each in own), **shown})
        facts = {
            "users": plan.closed_loop,
            "turns": list(journey.turns),
            "think_s": list(journey.think_s),
            "history": "sent along" if journey.send_history else "kept by the server",
            "sessions": {"begun": len(states), **{name: states.count(name) for name in ("whole", "failed", "cut_off")}},
            "by_turn": by_turn,
        }
        return {"journey": facts}

    def _follow(self, locust: subprocess.Popen[bytes], records: IO[str], gathered: Gathered) -> None:
        for line in records:
            if not line.endswith("\n"):
                return
            record = json.loads(line)
            kind = record["record"]
            if kind == "begun":
                gathered.started_ns = record["at_ns"]
            elif kind == "exchange":
                where = {name: record[name] for name in ("user", "session", "of_session", "of_turns")}
                self._turns.append((where, Exchange.from_record(record)))
                self._keep({"record": "turn", "sequence": record["sequence"], **where})
                each = self._turns[-1][1]
                self._failed += not each.ok
                self._good_ms += each.latency_ms if each.ok else 0.0
                gathered.take(0, record)
                self._report(gathered)
            else:
                gathered.take(0, record)
                if kind == "shard":  # the client has closed, and its users have nothing to wait for
                    _stopped(locust)

    def _report(self, gathered: Gathered) -> None:
        ended = len(gathered.exchanges)
        progress = LoadProgress(
            elapsed_s=round((time.monotonic_ns() - gathered.started_ns) / 1e9, 3),
            duration_s=self._plan.duration_s,
            planned=ended,
            sent=ended,
            finished=ended,
            failed=self._failed,
            in_flight=0,
            mean_latency_ms=self._good_ms / (ended - self._failed) if ended > self._failed else None,
        )
        gathered.take(0, progress.as_record())


def _place(url: str) -> str:
    """The host for Locust without secrets: all users of the machine can read its command line."""
    return joined(origin(url).url(), urlsplit(url).path)


def _start(plan: LoadPlan, settings: IO[str], log: IO[str]) -> tuple[subprocess.Popen[bytes], IO[str]]:
    reading, writing = os.pipe()
    users = plan.closed_loop
    command = [
        sys.executable,
        "-m",
        "locust",
        "-f",
        str(LOCUSTFILE),
        "--headless",
        "--loglevel",
        "WARNING",
        "-u",
        str(users),
        "-r",
        str(min(users, SPAWNED_PER_SECOND)),
        "--host",
        _place(plan.url),
        "--journey-plan",
        f"/dev/fd/{settings.fileno()}",
        "--records",
        f"/dev/fd/{writing}",
    ]
    own = {name: value for name, value in client_environment().items() if not name.startswith("LOCUST_")}
    try:
        locust = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=own,
            cwd=LOCUSTFILE.parent,  # a locust.conf of the user, or of whoever wrote it where all may, is for others
            pass_fds=(settings.fileno(), writing),
            start_new_session=True,  # Ctrl-C reaches it through this process, once
        )
        lifeline.keep(locust.pid)
    finally:
        os.close(writing)
    return locust, os.fdopen(reading, encoding="utf-8")


def _stopped(locust: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """Asks Locust to end, and kills it if necessary."""
    if locust.poll() is None:
        locust.send_signal(signal.SIGTERM)
        killer = threading.Timer(GRACE_S, locust.kill)
        killer.daemon = True
        killer.start()
    return locust


def _end(locust: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        _stopped(locust).wait(GRACE_S + 1)
        lifeline.let_go(locust.pid)
