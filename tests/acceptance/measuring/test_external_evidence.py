"""`signoff run --evidence`: limits may pass on another tool's record, and nothing fails on it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Answer, as_json, run_folder, signoff_in

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "tests" / "perf" / "imported" / "results" / "aiperf"
TASK = """# Task 7.9: Small-1 Service

## Success Criteria
- [ ] Small-1 meets {limit}ms latency and {rate} RPS throughput
- [ ] Small-1 memory stays below 15GB
- [ ] Port {port} is used
"""


def sound(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
    return as_json({"status": "healthy"}) if method == "GET" else as_json({"error": "no model"}, 404)


def evidence(folder: Path, target: str, requests: int = 1800, apart_ms: float = 20) -> Path:
    """AIPerf's result against this server, with its records repeated at even distances."""
    profile = json.loads((RESULTS / "profile_export_aiperf.json").read_text())
    profile["input_config"]["endpoint"]["urls"] = [target]
    file = folder / "profile_export_aiperf.json"
    file.write_text(json.dumps(profile))
    records = [json.loads(line) for line in (RESULTS / "profile_export.jsonl").read_text().splitlines()]
    lines = []
    for number in range(requests):
        record = json.loads(json.dumps(records[number % len(records)]))
        metadata = record["metadata"]
        moved = round(number * apart_ms * 1e6) - (metadata["credit_issued_ns"] - 10**18)
        for name in ("credit_issued_ns", "request_start_ns", "request_ack_ns", "request_end_ns"):
            metadata[name] += moved
        lines.append(json.dumps(record))
    (folder / "profile_export.jsonl").write_text("\n".join(lines))
    return file


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return signoff_in(folder, "run", "task.md", *arguments)


def judged(folder: Path) -> dict[str, dict[str, Any]]:
    stored = json.loads((run_folder(folder) / "results.json").read_text(encoding="utf-8"))
    return {each["kind"]: each for each in stored["criteria"]}


@pytest.mark.parametrize(
    ("limit", "rate", "latency", "throughput"), [(1500, 20, "pass", "pass"), (100, 90, "inconclusive", "inconclusive")]
)
def test_limits_may_pass_and_never_fail_on_it_and_memory_is_not_told(
    tmp_path: Path, serve: Callable[[Answer], str], limit: int, rate: int, latency: str, throughput: str
) -> None:
    target = serve(sound)
    (tmp_path / "task.md").write_text(TASK.format(limit=limit, rate=rate, port=target.rsplit(":", 1)[1]))
    done = run(tmp_path, "--target", target, "--evidence", str(evidence(tmp_path, target)))
    assert done.returncode == 2, done.stdout + done.stderr
    found = judged(tmp_path)
    assert found["latency"]["outcome"] == latency, found["latency"]["reason"]
    assert found["throughput"]["outcome"] == throughput, found["throughput"]["reason"]
    assert found["memory"]["outcome"] == "not_measurable"
    assert "AIPerf's, which watched no process" in found["memory"]["reason"]
    assert found["port"]["outcome"] == "pass"
    assert any("AIPerf 0.13.0" in text and "own lateness" in text for text in found["latency"]["assumptions"])
    if latency == "inconclusive":
        assert "nothing fails on it" in found["latency"]["reason"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda file: file.unlink(), "No such file"),
        (lambda file: file.write_text("{}"), "neither AIPerf's"),
        (lambda file: evidence(file.parent, "http://10.0.0.7:9"), "AIPerf asked http://10.0.0.7:9"),
    ],
)
def test_evidence_that_cannot_be_used_ends_with_4_before_anything_is_asked(
    tmp_path: Path, change: Callable[[Path], object], says: str
) -> None:
    (tmp_path / "task.md").write_text(TASK.format(limit=100, rate=10, port=9))
    file = evidence(tmp_path, "http://127.0.0.1:9", requests=3)
    change(file)
    done = run(tmp_path, "--target", "http://127.0.0.1:9", "--evidence", str(file))
    assert done.returncode == 4
    assert says in done.stderr
    assert not (tmp_path / "out").exists()
