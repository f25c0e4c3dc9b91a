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

from signoff.perf.errors import LoadProcessDied, PlanInvalid, Unresolved
from signoff.perf.load.load import LoadPlan, LoadRun, run_load, run_load_in_process

ROOT = Path(__file__).resolve().parents[3]


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
    interrupted = []

    def interrupt_later(_):
        if not interrupted:
            threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
        interrupted.append(_)

    found = run(plan(server, "/whole", duration_s=60.0), interrupt_later)
    assert found.interrupted
    assert not found.valid
    assert "interrupted" in found.reason
    assert 0 < found.outcomes()["ok"] < 2400
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def load_processes():
    return [each for each in psutil.Process().children() if "signoff.perf.load.load" in each.cmdline()]


@pytest.mark.parametrize("workers", [1, 3])
def test_a_lost_worker_makes_the_run_invalid_and_all_records_are_kept(server, workers):
    killed, seen = [], []

    def find(exchange):
        seen.append(exchange)
        if len(seen) == 20:
            killed.extend(load_processes()[-1:])
            killed[0].kill()

    run = run_load_in_process(plan(server, "/whole", duration_s=2.0), find, workers=workers)
    assert killed
    assert not run.valid
    assert "lost (status -9)" in run.reason
    assert sorted(seen, key=lambda each: each.sequence) == list(run.exchanges)
    if workers > 1:  # the others carried their shards to the end
        assert len(run.exchanges) >= 80 * (workers - 1) // workers


def test_a_worker_that_cannot_start_is_an_error(server, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(LoadProcessDied, match="before the start"):
        run_load_in_process(plan(server, "/whole"), workers=2)


def test_one_two_or_four_workers_carry_the_same_schedule_and_the_union_is_the_run(server):
    digests = set()
    for workers in (1, 2, 4):
        seen = []
        short = plan(server, "/whole", arrivals="poisson", seed=8, duration_s=0.5, rate_per_second=100.0)
        run = run_load_in_process(short, seen.append, workers=workers)
        assert run.outcomes() == {"ok": len(run.plan.offsets_ns())}
        assert sorted(seen, key=lambda each: each.sequence) == list(run.exchanges)
        assert [each.sequence for each in run.exchanges] == list(range(run.planned))
        digests.add(run.schedule_sha256())
    assert len(digests) == 1


def test_the_prompts_are_the_same_for_any_number_of_workers(server):
    prompts = []
    for workers in (1, 3):
        before = set(server.truth())
        seed = 1000 + workers  # not the same prompts again: the server knows requests by their marker
        run_load_in_process(plan(server, "/whole", seed=seed, rate_per_second=100.0, duration_s=0.4), workers=workers)
        sent = {name for name in server.truth() if name not in before}
        planned = plan(server, "/whole", seed=seed).bodies()
        prompts.append(sent == {json.loads(planned.of(each))["prompt"][1:13] for each in range(40)})
    assert prompts == [True, True]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_closed_loop_keeps_so_many_requests_in_flight_and_ends_with_the_duration(server, workers):
    closed = plan(server, "/whole", arrivals="closed_loop", closed_loop=4, duration_s=0.6)
    run = run_load_in_process(closed, workers=workers)
    assert set(run.outcomes()) == {"ok"}
    assert 8 <= len(run.exchanges) <= 4 * 0.6 / 0.02 + 4
    assert len({each.sequence for each in run.exchanges}) == len(run.exchanges)
    assert run.schedule_sha256() is None
    ends = [(each.intended_ns, 1) for each in run.exchanges] + [(each.finished_ns, -1) for each in run.exchanges]
    in_flight = most = 0
    for _, step in sorted(ends):
        in_flight += step
        most = max(most, in_flight)
    assert most == 4


def test_a_closed_loop_against_nobody_pauses_between_its_tries():
    gone = LoadPlan("http://127.0.0.1:1/", {"prompt": "x"}, 1.0, 0.5, 5.0, arrivals="closed_loop", closed_loop=2)
    run = run_load(gone)
    assert set(run.outcomes()) == {"refused"}
    assert len(run.exchanges) <= 12


@pytest.mark.parametrize("path", ["/redirect", "/html", "/endless_head"])
def test_a_run_that_is_hopeless_from_the_start_is_given_up_with_its_reason(server, path):
    run = run_load_in_process(plan(server, path, duration_s=60.0, stream=True), give_up=True)
    assert not run.valid
    assert "given up: the first 20 requests all ended as" in run.reason
    assert len(run.exchanges) < 100


def test_failures_after_a_good_start_or_of_passing_kinds_are_not_given_up(server):
    run = run_load_in_process(plan(server, "/http_503"), give_up=True)
    assert run.outcomes() == {"http_503": 40}
    assert run.valid


def test_a_load_process_whose_reader_is_gone_stops_sending(server):
    message = json.dumps(plan(server, "/whole", duration_s=600.0).as_message())
    child = subprocess.Popen(
        [sys.executable, "-m", "signoff.perf.load.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        child.stdin.write(message.encode() + b"\n")
        child.stdin.close()
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(60) == 3
    finally:
        child.kill()
        child.wait()


def test_as_a_program_it_reads_a_plan_and_writes_json_lines(server):
    message = json.dumps(plan(server, "/whole").as_message())
    done = subprocess.run(
        [sys.executable, "-m", "signoff.perf.load.load"],
        input=message,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    kinds = [json.loads(line)["record"] for line in done.stdout.splitlines()]
    assert kinds.count("exchange") == 40
    assert kinds[0] == "ready"
    assert kinds[-1] == "shard"
    wrong = subprocess.run(
        [sys.executable, "-m", "signoff.perf.load.load"],
        input="{",
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
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


def test_an_error_of_the_client_itself_ends_the_run_instead_of_waiting_for_ever(server, monkeypatch):
    def explode(*given, **named):
        raise ZeroDivisionError("a mistake in the reading")

    monkeypatch.setattr("signoff.perf.client.call.StreamReader.feed", explode)
    with pytest.raises(ZeroDivisionError):
        run_load(plan(server, "/stream", stream=True))
