"""The arguments of `signoff load`, and the limits among them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from signoff.acceptance.commands.loading import load_journey, load_machines
from signoff.acceptance.errors import UsageError

if TYPE_CHECKING:
    from signoff.perf.load.highest_rate import Limit

TIMES: Final = {"ttft": "time to the first token", "itl": "time between tokens", "e2e": "time to the end"}
STATISTICS: Final = ("mean", "p50", "p90", "p95", "p99")
LONGEST_NAME: Final = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `signoff load`."""
    parser.add_argument("url", nargs="?", metavar="URL", help="the server; without a path its /v1/chat/completions")
    when = parser.add_argument_group("arrivals")
    when.add_argument("--rate", type=float, metavar="R", help="requests a second; with --find the first rate to try")
    when.add_argument("--duration", type=float, metavar="S", help="seconds; with --find of each step, at least")
    when.add_argument(
        "--arrivals", default="constant", metavar="HOW",
        help="constant (default), poisson, ramp:FROM up to --rate, step:R1,R2,..., or trace:FILE (times, or JSON lines "
        "or CSV with times and lengths); a trace takes --rate to stretch and --duration to cut it",
    )  # fmt: skip
    when.add_argument(
        "--closed-loop", type=int, metavar="N",
        help="no schedule: keep N requests in flight (its latencies suffer from coordinated omission)",
    )  # fmt: skip
    when.add_argument(
        "--timeout", type=float, metavar="S", help="time-out of a request, from when it was due (default: 60)"
    )
    when.add_argument("--workers", type=int, default=1, metavar="N", help="processes that share the one schedule")
    when.add_argument("--seed", type=int, metavar="N", help="of arrivals and prompts, to repeat a run (default: new)")
    what = parser.add_argument_group("prompts and requests")
    what.add_argument("--model", metavar="M", help="default: the first that /v1/models lists")
    what.add_argument("--max-tokens", type=int, metavar="N", help="of each answer (default: the server's)")
    what.add_argument("--prompts", type=Path, metavar="FILE", help="one a line, or JSON lines with prompt or messages")
    what.add_argument("--prompt-tokens", type=int, default=0, metavar="N", help="add N generated words to each prompt")
    what.add_argument("--same-prompt", action="store_true", help="do not vary it: this measures the prefix cache")
    what.add_argument("--no-stream", action="store_true", help="ask for whole answers")
    what.add_argument("--header", action="append", default=[], metavar="'NAME: VALUE'", help="may be repeated")
    what.add_argument("--api-key-env", default="", metavar="NAME", help="variable that holds the server's API key")
    what.add_argument(
        "--api-key-header", default="Authorization", metavar="NAME",
        help="header that the key is sent in (default: Authorization, as Bearer KEY)",
    )  # fmt: skip
    what.add_argument("--insecure", action="store_true", help="do not verify the server's certificate")
    output = parser.add_argument_group("output")
    output.add_argument("--json", metavar="FILE", help="the result as JSON; - is standard output")
    output.add_argument("--records", type=Path, metavar="FILE", help="every request as a line of JSON, as it ends")
    output.add_argument("--metrics-url", metavar="URL", help="the server's metrics (default: /metrics of the server)")
    find = parser.add_argument_group("search for the highest rate")
    find.add_argument("--find", action="store_true", help="search for it, from --rate on; give at least one limit")
    for what_of, words in TIMES.items():
        for statistic in STATISTICS:
            shown = f"limit of the {words}; also -mean, -p50, -p90, -p95" if statistic == "p99" else argparse.SUPPRESS
            find.add_argument(f"--{what_of}-{statistic}-ms", type=float, metavar="MS", help=shown)
    find.add_argument("--error-rate", type=float, metavar="SHARE", help="limit of the share of errors, such as 0.01")
    find.add_argument(
        "--resolution", type=float, default=0.05, metavar="SHARE", help="precision of the result (default: 0.05)"
    )
    find.add_argument("--max-rate", type=float, metavar="R", help="try no higher rate")
    load_machines.add_arguments(parser)
    load_journey.add_arguments(parser)


def limits_of(arguments: argparse.Namespace) -> list[Limit]:
    given = {
        (what, statistic): getattr(arguments, f"{what}_{statistic}_ms") for what in TIMES for statistic in STATISTICS
    }
    named = {key: value for key, value in given.items() if value is not None}
    if arguments.error_rate is not None:
        named["error_rate", "share"] = arguments.error_rate
    if not arguments.find:
        if named or arguments.max_rate is not None:
            raise UsageError("limits are for a search", "add --find")
        return []
    if not named:
        raise UsageError("--find needs a limit", "for example --ttft-p99-ms 500 --error-rate 0.01")
    if arguments.closed_loop is not None or arguments.arrivals not in ("constant", "poisson"):
        raise UsageError("--find offers rates", "use it with --arrivals constant or poisson")
    if arguments.no_stream and any(what in ("ttft", "itl") for what, _ in named):
        raise UsageError("times to and between tokens need streams", "leave out --no-stream")
    if not 0.005 <= arguments.resolution <= 1:
        raise UsageError(f"--resolution {arguments.resolution:g}: from 0.005 to 1")
    from signoff.perf.load.highest_rate import Limit

    for (what, _), value in named.items():
        if not value > 0 or (what == "error_rate" and value >= 1):
            raise UsageError(f"a limit of {value:g} on the {what.replace('_', ' ')} limits nothing")
    return [Limit(what, statistic, value) for (what, statistic), value in named.items()]  # type: ignore[arg-type]
