"""`signoff load --journey`: its options, and the users that they describe."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from signoff.acceptance.errors import UsageError

if TYPE_CHECKING:
    from signoff.perf.journeys.journey_run import JourneyUsers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options for user journeys."""
    group = parser.add_argument_group("user journeys (closed loop; needs the extra locust)")
    group.add_argument("--journey", action="store_true", help="let users hold sessions of several turns, by Locust")
    group.add_argument("--users", type=int, default=1, metavar="N", help="at a time (default: 1)")
    group.add_argument("--turns", default="3-6", metavar="N-M", help="of a session (default: 3-6)")
    group.add_argument("--think", default="1-5", metavar="S-T", help="seconds before each turn (default: 1-5)")
    group.add_argument("--send-history", action="store_true", help="send the whole conversation with each turn")


def check(arguments: argparse.Namespace) -> None:
    """Raises UsageError if the options do not go together."""
    if not arguments.journey:
        return
    if arguments.find or arguments.master or arguments.workers != 1:
        raise UsageError(
            "--journey goes with neither --find nor --master nor --workers",
            "Locust itself spreads journeys: locust -f journey_locustfile.py --master (docs/load.md)",
        )
    if arguments.closed_loop is not None:
        raise UsageError("--journey is already a closed loop", "give --users instead of --closed-loop")
    if arguments.users < 1:
        raise UsageError(f"--users {arguments.users}: at least one is needed")
    arguments.closed_loop = arguments.users


def users_of(arguments: argparse.Namespace, keep: Callable[[Mapping[str, Any]], None]) -> JourneyUsers:
    """The users. Raises PlanInvalid."""
    from signoff.perf.journeys.journey import Journey, between
    from signoff.perf.journeys.journey_run import JourneyUsers

    least, most = between(arguments.turns, "--turns")
    think_s = between(arguments.think, "--think")
    if least != int(least) or most != int(most):
        raise UsageError(f"--turns {arguments.turns!r}: whole numbers", "for example --turns 3-6")
    return JourneyUsers(Journey((int(least), int(most)), think_s, send_history=arguments.send_history), keep)
