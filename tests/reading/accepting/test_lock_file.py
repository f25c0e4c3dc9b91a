"""The lock beside a document: its text, what reading it gives back, and what is refused with its place."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.acceptance.checks import KINDS
from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.errors import LockUnreadable
from signoff.acceptance.reading import read_all
from signoff.acceptance.reading.accepting import lock_file
from signoff.acceptance.reading.accepting.accepted_reading import release
from signoff.acceptance.reading.accepting.difference import differences
from signoff.acceptance.reading.accepting.lock_file import lock_path, read_lock
from signoff.acceptance.reading.accepting.lock_text import accepted_now, lock_text

DATA = Path(__file__).parent
SCHEMA = json.loads(
    (Path(__file__).parents[3] / "fixtures" / "schemas" / "lock.schema.json").read_text(encoding="utf-8")
)
TODAY = date(2026, 3, 1)
CRITERION = Criterion(
    id="limits/latency/1",
    document="task.md",
    line=3,
    column=3,
    text="p95 latency < 500 ms",
    section="Limits",
    statement="checkbox",
    kind="latency",
    judge="machine",
    fingerprint="0" * 64,
    threshold=Threshold(500, "ms", "<", "p95", "latency"),
    judged_as="p95 of the latency, below 500 ms.",
)
LOCK = lock_text(accepted_now("task.md", "a" * 64, [CRITERION], "Model team", TODAY, "0.1.0"))


def locked(folder: Path, text: str | bytes) -> Path:
    """A document with this lock beside it."""
    document = folder / "task.md"
    document.write_text("- [ ] p95 latency < 500 ms\n", encoding="utf-8")
    lock_path(document).write_bytes(text.encode() if isinstance(text, str) else text)
    return document


def test_the_text_of_a_lock_is_the_golden_one() -> None:
    """Renew with SIGNOFF_UPDATE_GOLDEN=1."""
    person = replace(CRITERION, id="limits/human_judgement/1", judge="person", kind="human_judgement", judged_as=None)
    criteria = [
        replace(CRITERION, requirement="FR-012"),
        replace(person, threshold=None, text='It feels "right" \u202e\n\ttoday', fingerprint="1" * 64),
        replace(CRITERION, id="limits/port/1", kind="port", threshold=None, judged_as="port 8001 opens."),
        replace(CRITERION, id="limits/memory/1", threshold=Threshold(1.5, "GB", "<=", None, "memory")),
    ]
    text = lock_text(accepted_now("task.md", "a" * 64, criteria, "Model team", TODAY, "0.1.0"))
    golden = DATA / "golden.signoff.lock"
    if os.environ.get("SIGNOFF_UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    accepted = read_lock(locked(tmp_path, LOCK))
    assert accepted is not None
    assert lock_text(accepted) == LOCK
    assert (accepted.accepted_by, accepted.date, accepted.signoff) == ("Model team", TODAY, "0.1.0")
    jsonschema.validate(json.loads(json.dumps(tomllib.loads(LOCK), default=str)), SCHEMA)


def test_a_name_with_a_line_end_adds_no_line_to_the_lock() -> None:
    text = lock_text(accepted_now("a\nschema = 7\n.md", "a" * 64, [CRITERION], "Model team", TODAY, "0.1.0"))
    assert tomllib.loads(text)["schema"] == 1
    assert len(text.splitlines()) == len(LOCK.splitlines())


def test_line_ends_of_windows_change_nothing(tmp_path: Path) -> None:
    accepted = read_lock(locked(tmp_path, LOCK.replace("\n", "\r\n")))
    assert accepted is not None
    assert lock_text(accepted) == LOCK


def test_without_a_lock_nothing_was_accepted(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "task.md") is None


WRONG = [
    ("", r"task\.signoff\.lock:1:1: 'schema', 'document', .* missing here"),
    (LOCK.replace("schema = 1", "schema = 2"), r"lock:3:10: the lock has schema 2; this Signoff \(.*\) reads schema 1"),
    (LOCK.replace("schema = 1", "schema = true"), r"lock:3:10: schema cannot be True"),
    (LOCK.replace("schema = 1", "schema = 0"), r"lock:3:10: schema cannot be 0"),
    (LOCK.replace('"0.1.0"', '"99.0"'), r"lock:8:11: the reading was accepted with Signoff 99\.0, which is newer"),
    (LOCK.replace('"0.1.0"', '"soon"'), r"lock:8:11: signoff cannot be 'soon'"),
    (LOCK.replace('"0.1.0"', '"0.1\\nx"'), r"lock:8:11: signoff cannot be"),
    (LOCK.replace('"task.md"', '"other.md"'), r"lock:4:12: .* reading of 'other.md', and not of 'task.md'"),
    (LOCK.replace("2026-03-01", '"soon"'), r"lock:7:8: date cannot be 'soon': it is a date"),
    (LOCK.replace('"Model team"', '""'), r"lock:6:15: accepted_by cannot be ''"),
    (LOCK.replace("a" * 64, "b"), r"lock:5:10: sha256 cannot be 'b'"),
    (LOCK.replace('"machine"', '"robot"'), r"lock:14:9: criterion\[0\]\.judge cannot be 'robot'"),
    (LOCK.replace('"<"', '"?"'), r"lock:16:13: criterion\[0\]\.threshold\.comparator cannot be '\?'"),
    (LOCK + 'more = "x"\n', r"lock:18:8: a lock has no key criterion\[0\]\.more"),
    (LOCK + LOCK[LOCK.index("\n[[") :], r"lock:20:6: limits/latency/1 has an entry already, in line 11"),
    (LOCK[: LOCK.index("\n[[")], r"lock:1:1: 'criterion' is missing here"),
    (LOCK[:-20], r"lock:17:\d+: this is no TOML"),
    ("<<<<<<< ours\n" + LOCK, r"lock:1:1: this is no TOML"),
    (b"a = 1\n" + LOCK.encode() + b'x = "\xff"', r"lock:19:6: byte 0xff is no UTF-8"),
    ("a = " + "[" * 100_000, r"lock:\d+:\d+: this is no TOML: it is nested too deeply"),
    ("criterion = 3", r"lock:1:13: criterion cannot be 3"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_lock_that_cannot_be_used_is_refused_with_line_and_column(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    with pytest.raises(LockUnreadable, match=said) as caught:
        read_lock(locked(tmp_path, text))
    assert "`signoff read --accept ROLE" in caught.value.hint


def test_a_huge_lock_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_file, "MOST_BYTES", 100)
    with pytest.raises(LockUnreadable, match=r"task\.signoff\.lock:1:1: \d+ bytes are no lock: at most 100 are read"):
        read_lock(locked(tmp_path, LOCK))


def test_a_folder_in_the_place_of_a_lock_is_refused(tmp_path: Path) -> None:
    (tmp_path / "task.signoff.lock").mkdir()
    with pytest.raises(LockUnreadable, match="this is a folder"):
        read_lock(tmp_path / "task.md")


def test_a_damaged_lock_hides_no_reading(tmp_path: Path) -> None:
    reading, unreadable = read_all([locked(tmp_path, "x")], KINDS)
    assert [type(error) for error in unreadable] == [LockUnreadable]
    (document,) = reading.documents
    assert len(document.criteria) == 1
    assert (document.acceptance.is_accepted, document.acceptance.differences) == (False, ())
    assert "this is no TOML" in document.as_json()["reading"]["problem"]


@pytest.mark.parametrize(
    ("older", "newer"), [("0.9", "0.10"), ("0.1.0", "0.1.1"), ("1", "1.0.1"), ("0.1.0.dev3", "0.2")]
)
def test_releases_are_compared_by_their_figures(older: str, newer: str) -> None:
    assert release(older) < release(newer)
    assert release("1") == release("1.0.0")


LIMITS = st.builds(
    Threshold,
    st.one_of(st.floats(), st.integers(-(10**12), 10**12)),
    st.text(min_size=1, max_size=5),
    st.sampled_from(["<", "<=", "==", ">=", ">"]),
    st.none() | st.text(max_size=4),
    st.text(max_size=8),
)


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=400),
    st.none() | st.text(max_size=30),
    st.none() | LIMITS,
    st.none() | st.text(max_size=60),
    st.text(min_size=1, max_size=20).filter(lambda role: role.strip()),
)
def test_whatever_a_criterion_holds_its_lock_is_read_back_without_a_difference(
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
    requirement: str | None,
    threshold: Threshold | None,
    question: str | None,
    role: str,
) -> None:
    criterion = replace(CRITERION, text=text, requirement=requirement, threshold=threshold, judged_as=question)
    document = tmp_path_factory.mktemp("lock") / "task.md"
    now = accepted_now("task.md", "a" * 64, [criterion], role, TODAY, "0.1.0")
    lock_path(document).write_text(lock_text(now), encoding="utf-8")
    accepted = read_lock(document)
    assert accepted is not None
    assert differences(accepted.criterion, [criterion]) == ()
    assert lock_text(accepted) == lock_text(now)
