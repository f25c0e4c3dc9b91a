import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from perf.errors import LoadProcessDied, PlanInvalid, Unresolved
from perf.load import LoadPlan, LoadRun, run_load, run_load_in_process

ROOT = Path(__file__).resolve().parents[2]


def plan(server, path, **more):
    values = {"rate_per_second": 40.0, "duration_s": 1.0, "timeout_s": 5.0, **more}
    return LoadPlan(server.url(path), {"prompt": "load"}, **values)


def test_every_request_of_the_schedule_becomes_one_record_at_its_intended_time(server):
    run = run_load(plan(server, "/whole"))
    assert run.outcomes() == {"ok": 40}
    assert [each.sequence for each in run.exchanges] == list(range(40))
    offsets = [each.intended_ns - run.started_ns for each in run.exchanges]
    assert offsets == [number * 25_000_000 for number in range(40)]
    assert all(each.sent_ns >= each.intended_ns for each in run.exchanges)
    truth = server.truth()
    assert sum(entry["prompt"].endswith("] load") for entry in truth.values()) >= 40


def test_streams_are_run_in_a_process_of_their_own_with_records_as_they_come(server):
    records, progress = [], []
    run = run_load_in_process(plan(server, "/stream", stream=True), records.append, progress.append)
    assert run.outcomes() == {"ok": 40}
    assert sorted(records, key=lambda each: each.sequence) == list(run.exchanges)
    assert progress[-1].finished == progress[-1].planned == 40
    assert all(len(each.token_ns) == 5 for each in run.exchanges)
    assert LoadRun.from_records(json.loads(json.dumps(list(run.as_records())))) == run


def test_a_server_that_stands_still_does_not_slow_the_schedule_down(server):
    run = run_load(plan(server, "/silence", timeout_s=0.5))
    assert run.outcomes() == {"timeout": 40}
    assert run.latencies_ms() == [500.0] * 40
    assert run.exchanges[-1].sent_ns - run.started_ns >= 975_000_000


@pytest.mark.parametrize(
    ("path", "outcome"), [("/http_503", "http_503"), ("/no_choices", "malformed"), ("/reset", "reset")]
)
def test_failures_stay_in_the_run_and_are_charged_at_the_time_out(server, path, outcome):
    run = run_load(plan(server, path))
    assert run.outcomes() == {outcome: 40}
    assert run.latencies_ms() == [5000.0] * 40
    assert run.completions_s() == []
    assert run.achieved_per_second == 0


def test_nobody_listening_is_forty_records_and_no_error(server):
    gone = LoadPlan("http://127.0.0.1:1/", {"prompt": "x"}, 40.0, 1.0, 5.0)
    assert run_load(gone).outcomes() == {"refused": 40}


def test_an_unknown_host_is_an_error_before_the_run_in_either_process():
    unknown = LoadPlan("http://no-such-host.invalid/", {"prompt": "x"}, 1.0, 1.0, 1.0)
    for run in (run_load, run_load_in_process):
        with pytest.raises(Unresolved, match=r"no-such-host\.invalid"):
            run(unknown)


@pytest.mark.parametrize("run", [run_load, run_load_in_process])
def test_a_rate_of_zero_is_refused_in_either_process(server, run):
    with pytest.raises(PlanInvalid, match="rate of 0"):
        run(plan(server, "/whole", rate_per_second=0))


@pytest.mark.parametrize("run", [run_load, run_load_in_process])
def test_an_interrupt_keeps_the_records_and_makes_the_run_invalid(server, run):
    seen = threading.Event()
    timer = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        found = run(plan(server, "/whole", duration_s=60.0), lambda _: seen.set())
    finally:
        timer.cancel()
    assert seen.is_set()
    assert found.interrupted
    assert not found.valid
    assert "interrupted" in found.reason
    assert 0 < found.outcomes()["ok"] < 2400
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_killed_load_process_is_an_error_that_counts_the_records_gathered(server):
    victim = []

    def find(_):
        if not victim:
            victim.extend(each for each in psutil.Process().children() if "perf.load" in each.cmdline())
            victim[0].kill()

    with pytest.raises(LoadProcessDied, match=r"status -9 after \d+ records"):
        run_load_in_process(plan(server, "/whole", duration_s=30.0), find)


def test_a_load_process_whose_reader_is_gone_stops_sending(server):
    message = json.dumps(plan(server, "/whole", duration_s=600.0).as_message())
    child = subprocess.Popen(
        [sys.executable, "-m", "perf.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        child.stdin.write(message.encode())
        child.stdin.close()
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(20) == 3
    finally:
        child.kill()
        child.wait()


def test_as_a_program_it_reads_a_plan_and_writes_json_lines(server):
    message = json.dumps(plan(server, "/whole").as_message())
    done = subprocess.run(
        [sys.executable, "-m", "perf.load"], input=message, capture_output=True, text=True, cwd=ROOT, check=True
    )
    kinds = [json.loads(line)["record"] for line in done.stdout.splitlines()]
    assert kinds.count("exchange") == 40
    assert kinds[-1] == "client"
    wrong = subprocess.run(
        [sys.executable, "-m", "perf.load"], input="{", capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert wrong.returncode == 4
    assert json.loads(wrong.stdout)["record"] == "error"
    assert wrong.stderr == ""


def test_a_client_that_is_held_up_declares_its_run_invalid(server):
    def hold_up(_):
        time.sleep(0.05)

    run = run_load(plan(server, "/whole", limit_ms=100.0), on_record=hold_up)
    assert run.outcomes() == {"ok": 40}
    assert not run.valid
    assert "the client was late" in run.reason
    assert run.health.send_lag_ms.max > 50
