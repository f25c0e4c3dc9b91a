"""Results of AIPerf 0.13.0 and GuideLLM 0.8.1, as these wrote them of a server with 50 ms and 20 tokens 5 ms apart."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.perf.errors import EvidenceUnreadable
from signoff.perf.imported.external_results import read_external
from signoff.perf.load.load_run import LoadRun

RESULTS = Path(__file__).with_name("results")
AIPERF = RESULTS / "aiperf" / "profile_export_aiperf.json"
RECORDS = RESULTS / "aiperf" / "profile_export.jsonl"
GUIDELLM = RESULTS / "guidellm" / "benchmarks.json"


@pytest.fixture
def aiperf(tmp_path):
    """A copy of AIPerf's folder, with a function that changes its records."""
    shutil.copytree(AIPERF.parent, tmp_path / "aiperf")
    file = tmp_path / "aiperf" / AIPERF.name

    def changed(change):
        records = [json.loads(line) for line in RECORDS.read_text().splitlines()]
        lines = "\n".join(json.dumps(change(copy.deepcopy(record))) for record in records)
        (file.parent / RECORDS.name).write_text(lines)
        return read_external(file)

    return changed


def test_aiperf_counts_from_when_its_rate_limiter_let_a_request_go():
    found = read_external(AIPERF)
    assert (found.tool, found.version, found.model, found.stream) == ("AIPerf", "0.13.0", "truth", True)
    assert len(found.exchanges) == 12
    first = json.loads(RECORDS.read_text().splitlines()[0])
    own = found.exchanges[0]
    waited_ms = (first["metadata"]["request_start_ns"] - first["metadata"]["credit_issued_ns"]) / 1e6
    assert own.latency_from_sent_ms == pytest.approx(first["metrics"]["request_latency"]["value"])
    assert own.latency_ms == pytest.approx(first["metrics"]["request_latency"]["value"] + waited_ms)
    assert own.ttft_from_sent_ms == pytest.approx(first["metrics"]["time_to_first_token"]["value"])
    assert len(own.token_ns) == 20
    assert own.completion_tokens == 20


def test_guidellm_counts_from_its_target_time_in_either_form_of_it():
    found = read_external(GUIDELLM)
    assert (found.tool, found.version, found.model, found.stream) == ("GuideLLM", "0.8.1", "truth", True)
    assert found.as_load_run(5).outcomes() == {"cut_off": 2, "ok": 11}
    good = [each for each in found.exchanges if each.ok]
    assert all(0 <= each.intended_ns <= each.sent_ns for each in found.exchanges)
    assert all(each.sent_ns - each.intended_ns < 1e9 for each in good)
    assert 50 <= fmean(each.ttft_from_sent_ms for each in good) < 80
    assert all(each.token_ns == () for each in good)


@pytest.mark.parametrize("file", [AIPERF, GUIDELLM])
def test_a_run_survives_its_own_records_and_says_what_it_cannot_prove(file):
    found = read_external(file)
    run = found.as_load_run(5)
    again = LoadRun.from_records(json.loads(json.dumps(list(run.as_records()))))
    assert again.latencies_ms() == run.latencies_ms()
    assert again.outcomes() == run.outcomes()
    assert any("own lateness" in sentence for sentence in found.cannot_prove)
    assert run.health.stamps == "user"


def test_warm_up_is_left_out_and_failures_stay_in(aiperf):
    count = iter(range(100))

    def change(record):
        number = next(count)
        if number == 0:
            record["metadata"].update(phase_kind="warmup", benchmark_phase="warmup")
        if number == 1:
            record.update(metrics={}, error={"code": 503, "type": "HTTPError", "message": "busy"})
        if number == 2:
            record.update(metrics={}, error={"code": None, "type": "TimeoutError", "message": ""})
        if number == 3:
            record["metadata"]["was_cancelled"] = True
        return record

    run = aiperf(change).as_load_run(5)
    assert run.outcomes() == {"cut_off": 1, "http_503": 1, "ok": 8, "timeout": 1}
    assert sorted(run.latencies_ms())[-3:] == [5000.0] * 3


@given(st.sets(st.integers(0, 11), min_size=1, max_size=11))
def test_turning_answers_into_failures_never_makes_the_mean_smaller(tmp_path_factory, failing):
    folder = tmp_path_factory.mktemp("aiperf")
    shutil.copy(AIPERF, folder)
    lines = []
    for number, line in enumerate(RECORDS.read_text().splitlines()):
        record = json.loads(line)
        if number in failing:
            record.update(metrics={}, error={"code": 500, "type": "", "message": ""})
        lines.append(json.dumps(record))
    (folder / RECORDS.name).write_text("\n".join(lines))
    whole, broken = (read_external(file).as_load_run(5) for file in (AIPERF, folder / AIPERF.name))
    assert fmean(broken.latencies_ms()) > fmean(whole.latencies_ms())


def without(document, *path):
    changed = copy.deepcopy(document)
    place = changed
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return changed


GIVEN = json.loads(GUIDELLM.read_text())


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "neither AIPerf's"),
        ([], "neither AIPerf's"),
        ({"aiperf_version": "0.13.0"}, "profile_export.jsonl is not beside it"),
        ({"benchmarks": []}, "0 benchmarks"),
        ({"benchmarks": GIVEN["benchmarks"] * 2}, "2 benchmarks"),
        ({"benchmarks": ["x"]}, "not as the tool writes it"),
        (without(GIVEN, "benchmarks", 0, "requests"), "no single request"),
        (without(GIVEN, "benchmarks", 0, "requests", "successful", 0, "info", "timings", "request_end"), "request_end"),
    ],
)
def test_what_cannot_be_evidence_is_refused_with_its_reason(tmp_path, document, says):
    file = tmp_path / "result.json"
    file.write_text(json.dumps(document))
    with pytest.raises(EvidenceUnreadable, match=says):
        read_external(file)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(tmp_path, content):
    file = tmp_path / "result.json"
    file.write_bytes(content)
    with pytest.raises(EvidenceUnreadable, match="no JSON"):
        read_external(file)


def test_a_record_that_is_cut_off_is_refused_with_its_line(aiperf, tmp_path):
    aiperf(lambda record: record)
    file = tmp_path / "aiperf" / RECORDS.name
    file.write_text(file.read_text()[:-40])
    with pytest.raises(EvidenceUnreadable, match=r"profile_export.jsonl:12"):
        read_external(file.with_name(AIPERF.name))
