"""The history of nights: an append-only SQLite file, raw series included.

    night      one row a night: document, deployment, target, control, and whether the client was fast enough
    criterion  the verdicts on the document's performance criteria
    figure     each figure of target and control, with the ratio and its interval
    block      each block of the interleaved run, in its order
    exchange   each request: its due time and its result, in ns from the beginning of its block

Figures can be recomputed from `exchange`; `PRAGMA user_version` is the version of this schema.
"""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any, Final

from signoff.perf.errors import HistoryFull, HistoryUnreadable
from signoff.perf.nights.comparison import Compared
from signoff.perf.nights.interleaved import Block
from signoff.perf.redaction.known_secrets import redacted, redacted_value

SCHEMA: Final = 1
NO_ROOM: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
_TABLES: Final = """
CREATE TABLE night (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, document TEXT NOT NULL, deployment TEXT NOT NULL,
    target TEXT NOT NULL, control TEXT NOT NULL, rate_per_second REAL NOT NULL, block_s REAL NOT NULL,
    seed INTEGER NOT NULL, valid INTEGER NOT NULL, reason TEXT NOT NULL, about TEXT NOT NULL
);
CREATE TABLE criterion (
    night INTEGER NOT NULL REFERENCES night (id), id TEXT NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL,
    value REAL, unit TEXT, reason TEXT NOT NULL
);
CREATE TABLE figure (
    night INTEGER NOT NULL REFERENCES night (id), name TEXT NOT NULL, unit TEXT NOT NULL, target REAL NOT NULL,
    control REAL NOT NULL, ratio REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL, ratios TEXT NOT NULL,
    PRIMARY KEY (night, name)
);
CREATE TABLE block (
    night INTEGER NOT NULL REFERENCES night (id), number INTEGER NOT NULL, pair INTEGER NOT NULL, side TEXT NOT NULL,
    requests INTEGER NOT NULL, failed INTEGER NOT NULL, valid INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (night, number)
);
CREATE TABLE exchange (
    night INTEGER NOT NULL REFERENCES night (id), block INTEGER NOT NULL, sequence INTEGER NOT NULL,
    intended_ns INTEGER NOT NULL, sent_ns INTEGER, first_token_ns INTEGER, finished_ns INTEGER NOT NULL,
    completion_tokens INTEGER, outcome TEXT NOT NULL,
    PRIMARY KEY (night, block, sequence)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class JudgedFigure:
    """The verdict on one performance criterion; `value` is None if nothing was measured."""

    id: str
    kind: str
    outcome: str
    value: float | None
    unit: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Night:
    """One night. `about` holds machine, versions and engine; `started` is UTC. `number` is 0 until it is kept."""

    started: str
    document: str
    deployment: str
    target: str
    control: str
    rate_per_second: float
    block_s: float
    seed: int
    valid: bool
    reason: str
    about: Mapping[str, Any]
    criteria: tuple[JudgedFigure, ...] = ()
    figures: tuple[Compared, ...] = field(default=())
    number: int = 0


def append(path: Path, night: Night, blocks: Sequence[Block]) -> int:
    """Add a night with its raw series, all of it or nothing; gives its number. Raises HistoryUnreadable."""
    with _opened(path, create=True) as db, db:
        about = json.dumps(redacted_value(night.about), sort_keys=True)
        values = _kept(
            night.started,
            night.document,
            night.deployment,
            night.target,
            night.control,
            night.rate_per_second,
            night.block_s,
            night.seed,
            night.valid,
            night.reason,
            about,
        )
        number = db.execute("INSERT INTO night VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values).lastrowid
        assert number is not None
        rows = [_kept(number, *astuple(each)) for each in night.criteria]
        db.executemany("INSERT INTO criterion VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        db.executemany(
            "INSERT INTO figure VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [_row(number, e) for e in night.figures]
        )
        for position, block in enumerate(blocks):
            _append_block(db, number, position, block)
    return number


def nights(path: Path) -> list[Night]:
    """All nights, the first first. Raises HistoryUnreadable."""
    with _opened(path, create=False) as db:
        return [_night(db, row) for row in db.execute("SELECT * FROM night ORDER BY id")]


def _append_block(db: sqlite3.Connection, number: int, position: int, block: Block) -> None:
    run = block.run
    failed = sum(not each.ok for each in run.exchanges)
    db.execute(
        "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        _kept(number, position, block.pair, block.side, len(run.exchanges), failed, run.valid, run.reason),
    )

    def since(stamp_ns: int | None) -> int | None:
        return None if stamp_ns is None else stamp_ns - run.started_ns

    db.executemany(
        "INSERT INTO exchange VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                position,
                each.sequence,
                since(each.intended_ns),
                since(each.sent_ns),
                since(each.first_token_ns),
                since(each.finished_ns),
                each.completion_tokens,
                each.outcome,
            )
            for each in run.exchanges
        ],
    )


def _kept(*values: Any) -> tuple[Any, ...]:
    """Values as they are written: a server's words, which a reason may hold, without the keys of this process."""
    return tuple(redacted(value) if isinstance(value, str) else value for value in values)


def _row(number: int, figure: Compared) -> tuple[Any, ...]:
    *values, ratios = astuple(figure)
    return (number, *values, json.dumps(ratios))


def _night(db: sqlite3.Connection, row: sqlite3.Row) -> Night:
    number = row["id"]
    columns = {name: row[name] for name in row.keys() if name not in {"id", "valid", "about"}}  # noqa: SIM118 (no mapping)
    criteria = db.execute("SELECT * FROM criterion WHERE night = ? ORDER BY rowid", (number,))
    figures = db.execute("SELECT * FROM figure WHERE night = ? ORDER BY rowid", (number,))
    return Night(
        **columns,
        valid=bool(row["valid"]),
        about=json.loads(row["about"]),
        criteria=tuple(JudgedFigure(*tuple(each)[1:]) for each in criteria),
        figures=tuple(_figure(each) for each in figures),
        number=number,
    )


def _figure(row: sqlite3.Row) -> Compared:
    _, name, unit, target, control, ratio, low, high, ratios = row
    return Compared(name, unit, target, control, ratio, low, high, tuple(json.loads(ratios)))


@contextmanager
def _opened(path: Path, *, create: bool) -> Iterator[sqlite3.Connection]:
    if not create and not path.exists():
        raise HistoryUnreadable(f"{path}: there is no history yet", "measure a night first")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=30)) as db:
            db.row_factory = sqlite3.Row
            version = db.execute("PRAGMA user_version").fetchone()[0]
            known = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            if version == 0 and not known and create:
                db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
            elif version != SCHEMA:
                raise HistoryUnreadable(
                    f"{path}: this is no history of nights, or one of another version of Signoff",
                    "name another file with --history",
                )
            yield db
    except (sqlite3.Error, OSError) as error:
        if getattr(error, "sqlite_errorcode", None) in NO_ROOM or getattr(error, "errno", None) == errno.ENOSPC:
            raise HistoryFull(f"{path}: {error}", "free some space, or name another file with --history") from None
        raise HistoryUnreadable(f"{path}: {error}", "name a file that can be written with --history") from None
