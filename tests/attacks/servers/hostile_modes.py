"""`signoff run` and `signoff load` against each mode of the hostile server: how they end, when, in how much memory.

`python -m tests.attacks.servers.hostile_modes [MODE ...] [--route ROUTE ...] [--command run load] [--file TABLE.md]`
prints a table in Markdown. It ends with 1 where a row is not as it has to be.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.measured_process import Ended, ended, signoff
from tests.attacks.servers.hostile_server import MODES, ROUTES, serving

SMALL = Path(__file__).with_name("small.md")
MOST_BYTES = 400_000_000
MOST_S = 180.0
COMMANDS = ("run", "load")
RUN_TIMEOUT_S, LOAD_TIMEOUT_S = 4.0, 4.0
"""Requests are given up sooner than by default, so that all modes take minutes and not hours."""
RATE, DURATION_S = 10.0, 2.0


@dataclass(frozen=True)
class Row:
    """One mode on one route, with one command. `said` is what the command made of it."""

    mode: str
    route: str
    command: str
    said: str
    ended: Ended

    @property
    def problem(self) -> str:
        """What is not as it has to be; "" where nothing is."""
        end = self.ended
        if end.why:
            return end.why
        if end.left:
            return f"left {end.left[0]}"
        if end.peak_bytes > MOST_BYTES:
            return f"took {end.peak_bytes / 1e6:.0f} MB"
        if end.exit_code not in (0, 1, 2, 3) or "Traceback" in end.output:
            return f"exit {end.exit_code}: {end.output[-300:]}"
        return ""


def tried(
    mode: str, route: str, command: str, *, timeout_s: float | None = None, every: int = 1, after: int = 0
) -> Row:
    """One command against one mode."""
    with tempfile.TemporaryDirectory() as folder, serving(mode, route, every=every, after=after) as url:
        file = Path(folder) / "result.json"
        if command == "run":
            end = ended(run_command(url, Path(folder), file, timeout_s or RUN_TIMEOUT_S), MOST_S)
        else:
            end = ended(load_command(url, file, timeout_s or LOAD_TIMEOUT_S), MOST_S)
        said = _said(command, file)
    return Row(mode, route, command, said, end)


def run_command(url: str, folder: Path, file: Path, timeout_s: float) -> list[str]:
    more = ("--timeout", f"{timeout_s:g}")
    return signoff("run", str(SMALL), "--target", url, "--out", str(folder / "out"), "--json", str(file), *more)


def load_command(url: str, file: Path, timeout_s: float) -> list[str]:
    offered = ("--rate", f"{RATE:g}", "--duration", f"{DURATION_S:g}", "--max-tokens", "50")
    return signoff("load", url, *offered, "--timeout", f"{timeout_s:g}", "--json", str(file))


def _said(command: str, file: Path) -> str:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "no result"
    if command == "load":
        errors = ", ".join(f"{count} {kind}" for kind, count in found["errors"].items())
        return f"{found['requests']} requests: {errors or 'all good'}"
    outcomes = [each["outcome"].replace("_", " ") for each in found["criteria"]]
    return f"{found['outcome']}: " + ", ".join(f"{outcomes.count(each)} {each}" for each in sorted(set(outcomes)))


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The lines of a table in Markdown."""
    yield "| mode | what it does | route | command | ended with | exit | seconds | peak MB |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        end = row.ended
        code = end.why or str(end.exit_code)
        what = MODES[row.mode][0]
        yield (
            f"| {row.mode} | {what} | {row.route} | {row.command} | {row.said} | {code} | {end.seconds:.1f} | "
            f"{end.peak_bytes / 1e6:.0f} |"
        )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("modes", nargs="*", metavar="MODE", default=[])
    parser.add_argument("--route", nargs="+", choices=ROUTES, default=["chat", "metrics"])
    parser.add_argument("--command", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--file", type=Path, help="the table goes there too")
    arguments = parser.parse_args()
    rows: list[Row] = []
    for mode in arguments.modes or MODES:
        for route in arguments.route:
            for command in arguments.command:
                rows.append(row := tried(mode, route, command))
                print(list(table([row]))[-1], f"PROBLEM: {row.problem}" if row.problem else "", flush=True)
    if arguments.file is not None:
        arguments.file.write_text("\n".join(table(rows)) + "\n", encoding="utf-8")
    bad = [row for row in rows if row.problem]
    for row in bad:
        print(f"{row.mode} {row.route} {row.command}: {row.problem}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
