"""A night: performance criteria judged, target and control in turns, one more row in the history."""

from __future__ import annotations

import json
import socket
import sqlite3
from pathlib import Path

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.commands import main
from signoff.acceptance.errors import DeploymentUnreadable, UsageError
from signoff.acceptance.profile import Profile
from signoff.acceptance.running import night
from signoff.acceptance.running.progress import Progress
from signoff.perf.nights import history

BRIEF = Profile("brief", alpha=0.05, load_s=2, requests_each=10, conversations=4, cold_starts=2)
DOCUMENT = """# Task: a service that answers in time

## Requirements

- The service listens on port {port}.
- [ ] The service meets 900ms latency and 4 RPS throughput
- Somebody reads the report.
"""
DEPLOYMENT = """
target = "http://127.0.0.91:{port}"
[start]
service = "hermes-2"
arguments = ["--host", "127.0.0.91", "--port", "{port}", "--metrics-port", "own"{more}]
[control]
url = "http://127.0.0.92:{port}"
service = "hermes-2"
arguments = ["--host", "127.0.0.92", "--port", "{port}", "--metrics-port", "own"]
"""


@pytest.fixture
def unused_port() -> int:
    """A port that is free at both addresses of this file, which no other test uses."""
    with socket.socket() as one:
        one.bind(("127.0.0.91", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def task(tmp_path: Path, unused_port: int) -> Path:
    file = tmp_path / "task.md"
    file.write_text(DOCUMENT.format(port=unused_port), encoding="utf-8")
    return file


def deployment(folder: Path, port: int, more: str = "") -> Path:
    file = folder / "deployment.toml"
    file.write_text(DEPLOYMENT.format(port=port, more=more), encoding="utf-8")
    return file


def test_a_slower_server_shows_in_the_ratio_and_the_night_is_kept(task: Path, tmp_path: Path, unused_port: int) -> None:
    file = deployment(tmp_path, unused_port, ', "--fault", "slow"')
    wanted = night.NightPlan([task], file, tmp_path / "run", BRIEF, pairs=2, block_s=1)
    found, measured = night.measure(wanted, Progress(shown=False))
    assert found.valid or "moved" in found.reason, found.reason
    assert {each.kind for each in found.criteria} == {"latency", "throughput"}
    latency = next(each for each in found.figures if each.name == "latency")
    assert latency.ratio > 1.5
    assert [(each.pair, each.side) for each in measured.blocks] == [
        (0, "target"), (0, "control"), (1, "control"), (1, "target"),
    ]  # fmt: skip
    nights = tmp_path / "nights.sqlite"
    number = history.append(nights, found, measured.blocks)
    (kept,) = history.nights(nights)
    assert kept.number == number
    assert kept.about["engine"]["name"] == "simulated"
    with sqlite3.connect(nights) as db:
        count = sum(len(each.run.exchanges) for each in measured.blocks)
        assert db.execute("SELECT count(*) FROM exchange").fetchone() == (count,)


def test_the_nights_so_far_are_a_table_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nights = tmp_path / "nights.sqlite"
    about = {"document": "docs/task.md", "deployment": "d", "target": "http://a:1", "control": "http://b:1"}
    for reason in ("", "interrupted"):
        one = history.Night(
            "2026-01-01T02:00:00.000Z", **about, rate_per_second=20, block_s=10, seed=1, valid=not reason,
            reason=reason,
            about={}, criteria=(history.JudgedFigure("a/latency/1", "latency", "pass", 1.0, "ms", ""),),
            figures=(history.Compared("latency", "ms", 110, 100, 1.1, 1.05, 1.15, (1.1, 1.1)),),
        )  # fmt: skip
        history.append(nights, one, [])
    assert main(["night", "--list", "--history", str(nights)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "night  started (UTC)     criteria     latency ratio         document",
        "1      2026-01-01 02:00  1 of 1 pass  1.100 [1.050, 1.150]  task.md",
        "2      2026-01-01 02:00  1 of 1 pass  1.100 [1.050, 1.150]  task.md (not valid: interrupted)",
    ]
    assert main(["night", "--list", "--history", str(nights), "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["number"] for each in found["nights"]] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["night"], "needs task documents and --deployment"),
        (["night", "--list", "--history", "none.sqlite"], "no history yet"),
        (["night", "{task}", "--deployment", "{deployment}", "--pairs", "1"], "an interval needs two pairs"),
        (["night", "{task}", "--deployment", "{alone}"], "compares the target with a control"),
        (["night", "{plain}", "--deployment", "{deployment}"], "no figure under load"),
    ],
)
def test_what_cannot_become_a_night_ends_with_4_before_anything_starts(
    arguments: list[str], says: str, task: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alone.toml").write_text('target = "http://127.0.0.91:9"\n')
    (tmp_path / "plain.md").write_text("# Task\n\n- [ ] The service listens on port 9\n")
    names = {
        "task": task, "deployment": deployment(tmp_path, 9), "alone": tmp_path / "alone.toml",
        "plain": tmp_path / "plain.md",
    }  # fmt: skip
    assert main([each.format(**names) for each in arguments]) == 4
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("control", "says"),
    [
        ('service = "hermes-2"', "no url"),
        ('url = "http://127.0.0.91:9"', "the url of the target"),
        ('url = "http://127.0.0.92:9"\ntimeout_s = 3', "names no service"),
        ('url = "http://127.0.0.92:9"\nspeed = 3', "unknown key 'speed'"),
    ],
)
def test_a_control_that_cannot_be_one_is_refused(control: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "d.toml"
    file.write_text(f'target = "http://127.0.0.91:9"\n[control]\n{control}\n')
    with pytest.raises((DeploymentUnreadable, UsageError), match=says):
        deployments.load(file)


def test_a_control_that_runs_already_needs_no_service(tmp_path: Path) -> None:
    file = tmp_path / "d.toml"
    file.write_text('target = "http://127.0.0.91:9"\n[control]\nurl = "http://127.0.0.92:9/"\n')
    found = deployments.load(file)
    assert found.control is not None
    assert found.control.url == "http://127.0.0.92:9"
    assert found.control.service == ""
