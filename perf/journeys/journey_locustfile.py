"""User journeys for Locust: `locust -f journey_locustfile.py --headless -u 10 -t 60s --host http://127.0.0.1:8000`.

Locust decides the number of users and when they come and go. Their turns are sent and timed by our
client in a separate process (perf/journeys/turns.py): the times that Locust shows are its records'. This is a closed
loop: a user who waits for an answer asks nothing meanwhile, so that the latencies suffer from coordinated omission.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from locust import User, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner

from signoff.perf.client.endpoint import chat_url
from signoff.perf.client.exchange import Exchange
from signoff.perf.errors import PerfError, PlanInvalid
from signoff.perf.journeys.journey import (
    SESSION_HEADER,
    TURNS_OF_USER,
    Journey,
    between,
    new_message,
    new_session_name,
    turn_body,
)
from signoff.perf.journeys.turns import Turns
from signoff.perf.load.plan import LoadPlan
from signoff.perf.redaction import known_secrets

PROMPT: Final = "Write about what comes to your mind."
USERS_OF_WORKER: Final = 100_000
SPARE_S: Final = 5.0


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_arguments(parser: LocustArgumentParser) -> None:
    group = parser.add_argument_group("Signoff's user journeys")
    group.add_argument("--turns", default="3-6", help="of a session (default: 3-6)")
    group.add_argument("--think", default="1-5", help="seconds before each turn (default: 1-5)")
    group.add_argument("--send-history", action="store_true", help="for servers without sessions")
    group.add_argument("--journey-seed", type=int, help="to repeat a journey (default: new, and logged)")
    group.add_argument("--journey-model", help="the model to ask for")
    group.add_argument("--max-tokens", type=int, help="of each answer")
    group.add_argument("--request-timeout", type=float, default=60.0, help="seconds from when a turn is due")
    group.add_argument("--api-key-env", default="", help="variable that holds the server's API key")
    group.add_argument("--records", help="file that gets each turn as a line of JSON; worker n's is NAME-n")
    group.add_argument("--journey-plan", help="file with all of this, as `signoff load --journey` writes it")


class _State:
    """State that the users of this process share during a test."""

    plan: LoadPlan
    journey: Journey
    turns: Turns | None = None
    records: IO[str] | None = None
    first_user: int = 0
    users: int = 0

    def keep(self, record: Mapping[str, Any]) -> None:
        if self.records is not None:
            self.records.write(json.dumps(known_secrets.redacted_value(record)) + "\n")
            self.records.flush()


_state = _State()


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Environment, **_: Any) -> None:
    """Starts the client. An invalid run ends Locust with the reason."""
    if isinstance(environment.runner, MasterRunner):
        return
    options: Any = environment.parsed_options
    index = max(0, environment.runner.worker_index) if isinstance(environment.runner, WorkerRunner) else None
    try:
        _state.plan, _state.journey = _planned(environment, options)
        if options.records:
            file = Path(options.records)  # the master's, for all workers
            file = file if index is None else file.with_stem(f"{file.stem}-{index}")
            _state.records = file.open("w", encoding="utf-8")
        lasts_s = _state.plan.duration_s if options.journey_plan else None
        _state.turns = Turns(_state.plan, _state.keep, keep_text=_state.journey.send_history, lasts_s=lasts_s)
        _state.keep({"record": "begun", "at_ns": time.monotonic_ns()})
    except (PerfError, OSError) as error:
        # Into a log that a terminal shows: arguments and names of files may hold what it obeys.
        why = known_secrets.redacted(f"{error} {getattr(error, 'hint', '')}").encode("unicode_escape").decode("ascii")
        logging.getLogger("locust").error("the journey cannot begin: %s", why)
        environment.process_exit_code = 4
        assert environment.runner is not None
        environment.runner.quit()
        return
    _state.first_user, _state.users = (index or 0) * USERS_OF_WORKER, 0
    # A turn that is under way when the test ends is waited for: cut short it would tell nothing.
    environment.stop_timeout = max(environment.stop_timeout or 0, _state.plan.timeout_s + SPARE_S)
    logging.getLogger("locust").info(
        "journeys: closed loop, the latencies suffer from coordinated omission; seed %d", _state.journey.seed
    )


@events.test_stopping.add_listener  # type: ignore[untyped-decorator]
def close(**_: Any) -> None:
    if _state.turns is not None:
        _state.turns.close()


@events.test_stop.add_listener  # type: ignore[untyped-decorator]
def end(**_: Any) -> None:
    if _state.turns is not None:
        _state.turns.end(SPARE_S)
        _state.turns = None
    if _state.records is not None:
        _state.records.close()
        _state.records = None


def _planned(environment: Environment, options: Any) -> tuple[LoadPlan, Journey]:
    if options.journey_plan:
        message = json.loads(Path(options.journey_plan).read_text(encoding="utf-8"))
        known_secrets.remember_headers(message["plan"]["headers"])
        return LoadPlan.from_record(message["plan"]), Journey.of(message["journey"])
    if not environment.host:
        raise PlanInvalid("no server is named", "add --host http://127.0.0.1:8000")
    headers = {}
    if options.api_key_env:
        key = os.environ.get(options.api_key_env, "").strip()
        if not key:
            raise PlanInvalid(f"the environment variable {options.api_key_env} is empty or not set")
        known_secrets.remember(key, options.api_key_env)
        headers["Authorization"] = f"Bearer {key}"
    asked = {"model": options.journey_model, "max_tokens": options.max_tokens}
    body = {name: value for name, value in asked.items() if value is not None}
    seed = secrets.randbelow(2**31) if options.journey_seed is None else options.journey_seed
    least, most = between(options.turns, "--turns")
    plan = LoadPlan(
        url=chat_url(environment.host),
        body={**body, "messages": [{"role": "user", "content": PROMPT}], "stream_options": {"include_usage": True}},
        rate_per_second=0.0,
        duration_s=1.0,
        timeout_s=options.request_timeout,
        headers=headers,
        arrivals="closed_loop",
        closed_loop=1,
        seed=seed,
        stream=True,
    )
    think = between(options.think, "--think")
    return plan, Journey((int(least), int(most)), think, seed=seed, send_history=options.send_history)


class JourneyUser(User):
    """One user: session after session, turn after turn."""

    def on_start(self) -> None:
        self.number = _state.first_user + _state.users
        _state.users += 1
        self.sessions = 0
        self.said = 0
        self.free_ns = time.monotonic_ns()
        self.bodies = _state.plan.bodies()

    @task
    def session(self) -> None:
        """A session. It ends early if a turn fails, because people leave then, or if the test ends."""
        name, number = new_session_name(), self.sessions
        self.sessions += 1
        said: list[Mapping[str, str]] = []
        thinks = _state.journey.session(self.number, number)
        for turn, think_s in enumerate(thinks, 1):
            sequence = self.number * TURNS_OF_USER + self.said
            self.said += 1
            body = turn_body(self.bodies, sequence, said)
            about = {"user": self.number, "session": number, "of_session": turn, "of_turns": len(thinks)}
            if _state.turns is None:
                raise StopUser
            record = _state.turns.take(
                body, {SESSION_HEADER: name}, due_ns=self.free_ns + round(think_s * 1e9), sequence=sequence, about=about
            )
            if record is None:
                raise StopUser
            exchange = Exchange.from_record(record)
            self.free_ns = exchange.finished_ns
            self._show(turn, exchange)
            if not exchange.ok:
                return
            if _state.journey.send_history:
                said += [new_message(body), {"role": "assistant", "content": exchange.text}]

    def _show(self, turn: int, exchange: Exchange) -> None:
        """The turn in Locust's own tables: our client's times."""
        error = None if exchange.ok else RuntimeError(f"{exchange.outcome} {exchange.error}".strip())
        shown = {"name": f"turn {turn}", "response_length": exchange.completion_tokens or 0, "exception": error}
        if exchange.ttft_ms is not None:
            self.environment.events.request.fire(request_type="first token", response_time=exchange.ttft_ms, **shown)
        self.environment.events.request.fire(request_type="end", response_time=exchange.latency_ms, **shown)
