"""`signoff night`: judge the performance criteria, compare with a control, store the night."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from pathlib import Path

from signoff.acceptance.commands.console.json_output import write_json
from signoff.acceptance.commands.runs.night_text import night_text, nights_table
from signoff.acceptance.commands.runs.run import EXIT
from signoff.acceptance.errors import RunInvalid, UsageError
from signoff.acceptance.profile import PROFILES
from signoff.acceptance.running import night, storing
from signoff.acceptance.running.progress import Progress
from signoff.perf.errors import HistoryFull, HistoryUnreadable
from signoff.perf.nights import history
from signoff.perf.nights.comparison import LEAST_PAIRS
from signoff.reports.document.headline import fold
from signoff.reports.terminal import show

NAME = "night"
HELP = "judge the performance criteria, compare the target with a control, and add the night to a history"
EXAMPLE = (
    "signoff night fixtures/tasks/1.3-hermes-2.md --deployment fixtures/deployments/1.3-hermes-2.toml\n"
    "         signoff night --list"
)
HISTORY = Path("out/nights.sqlite")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `signoff night`."""
    parser.add_argument("documents", nargs="*", type=Path, metavar="DOCUMENT", help="task documents, or folders")
    parser.add_argument("--deployment", type=Path, metavar="FILE", help="what to judge, with [control] to compare with")
    parser.add_argument("--api-key-env", metavar="NAME", default="", help="variable that holds the target's API key")
    parser.add_argument("--history", type=Path, default=HISTORY, metavar="FILE", help=f"SQLite (default: {HISTORY})")
    parser.add_argument("--profile", choices=PROFILES, default="quick", help="how much is measured (default: quick)")
    parser.add_argument("--pairs", type=int, default=10, metavar="N", help="pairs of blocks (default: 10)")
    parser.add_argument("--block", type=float, default=10.0, metavar="S", help="seconds of a block (default: 10)")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="folder for runs (default: out)")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of words and prompts, to repeat a night")
    parser.add_argument("--list", action="store_true", help="only show the history")
    parser.add_argument("--json", metavar="FILE", help="write the history as JSON; - is standard output")


def run(arguments: argparse.Namespace) -> int:
    """Measure and show; the exit code is that of the performance criteria, 3 where the night is not whole."""
    if arguments.list:
        _show(arguments, "")
        return 0
    if not arguments.documents or arguments.deployment is None:
        raise UsageError(
            "a night needs task documents and --deployment", "name both, or show the nights so far with --list"
        )
    if arguments.pairs < LEAST_PAIRS or not arguments.block > 0:
        raise UsageError(
            f"{arguments.pairs} pairs of {arguments.block:g} s: an interval needs two pairs, and a block some time",
            "leave out --pairs and --block for ten pairs of ten seconds",
        )
    wanted = night.NightPlan(
        paths=arguments.documents,
        deployment_file=arguments.deployment,
        folder=arguments.out / storing.new_run_id(),
        profile=PROFILES[arguments.profile],
        pairs=arguments.pairs,
        block_s=arguments.block,
        seed=arguments.seed,
        api_key_env=arguments.api_key_env,
    )
    found, measured = night.measure(wanted, Progress())
    assert measured.stored is not None
    outcome, _ = fold(replace(measured.stored, criteria=tuple(night.judged(measured.stored))))
    try:
        number = history.append(arguments.history, found, measured.blocks)
    except HistoryFull as error:
        raise RunInvalid(str(error), error.hint) from None
    except HistoryUnreadable as error:
        raise UsageError(str(error), error.hint) from None
    _show(arguments, night_text(replace(found, number=number), outcome, wanted.folder))
    return EXIT[outcome] if found.valid else EXIT["invalid"]


def _show(arguments: argparse.Namespace, about: str) -> None:
    try:
        nights = history.nights(arguments.history)
    except HistoryUnreadable as error:
        raise UsageError(str(error), error.hint) from None
    if write_json({"schema": 1, "nights": [asdict(each) for each in nights]}, arguments.json):
        return
    if about:
        show(about + "\n")
    show(nights_table(nights))
