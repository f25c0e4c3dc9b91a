"""`signoff load`: generate load, report latency, and check the client's overhead."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from signoff.acceptance.commands.console.complaint import show_warnings
from signoff.acceptance.commands.console.json_output import write_json
from signoff.acceptance.commands.loading import load_journey, load_machines
from signoff.acceptance.commands.loading.load_arguments import LONGEST_NAME, limits_of
from signoff.acceptance.commands.loading.load_arguments import add_arguments as add_arguments
from signoff.acceptance.commands.loading.progress_line import ProgressLine
from signoff.acceptance.errors import RunInvalid, TargetUnreachable, UsageError
from signoff.perf.client.request_url import joined, origin
from signoff.perf.redaction import known_secrets
from signoff.reports.errors import NotWritten
from signoff.reports.stored import run_folder
from signoff.reports.terminal import show

if TYPE_CHECKING:
    from signoff.perf.client.exchange import Exchange
    from signoff.perf.distributed.load_master import RemoteWorkers
    from signoff.perf.journeys.journey_run import JourneyUsers
    from signoff.perf.load.highest_rate import Limit, Step
    from signoff.perf.load.load_process import Workers
    from signoff.perf.load.load_run import LoadRun
    from signoff.perf.load.plan import LoadPlan
    from signoff.perf.server_side.server_watch import ServerWatch

NAME = "load"
HELP = "generate load and report latency, or find the highest rate that meets limits"
EXAMPLE = "signoff load http://127.0.0.1:11401 --rate 20 --duration 30"
DONE, UNDECIDED, INVALID = 0, 2, 3
ASK_TIMEOUT_S: Final = 2.0
LEAST_TIMEOUT_S: Final = 5.0
TIMEOUT_IN_LIMITS: Final = 5
WARM_UP_SHARE: Final = 0.1
LEAST_WARM_UP_S: Final = 1.0


def run(arguments: argparse.Namespace) -> int:
    """Exit 0 where the run is done and valid, 3 if it is not, 4 for a plan that cannot be."""
    # Not above: what measures takes a while to import, and `signoff --help` needs none of it. The workers start
    # first, so that they import while this process does.
    from signoff.acceptance.commands.loading import load_request
    from signoff.perf.errors import PerfError, PlanInvalid, Unresolved
    from signoff.perf.load.load_process import Workers

    if arguments.workers < 1:
        raise UsageError(f"--workers {arguments.workers}: at least one is needed")
    load_machines.check(arguments)
    load_journey.check(arguments)
    try:
        if arguments.worker is not None:
            return load_machines.serve(arguments)
        if arguments.url is None:
            raise UsageError("no URL is given", f"for example: {EXAMPLE}")
        load_request.remember_secrets(arguments)  # before there are workers, who would inherit them
        show_warnings()
        if arguments.journey:
            return _run(arguments, None)
        with load_machines.workers_of(arguments) if arguments.master else Workers(arguments.workers) as workers:
            return _run(arguments, workers)
    except PlanInvalid as error:
        raise UsageError(str(error), error.hint) from None
    except Unresolved as error:
        raise TargetUnreachable(str(error), error.hint) from None
    except PerfError as error:
        raise RunInvalid(str(error), error.hint) from None


def _run(arguments: argparse.Namespace, workers: Workers | RemoteWorkers | None) -> int:
    from signoff.acceptance.commands.loading import load_request

    limits = limits_of(arguments)
    if arguments.timeout is None:
        longest_ms = max((limit.value for limit in limits if limit.what != "error_rate"), default=None)
        arguments.timeout = 60.0 if longest_ms is None else max(LEAST_TIMEOUT_S, TIMEOUT_IN_LIMITS * longest_ms / 1e3)
    plan = load_request.plan_of(arguments)
    plan.offsets_ns()  # a wrong one ends before the server is asked anything
    return _Command(arguments, workers).run(plan, limits)


class _Command:
    """A running command: the file of its records and its progress output."""

    def __init__(self, arguments: argparse.Namespace, workers: Workers | RemoteWorkers | None) -> None:
        from signoff.acceptance.commands.loading import load_request
        from signoff.perf.load.load_process import Workers

        self.arguments = arguments
        self.workers = workers if isinstance(workers, Workers) else None
        self.carrier: RemoteWorkers | JourneyUsers | None = None if isinstance(workers, Workers) else workers
        if arguments.journey:
            self.carrier = load_journey.users_of(arguments, self._keep)
        self.origin = origin(load_request.endpoint(arguments.url))
        self.headers = load_request.headers(arguments)
        self.records: run_folder.Growing | None = None
        self.line = ProgressLine()

    def run(self, plan: LoadPlan, limits: list[Limit]) -> int:
        from signoff.acceptance.commands.loading import load_request

        with ExitStack() as open_files:
            if self.arguments.records is not None:
                try:
                    self.records = open_files.enter_context(run_folder.begin(self.arguments.records))
                except NotWritten as error:
                    raise error if error.is_full else UsageError(str(error), error.hint) from None
            if not self.arguments.model:
                plan = load_request.with_model(plan, self._served_model())
            return self._find(plan, limits) if limits else self._load(plan)

    def _load(self, plan: LoadPlan) -> int:
        from signoff.acceptance.commands.loading.load_result import NONE_SUCCEEDED, attempts_of, result_of

        results: list[dict[str, Any]] = []
        for attempt in range(2):
            # Other prompts in the repeat: the server may keep what it made of the first ones.
            began = datetime.now(UTC)
            with self._watch(plan) as watch:
                run = self._offer(
                    replace(plan, seed=plan.seed + attempt), f"attempt {attempt + 1}: " if attempt else ""
                )
            count = self.arguments.expect_workers or self.arguments.workers
            results.append(result_of(run, began, watch.side(run), watch.gpu(), count))
            if self.carrier is not None:
                results[-1] |= self.carrier.facts()
            last = results[-1]
            whole = not (run.interrupted or run.given_up or NONE_SUCCEEDED in last["reason"])
            if last["valid"] or not whole or (self.carrier is not None and not self.carrier.whole):
                break
            if not attempt:
                self.line.say(f"invalid: {last['reason']}; the run is made once more")
        last = {**last, "attempts": attempts_of(results)}
        self._tell(last, lambda: _text(last))
        return DONE if last["valid"] else INVALID

    def _find(self, plan: LoadPlan, limits: list[Limit]) -> int:
        from signoff.acceptance.commands.loading.load_text import found_text, step_text
        from signoff.acceptance.machine import machine
        from signoff.perf.load.highest_rate import find_highest, judge_step

        times = [limit.value for limit in limits if limit.what != "error_rate"]
        needed = max(limit.samples_needed() for limit in limits)
        looks = 0

        def measure(rate: float, length: int) -> Step:
            nonlocal looks
            judged_s = max(plan.duration_s, 1.05 * needed / rate) * length
            warm_up_s = max(LEAST_WARM_UP_S, WARM_UP_SHARE * judged_s)
            self.line.say(f"{rate:.4g} requests/s: {warm_up_s:.0f} s to warm up, {judged_s:.0f} s judged")
            looks += 1
            step_plan = replace(
                plan,
                rate_per_second=rate,
                duration_s=warm_up_s + judged_s,
                seed=plan.seed + looks,
                limit_ms=min(times, default=None),
            )
            step = judge_step(self._offer(step_plan, f"{rate:.4g}/s: "), limits, rate, warm_up_s)
            self.line.say(step_text(step))
            return step

        most = self.arguments.max_rate
        more = {} if most is None else {"most_per_second": most}
        found = find_highest(measure, plan.rate_per_second, resolution=self.arguments.resolution, **more)
        result = {
            "schema": 1,
            "url": plan.url,
            "limits": [asdict(limit) for limit in limits],
            "highest_rate": found.highest,
            "next_rate": found.next_above,
            "next_outcome": found.next_outcome,
            "ended_by": found.ended_by,
            "resolution": self.arguments.resolution,
            "alpha": _alpha(),
            "steps": [asdict(step) for step in found.steps],
            "seed": plan.seed,
            "valid": found.ended_by not in ("client", "interrupted"),
            "machine": machine(),
        }
        self._tell(result, lambda: found_text(found, limits, self.arguments.resolution))
        if not result["valid"]:
            return INVALID
        return DONE if found.highest is not None or found.next_outcome == "fail" else UNDECIDED

    def _offer(self, plan: LoadPlan, what: str) -> LoadRun:
        from signoff.perf.load.client_limits import open_files_short
        from signoff.perf.load.load_process import Workers

        if self.carrier is None and (short := open_files_short(plan, self.arguments.workers)):
            self.line.say(f"note: {short}")
        self._keep(plan.as_record())
        with ExitStack() as later:
            workers = self.carrier or self.workers or later.enter_context(Workers(self.arguments.workers))
            self.workers = None  # each carries one run
            run = workers.carry(
                plan,
                self._keep_exchange if self.records else None,
                lambda progress: self.line.progress(what, progress, plan.timeout_s),
                give_up=True,
            )
        *_, health = run.as_records()
        self._keep({**health, "started_ns": run.started_ns})
        self.line.clear()
        return run

    def _keep_exchange(self, exchange: Exchange) -> None:
        self._keep(exchange.as_record())

    def _keep(self, record: Mapping[str, Any]) -> None:
        if self.records is not None:
            self.records.append(json.dumps(known_secrets.redacted_value(record)) + "\n")

    def _tell(self, result: Mapping[str, Any], text: Callable[[], str]) -> None:
        try:
            is_all = write_json(result, self.arguments.json)
        except UsageError:
            show(text())
            raise
        if not is_all:
            show(text())

    def _served_model(self) -> str | None:
        """The first model that the server lists; None if it has no such list: not every one wants a model."""
        from signoff.perf.client import server_json

        listed = server_json.found(self._ask(joined(self.origin.url(), "/v1/models")))
        try:
            name = listed["data"][0]["id"]
        except (KeyError, IndexError, TypeError):
            return None
        # A name that holds the key would carry it into every record, and to workers on other machines.
        usable = isinstance(name, str) and len(name) <= LONGEST_NAME and known_secrets.redacted(name) == name
        return name if usable else None

    def _watch(self, plan: LoadPlan) -> ServerWatch:
        """The server's own metrics during the run; a key goes to its own server alone."""
        from signoff.perf.server_side.scrape import Source
        from signoff.perf.server_side.server_watch import ServerWatch

        url = self.arguments.metrics_url or joined(self.origin.url(), "/metrics")
        return ServerWatch(
            [Source(url, self._headers_for(url))],
            plan.duration_s,
            verify_tls=plan.verify_tls,
            find_pid=lambda: _local_process(self.origin.url()),
        )

    def _headers_for(self, url: str) -> Mapping[str, str]:
        """Additional headers; a key goes to its own server only."""
        return self.headers if origin(url) == self.origin else {}

    def _ask(self, url: str) -> str:
        """The text of an answer with status 200, else "": a server need not support these requests."""
        from signoff.perf.client.fetch import fetch
        from signoff.perf.errors import PlanInvalid

        try:
            answer = fetch(
                url, headers=self._headers_for(url), timeout_s=ASK_TIMEOUT_S, verify_tls=not self.arguments.insecure
            )
        except PlanInvalid:
            return ""
        if answer.failure or answer.status != HTTPStatus.OK:
            return ""
        return answer.body.decode("utf-8", "replace")


def _local_process(origin: str) -> int | None:
    """The process that listens at this address, where it is on this machine and may be seen."""
    from signoff.perf.errors import NoListener
    from signoff.perf.processes.process_tree import listener

    parts = urlsplit(origin)
    try:
        return listener(parts.port or {"https": 443}.get(parts.scheme, 80), parts.hostname)
    except NoListener:
        return None


def _text(result: Mapping[str, Any]) -> str:
    from signoff.acceptance.commands.loading.load_text import text_of

    return text_of(result)


def _alpha() -> float:
    from signoff.perf.load.highest_rate import ALPHA

    return ALPHA
