"""results.json: what is written is what is read, and a damaged file is named as such."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.reports.errors import NotWritten, StoredRunMalformed, StoredRunTorn, StoredRunUnreadable, UnknownSchema
from signoff.reports.stored.stored_run import from_json, load, save, serialized, to_json
from signoff.reports.stored.verdict import Measured
from tests.reports import hermes_run

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def test_a_run_is_read_as_it_was_written(tmp_path: Path):
    run = hermes_run.run()
    save(run, tmp_path / "results.json")
    assert load(tmp_path / "results.json") == run
    assert (tmp_path / "results.json").read_bytes() == serialized(run)
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_every_key_of_the_format_is_written():
    value = to_json(hermes_run.run())
    assert value["schema"] == 1
    assert set(value) >= {
        "outcome",
        "profile",
        "target",
        "engine",
        "machine",
        "versions",
        "started",
        "finished",
        "open",
        "conflicts",
        "criteria",
    }
    for criterion in value["criteria"]:
        assert set(criterion) >= {
            "id",
            "document",
            "line",
            "text",
            "kind",
            "outcome",
            "reason",
            "assumptions",
            "measured",
            "threshold",
            "evidence",
            "waiver",
        }
    assert "extra" not in json.dumps(value)


@given(extra=st.dictionaries(st.text(min_size=1).map("x-".__add__), JSON, max_size=4))
def test_keys_that_are_not_known_survive_reading_and_writing(extra: dict[str, object]):
    value = json.loads(serialized(hermes_run.run()))
    value.update(extra)
    value["criteria"][0].update(extra)
    value["conflicts"][0]["sides"][0].update(extra)
    assert json.loads(serialized(from_json(value))) == value


@given(text=st.text())
def test_any_text_survives_the_file(text: str):
    first, *rest = hermes_run.criteria()
    run = hermes_run.run(criteria=(replace(first, text=text, reason=text), *rest))
    assert from_json(json.loads(serialized(run).decode("utf-8"))) == run


def test_the_keys_that_later_versions_add_may_be_missing():
    value = to_json(hermes_run.run())
    needed = {
        "schema",
        "outcome",
        "profile",
        "target",
        "engine",
        "machine",
        "versions",
        "started",
        "finished",
        "open",
        "conflicts",
        "criteria",
    }
    run = from_json({key: item for key, item in value.items() if key in needed})
    assert run.criteria == hermes_run.criteria()
    assert run.documents == ()


def test_engine_and_machine_may_be_one_text():
    value = {**to_json(hermes_run.run()), "engine": "simulated 1.0", "machine": "a laptop"}
    run = from_json(value)
    assert run.engine.is_simulated
    assert run.machine == {"description": "a laptop"}


def test_a_figure_without_end_is_null_and_a_figure_that_is_no_number_is_no_measurement():
    first, second, *rest = hermes_run.criteria()
    run = hermes_run.run(
        criteria=(
            replace(first, measured=Measured(value=1.0, unit="s", high=float("inf"))),
            replace(second, measured=Measured(value=float("nan"), unit="s")),
            *rest,
        )
    )
    found = from_json(json.loads(serialized(run)))
    assert found.criteria[0].measured == Measured(value=1.0, unit="s")
    assert found.criteria[1].measured is None


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_torn_and_the_place_is_named(tmp_path: Path, share: float):
    whole = serialized(hermes_run.run())
    path = tmp_path / "results.json"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(StoredRunTorn, match=r"results\.json:\d+:\d+"):
        load(path)


@pytest.mark.parametrize("schema", [None, 0, 2, "1", True])
def test_another_schema_is_refused(tmp_path: Path, schema: object):
    path = tmp_path / "results.json"
    path.write_text(json.dumps({**to_json(hermes_run.run()), "schema": schema}))
    with pytest.raises(UnknownSchema, match="schema"):
        load(path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"criteria": {}}, "run.criteria"),
        ({"criteria": [3]}, "run.criteria[0]"),
        ({"outcome": "green"}, "run.outcome"),
        ({"target": 5}, "run.target"),
        ({"open": {"waived": "none"}}, "run.open.waived"),
        ({"open": None}, "run.open"),
        ({"conflicts": [{"kind": "x", "subject": "y"}]}, "run.conflicts[0] has no 'sides'"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_by_its_place(tmp_path: Path, change: dict[str, object], named: str):
    path = tmp_path / "results.json"
    path.write_text(json.dumps({**to_json(hermes_run.run()), **change}))
    with pytest.raises(StoredRunMalformed) as caught:
        load(path)
    assert named in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "3", '"x"', "null", "NaN", "[" * 100_000, "\x00", "\ufeff{}"])
def test_what_is_no_run_is_a_clear_error(tmp_path: Path, text: str):
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(StoredRunUnreadable, match=r"results\.json"):
        load(path)


def test_bytes_that_are_not_text_and_missing_files_are_clear_errors(tmp_path: Path):
    (tmp_path / "results.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(StoredRunTorn, match="UTF-8"):
        load(tmp_path / "results.json")
    with pytest.raises(StoredRunUnreadable, match="no such file"):
        load(tmp_path / "nowhere.json")
    with pytest.raises(StoredRunUnreadable):
        load(tmp_path)


def test_the_old_file_stays_whole_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "results.json"
    save(hermes_run.run(), path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotWritten, match="No space"):
        save(hermes_run.passing_run(), path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.json"]


def test_all_mistakes_of_a_file_are_named_at_once():
    value = {**to_json(hermes_run.run()), "outcome": "green", "target": 5}
    value["criteria"][1]["line"] = "7"
    with pytest.raises(StoredRunMalformed) as caught:
        from_json(value)
    for place in ("run.outcome", "run.target", "run.criteria[1].line"):
        assert place in str(caught.value)


def test_whole_figures_stay_whole():
    first, *rest = hermes_run.criteria()
    run = hermes_run.run(criteria=(replace(first, measured=Measured(value=3, unit="tokens")), *rest))
    found = from_json(json.loads(serialized(run))).criteria[0].measured
    assert found is not None
    assert repr(found.value) == "3"
