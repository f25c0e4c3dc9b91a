"""A history that nights are only added to: whole or not at all, with the series that figures come from."""

from __future__ import annotations

import sqlite3
from statistics import fmean

import pytest

from signoff.perf.errors import HistoryUnreadable
from signoff.perf.nights import history
from signoff.perf.nights.comparison import compare
from signoff.perf.nights.history import JudgedFigure, Night
from tests.perf.nights.test_comparison import block

BLOCKS = [block(pair, side, [100.0 + pair, 140.0]) for pair in range(2) for side in ("target", "control")]


def night(**more):
    fields = {
        "started": "2026-01-01T02:00:00.000Z", "document": "task.md", "deployment": "here", "target": "http://a:1",
        "control": "http://b:1", "rate_per_second": 10.0, "block_s": 1.0, "seed": 3, "valid": True, "reason": "",
        "about": {"machine": {"cores": 2}}, "figures": tuple(compare(BLOCKS)),
        "criteria": (JudgedFigure("s/latency/1", "latency", "pass", 120.0, "ms", "fine"),),
    }  # fmt: skip
    return Night(**{**fields, **more})


def test_nights_come_back_as_they_were_kept_in_their_order(tmp_path):
    file = tmp_path / "new" / "nights.sqlite"
    first = history.append(file, night(), BLOCKS)
    second = history.append(file, night(valid=False, reason="interrupted", criteria=(), figures=()), [])
    assert history.nights(file) == [
        night(number=first),
        night(number=second, valid=False, reason="interrupted", criteria=(), figures=()),
    ]
    assert second > first


def test_figures_can_be_made_again_from_the_raw_series(tmp_path):
    file = tmp_path / "nights.sqlite"
    history.append(file, night(), BLOCKS)
    with sqlite3.connect(file) as db:
        rows = db.execute(
            "SELECT avg(finished_ns - intended_ns) / 1e6 FROM exchange JOIN block ON block.night = exchange.night "
            "AND block.number = exchange.block WHERE side = 'target' GROUP BY block.number"
        ).fetchall()
    latency = next(found for found in history.nights(file)[0].figures if found.name == "latency")
    assert fmean(mean for (mean,) in rows) == pytest.approx(latency.target)


def test_a_night_that_cannot_be_kept_whole_leaves_nothing(tmp_path):
    file = tmp_path / "nights.sqlite"
    history.append(file, night(), BLOCKS)
    twice = [JudgedFigure("a", "latency", None, None, None, "")]
    with pytest.raises(HistoryUnreadable):
        history.append(file, night(criteria=tuple(twice)), BLOCKS)
    assert len(history.nights(file)) == 1
    with sqlite3.connect(file) as db:
        assert db.execute("SELECT count(*) FROM block").fetchone() == (len(BLOCKS),)


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be taken for one" * 20, b""])
def test_what_is_no_history_is_refused_and_left_as_it_is(tmp_path, content):
    file = tmp_path / "nights.sqlite"
    file.write_bytes(content)
    with pytest.raises(HistoryUnreadable) as refused:
        history.nights(file)
    assert str(file) in str(refused.value)
    assert file.read_bytes() == content


def test_a_database_of_something_else_is_refused_also_for_writing(tmp_path):
    file = tmp_path / "other.sqlite"
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE turns (id)")
    with pytest.raises(HistoryUnreadable, match="no history of nights"):
        history.append(file, night(), BLOCKS)


def test_no_history_yet_is_said(tmp_path):
    with pytest.raises(HistoryUnreadable, match="no history yet"):
        history.nights(tmp_path / "none.sqlite")
