"""User journeys as real processes: Locust's users, our client, and a server that notes who said what."""

import importlib.util
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.acceptance import commands
from signoff.coherence.sender import SESSION_HEADER as SENDERS_HEADER
from signoff.perf.errors import PlanInvalid
from signoff.perf.journeys.journey import SESSION_HEADER, Journey, between, new_message, turn_body
from signoff.perf.load.plan import LoadPlan

LOCUSTFILE = Path(__file__).parents[3] / "perf" / "journeys" / "journey_locustfile.py"
KEY = "key-that-nobody-may-see"
SSE = 'data: {"choices": [{"index": 0, "delta": {"content": "%s"}, "finish_reason": %s}]}\n\n'
with_locust = pytest.mark.skipif(
    importlib.util.find_spec("locust") is None, reason="Locust is not installed: pip install 'signoff[locust]'"
)


@pytest.fixture
def noting():
    """(URL, what was asked): each request as (session, authorization, messages)."""
    asked = []

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append((self.headers[SESSION_HEADER], self.headers["authorization"], body["messages"]))
            status = 500 if self.path.startswith("/broken") else 200
            answer = (SSE % ("well ", "null") + SSE % ("said", '"stop"') + "data: [DONE]\n\n").encode()
            self.send_response(status)
            self.send_header("content-type", "text/event-stream")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self):
            self.send_error(404)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sessions_of(asked):
    found = {}
    for session, _, messages in asked:
        found.setdefault(session, []).append(messages)
    return found


def call(*arguments, **more):
    command = [sys.executable, "-m", "signoff.acceptance", "load", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **more)


@given(st.integers(0, 2**31), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_session_follows_from_seed_user_and_number_and_keeps_to_its_bounds(seed, user, number):
    thinks = Journey((2, 9), (0.5, 4.0), seed=seed).session(user, number)
    assert 2 <= len(thinks) <= 9
    assert all(0.5 <= each <= 4.0 for each in thinks)
    assert thinks == Journey((2, 9), (0.5, 4.0), seed=seed).session(user, number)


def test_users_and_sessions_differ():
    journey = Journey()
    assert len({journey.session(user, number) for user in range(20) for number in range(20)}) == 400
    assert Journey.of(json.loads(json.dumps(journey.as_message()))) == journey


@pytest.mark.parametrize(
    ("turns", "think_s"), [((0, 3), (1, 2)), ((4, 3), (1, 2)), ((1, 5000), (1, 2)), ((1, 3), (2, 1)),
                           ((1, 3), (-1, 1)), ((1, 3), (1, float("inf")))]
)  # fmt: skip
def test_what_is_no_journey_is_refused(turns, think_s):
    with pytest.raises(PlanInvalid):
        Journey(turns, think_s)


def test_ranges_are_read():
    assert between("3-6", "--turns") == (3, 6)
    assert between("0.5", "--think") == (0.5, 0.5)
    with pytest.raises(PlanInvalid, match="--think 'long'"):
        between("long", "--think")


def test_a_turn_says_something_new_after_what_was_said():
    body = {"messages": [{"role": "system", "content": "short"}, {"role": "user", "content": "go on"}]}
    plan = LoadPlan(url="http://127.0.0.1:1/", body=body, rate_per_second=0, duration_s=1, timeout_s=1,
                    arrivals="closed_loop", closed_loop=1)  # fmt: skip
    first = turn_body(plan.bodies(), 0, [])
    said = [new_message(first), {"role": "assistant", "content": "an answer"}]
    second = json.loads(turn_body(plan.bodies(), 1, said))["messages"]
    assert second[:2] == said
    assert second[-1]["content"].endswith("] go on")
    assert second[-1] != said[0]


def test_the_session_header_is_the_one_that_conversations_use():
    assert SESSION_HEADER == SENDERS_HEADER


@with_locust
def test_signoff_tells_each_turn_and_that_it_is_a_closed_loop(noting, tmp_path):
    url, asked = noting
    records = tmp_path / "records.jsonl"
    done = call(
        url, "--journey", "--users", 3, "--duration", 2.5, "--turns", "2-3", "--think", "0.1-0.3", "--json", "-",
        "--records", records, "--api-key-env", "JOURNEY_KEY", env={**os.environ, "JOURNEY_KEY": KEY},
    )  # fmt: skip
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert done.returncode == (0 if found["valid"] else 3)
    assert KEY not in done.stdout + done.stderr + records.read_text()
    assert {authorization for _, authorization, _ in asked} == {f"Bearer {KEY}"}
    assert found["errors"] == {}
    assert (found["offered_rate"], found["closed_loop"]) == (None, 3)
    assert "coordinated omission" in found["coordinated_omission"]
    journey = found["journey"]
    assert (journey["users"], journey["turns"], journey["history"]) == (3, [2, 3], "kept by the server")
    assert [each["turn"] for each in journey["by_turn"]] == [1, 2, 3]
    assert sum(each["requests"] for each in journey["by_turn"]) == found["requests"] > 6
    assert all(each["ttft_ms"]["p50"] <= each["e2e_ms"]["p50"] for each in journey["by_turn"])
    assert {len(messages) for _, _, messages in asked} == {1}  # the new message alone
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    lines = lines[max(number for number, line in enumerate(lines) if line["record"] == "plan") :]
    turns = [line for line in lines if line["record"] == "turn"]
    ends = [line for line in lines if line["record"] == "exchange"]
    assert {each["sequence"] for each in turns} == {each["sequence"] for each in ends}
    assert len(turns) == found["requests"]
    sessions = journey["sessions"]
    assert sessions["begun"] == len({(each["user"], each["session"]) for each in turns})
    assert sessions["begun"] == sessions["whole"] + sessions["cut_off"] > 3
    # From the end of one turn to the next one its user thinks; the seed says how long.
    planned = Journey((2, 3), (0.1, 0.3), seed=found["seed"])
    by_sequence = {each["sequence"]: each for each in ends}
    one = sorted((each for each in turns if each["user"] == 1), key=lambda each: each["sequence"])
    for before, after in itertools.pairwise(one):
        thought_s = planned.session(1, after["session"])[after["of_session"] - 1]
        gap_ns = by_sequence[after["sequence"]]["intended_ns"] - by_sequence[before["sequence"]]["finished_ns"]
        assert gap_ns == round(thought_s * 1e9)


@with_locust
def test_plain_locust_runs_it_with_history_and_shows_the_turns(noting, tmp_path):
    url, asked = noting
    records = tmp_path / "records.jsonl"
    command = [
        sys.executable,
        "-m",
        "locust",
        "-f",
        str(LOCUSTFILE),
        "--headless",
        "-u",
        "2",
        "-t",
        "8s",
        "--host",
        url,
        "--turns",
        "3",
        "--think",
        "0.1",
        "--send-history",
        "--records",
        str(records),
        "--only-summary",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "coordinated omission" in done.stderr
    assert re.search(r"first token\s+turn 3\s", done.stderr + done.stdout)
    sessions = sessions_of(asked)
    assert all(name.startswith("signoff-") for name in sessions)
    full = [messages for messages in sessions.values() if len(messages) == 3]
    assert full
    for first, second, third in full:
        assert [len(first), len(second), len(third)] == [1, 3, 5]
        assert third[:3] == second
        assert second[1] == {"role": "assistant", "content": "well said"}
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    assert sum(line["record"] == "exchange" for line in lines) == len(asked)
    assert lines[-1]["record"] == "shard"
    assert lines[-1]["sent"] == len(asked)


@with_locust
def test_a_turn_that_fails_ends_its_session_and_ctrl_c_keeps_the_records(noting):
    url, asked = noting
    command = [sys.executable, "-m", "signoff.acceptance", "load", f"{url}/broken", "--journey", "--users", "2"]
    more = ["--duration", "600", "--think", "0.1-0.2", "--json", "-"]
    child = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 60
        while len(asked) < 6 and time.monotonic() < end:
            time.sleep(0.05)
        os.kill(child.pid, signal.SIGINT)
        out, err = child.communicate(timeout=60)
    finally:
        child.kill()
        child.wait()
    assert out, err
    found = json.loads(out)
    assert child.returncode == 3
    assert (found["valid"], found["interrupted"]) == (False, True)
    assert set(found["errors"]) <= {"http_500", "interrupted"}
    assert found["requests"] >= 5
    assert found["journey"]["sessions"]["whole"] == 0
    assert len(sessions_of(asked)) == len(asked)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--find", "--ttft-p99-ms", "5", "--rate", "1"], "neither --find"),
        (["--closed-loop", "2"], "--users instead"),
        (["--users", "0"], "at least one"),
        (["--turns", "2.5"], "whole numbers"),
        (["--turns", "9-2"], "the lesser number first"),
        (["--think", "soon"], "no number or range"),
        (["--rate", "5"], "no rate"),
    ],
)
def test_a_journey_that_cannot_be_ends_with_exit_code_4(capsys, arguments, says):
    given = ["load", "http://127.0.0.1:1", "--journey", "--duration", "1", *arguments]
    assert commands.main(given) == 4
    assert says in capsys.readouterr().err
