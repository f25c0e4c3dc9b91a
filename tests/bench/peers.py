"""Signoff, GuideLLM and AIPerf against one truth: `nox -s peers`.

At each rate all three run in turn, forwards and backwards, and the median of the rounds counts: what else the machine
does hits all of them. A peer that no longer sustains a rate is left out of those above it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.bench import engine_peers, tools
from tests.bench.measured import Measured, Unmeasured, measure
from tests.bench.pace import Pace
from tests.bench.tools import Load, Tool

RATES = (50.0, 100.0, 200.0, 400.0, 1000.0)
SHARE = 0.1
"""Signoff's error is to be at most this share of the better peer's, or FLOOR_MS."""
FLOOR_MS = 0.2
FIGURES = [(figure, quantile) for figure in ("ttft", "itl") for quantile in ("p50", "p99")]


@dataclass(frozen=True, slots=True)
class Row:
    """The median of a tool's rounds at one rate."""

    tool: str
    offered: float
    achieved: float
    sustained: bool
    error_ms: dict[str, float]
    truth_ms: dict[str, float]
    cpu_s_per_1000_events: float
    peak_mib: float
    busy_elsewhere: float
    invalid_rounds: int
    rounds: int


def rows(found: Iterable[Measured]) -> list[Row]:
    """One row a tool and a rate, in the order in which they came."""
    groups: dict[tuple[float, str], list[Measured]] = {}
    for each in found:
        groups.setdefault((each.offered, each.tool), []).append(each)
    return [_row(tool, offered, groups[offered, tool]) for offered, tool in sorted(groups, key=_order)]


def _order(key: tuple[float, str]) -> tuple[float, int]:
    return key[0], ("Signoff", "AIPerf", "GuideLLM").index(key[1])


def _row(tool: str, offered: float, group: Sequence[Measured]) -> Row:
    def middle(values: Iterable[float]) -> float:
        # numpy's floats and truths are no JSON.
        return float(statistics.median(values))

    return Row(
        tool=tool,
        offered=offered,
        achieved=middle(each.achieved for each in group),
        sustained=bool(sum(each.sustained for each in group) * 2 > len(group)),
        error_ms={f"{f}_{q}": middle(each.error_ms(f, q) for each in group) for f, q in FIGURES},
        truth_ms={f"{f}_{q}": middle(each.truth[f][q] for each in group) for f, q in FIGURES},
        cpu_s_per_1000_events=middle(each.cpu_s_per_1000_events for each in group),
        peak_mib=middle(each.peak_mib for each in group),
        busy_elsewhere=middle(each.busy_elsewhere for each in group),
        invalid_rounds=sum(each.valid is False for each in group),
        rounds=len(group),
    )


def goals(table: Sequence[Row]) -> list[dict[str, Any]]:
    """Whether Signoff's error is small enough, at every rate that a peer sustains."""
    found = []
    for own in (each for each in table if each.tool == "Signoff"):
        peers = [each for each in table if each.offered == own.offered and each.tool != "Signoff" and each.sustained]
        for name in own.error_ms if peers else ():
            allowed = max(SHARE * min(each.error_ms[name] for each in peers), FLOOR_MS)
            error = own.error_ms[name]
            found.append(
                {"rate": own.offered, "figure": name, "error_ms": error, "allowed_ms": allowed, "met": error <= allowed}
            )
    return found


def _rows_as_markdown(table: Sequence[Row]) -> list[str]:
    lines = [
        "| streams/s | tool | achieved | TTFT error p50 | p99 | ITL error p50 | p99 | CPU s a 1,000 events | memory |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for each in table:
        errors = " | ".join(f"{value:.3g}" for value in each.error_ms.values())
        achieved = f"{each.achieved:.4g}" + ("" if each.sustained else " (not sustained)")
        cost = f"{each.cpu_s_per_1000_events:.3f} | {each.peak_mib:.0f} MiB"
        lines.append(f"| {each.offered:g} | {each.tool} | {achieved} | {errors} | {cost} |")
    return lines


def engine_as_markdown(table: Sequence[Row], skipped: Sequence[str], engine: str) -> str:
    """The table of a real engine, for people."""
    lines = [*_rows_as_markdown(table), "", f"Before {engine}, against what a relay stamped that stood between."]
    invalid = sum(each.invalid_rounds for each in table)
    if invalid:
        lines.append(f"Signoff itself called {invalid} of its rounds invalid: something held it up.")
    lines += [f"Left out: {each}." for each in skipped]
    return "\n".join(lines) + "\n"


def as_markdown(table: Sequence[Row], skipped: Sequence[str], about: dict[str, Any]) -> str:
    """The table for people."""
    lines = _rows_as_markdown(table)
    met = goals(table)
    missed = [each for each in met if not each["met"]]
    lines += [
        "",
        f"Errors in ms against what the server itself stamped ({about['pace_text']}), from the send of a request.",
    ]
    lines += ["Inter-token latency by each tool's own definition: Signoff each gap, the others the mean of a stream."]
    lines += [f"Medians of {about['rounds']} interleaved rounds of {about['duration_s']:g} s; {about['machine_text']};"]
    lines += [f"{about['busy_text']}; {', '.join(f'{k} {v}' for k, v in about['versions'].items())}."]
    invalid = sum(each.invalid_rounds for each in table)
    if invalid:
        lines.append(f"Signoff itself called {invalid} of its rounds invalid: something held it up.")
    lines += [f"Left out: {each}." for each in skipped]
    lines.append(
        f"Goal (at most a tenth of the better peer's error, or {FLOOR_MS} ms): met for {len(met) - len(missed)} of "
        f"{len(met)} figures" + ("." if not missed else ": " + "; ".join(_missed(each) for each in missed) + ".")
    )
    return "\n".join(lines) + "\n"


def _missed(goal: dict[str, Any]) -> str:
    return f"{goal['figure']} at {goal['rate']:g}/s {goal['error_ms']:.3g} ms, allowed {goal['allowed_ms']:.3g}"


def about(pace: Pace, rounds: int, duration_s: float, versions: dict[str, str], table: Sequence[Row]) -> dict[str, Any]:
    """Where and how the table was taken."""
    model = _first(Path("/proc/cpuinfo"), "model name") or platform.processor()
    cores = os.cpu_count() or 0
    memory = psutil.virtual_memory().total
    busy = statistics.median(each.busy_elsewhere for each in table)
    return {
        "pace": pace.as_record(),
        "pace_text": f"TTFT {pace.ttft_ms:g} ms, {pace.tokens} tokens {pace.gap_ms:g} ms apart, {pace.kind}",
        "rounds": rounds,
        "duration_s": duration_s,
        "versions": versions,
        "machine_text": f"{cores} cores of {model}, {memory / 2**30:.0f} GiB, Linux {platform.release()}",
        "busy_elsewhere": busy,
        "busy_text": f"other processes used {busy:.2f} cores (median)",
    }


def _first(path: Path, name: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def run(
    every: Sequence[Tool], pace: Pace, rates: Sequence[float], rounds: int, duration_s: float, folder: Path
) -> tuple[list[Measured], list[str]]:
    """All rounds, and what was left out and why."""
    found: list[Measured] = []
    skipped: list[str] = []
    out: set[str] = set()
    tools.prepare(folder)
    for rate in rates:
        for turn in range(rounds):
            for tool in every if turn % 2 == 0 else reversed(every):
                if tool.name in out:
                    continue
                try:
                    one = measure(tool, pace, Load("", rate, duration_s, pace.tokens, folder))
                except Unmeasured as error:
                    skipped.append(str(error))
                    print(f"  {error}", flush=True)
                    continue
                found.append(one)
                print(_line(one), flush=True)
        for each in rows(one for one in found if one.offered == rate):
            if not each.sustained and each.tool != "Signoff" and rate != rates[-1]:
                out.add(each.tool)
                skipped.append(f"{each.tool} above {rate:g}/s, which it did not sustain ({each.achieved:.4g}/s)")
    return found, skipped


def _line(one: Measured) -> str:
    errors = ", ".join(f"{f} {q} {one.error_ms(f, q):.3f}" for f, q in FIGURES)
    judged = "" if one.valid is not False else f"  [invalid: {one.more.get('reason', '')}]"
    return f"  {one.offered:5g}/s {one.tool:<9} achieved {one.achieved:6.1f}  errors ms: {errors}{judged}"


def before_vllm(every: Sequence[Tool], asked: argparse.Namespace, folder: Path) -> tuple[dict[str, Any], str]:
    """The same tools before a real engine, as a record and as text."""
    command = asked.vllm.absolute() / "bin" / "vllm"
    try:
        with engine_peers.vllm(command, asked.model.absolute(), folder / "vllm.log") as port:
            found, skipped = engine_peers.run(
                every, port, engine_peers.RATES, asked.rounds, asked.duration, folder, lambda one: print(_line(one))
            )
    except Unmeasured as error:
        found, skipped = [], [str(error)]
    table = rows(found)
    engine = f"vLLM {version_of(command, 'vllm')} with {asked.model.name}"
    record = {
        "engine": engine,
        "rows": [{name: getattr(each, name) for name in Row.__slots__} for each in table],
        "left_out": skipped,
        "runs": [each.as_record() for each in found],
    }
    return record, engine_as_markdown(table, skipped, engine)


def version_of(program: Path, distribution: str) -> str:
    """The release of a distribution in the environment of a program."""
    code = f"import importlib.metadata as m; print(m.version({distribution!r}))"
    python = program.with_name("python")
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--guidellm", type=Path, metavar="FOLDER", help="environment that holds GuideLLM")
    parser.add_argument("--aiperf", type=Path, metavar="FOLDER", help="environment that holds AIPerf")
    parser.add_argument("--rates", type=float, nargs="+", default=list(RATES), metavar="R", help="streams a second")
    parser.add_argument("--rounds", type=int, default=3, help="of each tool at each rate (default: 3)")
    parser.add_argument("--duration", type=float, default=20.0, metavar="S", help="of each run (default: 20)")
    parser.add_argument(
        "--vllm", type=Path, metavar="FOLDER", help="environment that holds vLLM, for a real engine too"
    )
    parser.add_argument("--model", type=Path, default=Path("fixtures/models/recall"), help="what vLLM serves")
    parser.add_argument("--out", type=Path, default=Path("out/peers"), metavar="FOLDER", help="for table and records")
    asked = parser.parse_args()
    every = [tools.signoff()]
    if asked.aiperf:
        every.append(tools.aiperf(asked.aiperf.absolute()))
    if asked.guidellm:
        every.append(tools.guidellm(asked.guidellm.absolute()))
    names = {"Signoff": "signoff", "AIPerf": "aiperf", "GuideLLM": "guidellm"}
    versions = {each.name: version_of(each.program, names[each.name]) for each in every}
    pace = Pace()
    with tempfile.TemporaryDirectory() as folder:
        found, skipped = run(every, pace, asked.rates, asked.rounds, asked.duration, Path(folder))
        engine = before_vllm(every, asked, Path(folder)) if asked.vllm else None
    if not found:
        print("no tool could be measured:", *skipped, sep="\n  ", file=sys.stderr)
        return 1
    table = rows(found)
    where = about(pace, asked.rounds, asked.duration, versions, table)
    asked.out.mkdir(parents=True, exist_ok=True)
    record = {
        "about": where,
        "rows": [{name: getattr(each, name) for name in Row.__slots__} for each in table],
        "goals": goals(table),
        "left_out": skipped,
        "runs": [each.as_record() for each in found],
    }
    text = as_markdown(table, skipped, where)
    if engine is not None:
        record["engine"], more = engine
        text += f"\n{more}"
    (asked.out / "peers.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    (asked.out / "peers.md").write_text(text, encoding="utf-8")
    print(f"\n{text}\nwritten to {asked.out}/peers.md and peers.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
