"""`signoff load` as a user calls it, against a server that is real and misbehaves on request."""

import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest

from signoff.acceptance import commands
from signoff.acceptance.commands.loading import load
from signoff.perf.load.client_validity import ClientUse
from signoff.perf.load.load_process import Workers
from signoff.perf.load.load_run import LoadRun
from signoff.perf.load.shards import Shard, ShardResult, merge
from tests.perf.load.test_client_validity import stream

MS = 1_000_000


def call(*arguments, **more):
    command = [sys.executable, "-m", "signoff.acceptance", "load", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **more)


def result(*arguments, **more):
    done = call(*arguments, "--json", "-", **more)
    assert done.stdout, done.stderr
    return json.loads(done.stdout), done


CONTRACT = ("offered_rate", "achieved_rate", "requests", "errors", "ttft_ms", "itl_ms", "e2e_ms", "ttft_from_sent_ms",
            "e2e_from_sent_ms", "client", "valid")  # fmt: skip


def test_the_json_follows_the_contract_and_the_records_give_the_same_run_again(server, tmp_path):
    records = tmp_path / "records.jsonl"
    found, done = result(
        server.url("/stream"), "--rate", 40, "--duration", 1, "--workers", 2, "--seed", 7, "--records", records,
        "--max-tokens", 5,
    )  # fmt: skip
    assert [name for name in CONTRACT if name not in found] == []
    assert done.returncode == (0 if found["valid"] else 3)
    assert (found["offered_rate"], found["requests"], found["errors"]) == (40, 40, {})
    assert 0 < found["achieved_rate"] <= 40
    for name in ("ttft_ms", "itl_ms", "e2e_ms", "ttft_from_sent_ms", "e2e_from_sent_ms"):
        assert {"p50", "p90", "p99", "mean"} <= set(found[name])
    assert found["itl_ms"]["samples"] == 40 * 4
    assert found["ttft_ms"]["p50"] >= found["ttft_from_sent_ms"]["p50"] >= 9
    assert {"send_lag_ms", "receive_lag_ms", "cpu_share", "stamps"} <= set(found["client"])
    assert found["tokens"]["completion"] == 40 * 5
    assert found["schedule"]["planned"] == found["schedule"]["sent"] == 40
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    last_plan = max(number for number, line in enumerate(lines) if line["record"] == "plan")
    whole = [dict(line) for line in lines[last_plan:]]
    whole[0]["started_ns"] = whole[-1].pop("started_ns")
    run = LoadRun.from_records(whole)
    assert len(run.exchanges) == 40
    assert run.schedule_sha256() == found["schedule"]["sha256"]


def test_people_get_a_table_that_names_from_when_each_time_counts(server):
    done = call(server.url("/stream"), "--rate", 20, "--duration", 0.5)
    for words in ("time to first token", "from when it was due", "from the send", "between tokens", "client:", "p99"):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--rate", 0, "--duration", 1], "a rate of 0"),
        (["--rate", 1, "--duration", 0], "a duration of 0"),
        (["--duration", 1], "--rate is missing"),
        (["--rate", 4e6, "--duration", 4e6], "requests, more than"),
        (["--rate", 1000, "--duration", 4000, "--max-tokens", 100_000_000], "GiB for their records"),
        (["--rate", 1, "--duration", 1, "--arrivals", "bursts"], "is not known"),
        (["--rate", 1, "--duration", 1, "--arrivals", "trace:/none"], "No such file"),
        (["--rate", 1, "--duration", 1, "--prompts", "/none"], "No such file"),
        (["--rate", 1, "--duration", 1, "--header", "nothing"], "no colon"),
        (["--rate", 1, "--duration", 1, "--api-key-env", "NO_SUCH_KEY"], "not set"),
        (["--rate", 1, "--duration", 1, "--timeout", 0], "time-out of 0"),
        (["--rate", 1, "--duration", 1, "--workers", 0], "at least one"),
        (["--rate", 1, "--duration", 1, "--records", "/none/x"], "No such file"),
        (["--rate", 1, "--closed-loop", 1, "--duration", 1], "no rate"),
        (["--rate", 1, "--duration", 1, "--find"], "needs a limit"),
        (["--rate", 1, "--duration", 1, "--ttft-p99-ms", 5], "add --find"),
    ],
)
def test_what_cannot_be_run_ends_before_the_run_with_exit_code_4(server, capsys, arguments, says):
    assert commands.main(["load", server.url("/whole"), *map(str, arguments)]) == 4
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "127.0.0.1:80", "http://127.0.0.1:99999"])
def test_what_is_no_url_ends_with_exit_code_4(capsys, url):
    assert commands.main(["load", url, "--rate", "1", "--duration", "1"]) == 4
    assert "hint:" in capsys.readouterr().err


def test_an_unknown_host_ends_before_the_run_with_exit_code_3(capsys):
    assert commands.main(["load", "http://no-such-host.invalid", "--rate", "1", "--duration", "1"]) == 3
    assert "no-such-host.invalid: no address" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "outcome", "says"),
    [
        ("/redirect", "redirect", "/elsewhere"),
        ("/html", "malformed", "text/html"),
        ("/endless_head", "malformed", "headers of more than"),
        ("/stall", "timeout", "did not end"),
        ("/http_503", "http_503", "busy"),
    ],
)
def test_a_server_that_gives_no_answer_makes_the_run_invalid_and_says_which(server, tmp_path, path, outcome, says):
    records = tmp_path / "records.jsonl"
    arguments = ["--rate", 50, "--duration", 0.6, "--timeout", 1, "--records", records]
    found, done = result(server.url(path), *arguments)
    assert done.returncode == 3
    assert set(found["errors"]) <= {outcome, "interrupted"}
    assert outcome in found["reason"]
    assert says in found["error_examples"][outcome]
    assert found["attempts"] == []  # a repeat would show the same
    assert sum('"exchange"' in line for line in records.read_text().splitlines()) == found["requests"]


def test_nobody_listening_and_a_certificate_that_nobody_signed(tls_server):
    found, done = result("http://127.0.0.1:1", "--rate", 50, "--duration", 60)
    assert (done.returncode, list(found["errors"])) == (3, ["refused"])
    assert "given up" in found["reason"]
    found, done = result(tls_server.url("/whole"), "--rate", 50, "--duration", 60)
    assert done.returncode == 3
    assert "certificate" in found["reason"]
    found, _ = result(tls_server.url("/whole"), "--rate", 50, "--duration", 0.2, "--insecure", "--no-stream")
    assert found["errors"] == {}


def test_too_few_open_files_are_said_before_and_make_the_run_invalid(server):
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

    arguments = ["--rate", 100, "--duration", 1, "--timeout", 2]
    found, done = result(server.url("/silence"), *arguments, preexec_fn=few)
    assert done.returncode == 3
    assert "40 open files are allowed" in done.stderr
    assert found["errors"]["client_error"] > 0
    assert "Too many open files" in found["reason"]
    refused = call(server.url("/whole"), "--closed-loop", 100, "--duration", 1, preexec_fn=few)
    assert refused.returncode == 4
    assert "need 164 open files" in refused.stderr


def test_a_soft_limit_of_open_files_is_raised(server):
    def soft():
        resource.setrlimit(resource.RLIMIT_NOFILE, (40, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

    found, _ = result(server.url("/silence"), "--rate", 100, "--duration", 1, "--timeout", 2, preexec_fn=soft)
    assert found["errors"] == {"timeout": 100}


def test_ctrl_c_keeps_what_was_gathered(server, tmp_path):
    records = tmp_path / "records.jsonl"
    command = [sys.executable, "-m", "signoff.acceptance", "load", server.url("/whole"), "--no-stream", "--rate", "50"]
    more = ["--duration", "600", "--records", str(records), "--json", "-"]
    child = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end and not (records.exists() and records.stat().st_size > 5000):
            time.sleep(0.05)
        os.kill(child.pid, signal.SIGINT)
        out, _ = child.communicate(timeout=60)
    finally:
        child.kill()
        child.wait()
    found = json.loads(out)
    assert child.returncode == 3
    assert (found["interrupted"], found["valid"]) == (True, False)
    assert 0 < found["requests"] < 30_000
    assert found["schedule"]["never_sent"] == 30_000 - found["requests"]
    assert found["e2e_ms"]["p50"] < 60_000


def test_a_closed_loop_says_what_its_latencies_suffer_from(server):
    found, _ = result(server.url("/whole"), "--closed-loop", 3, "--duration", 0.5, "--no-stream")
    assert found["offered_rate"] is None
    assert found["closed_loop"] == 3
    assert "coordinated omission" in found["coordinated_omission"]
    assert found["ttft_ms"] is None


def test_a_trace_is_replayed_at_its_times_with_its_lengths(server, tmp_path):
    trace = tmp_path / "trace.jsonl"
    rows = [{"timestamp": at, "input_length": 30 + at, "output_length": 5} for at in (0, 100, 150, 400)]
    trace.write_text("\n".join(map(json.dumps, rows)))
    records = tmp_path / "records.jsonl"
    found, _ = result(
        server.url("/v1/completions"), "--arrivals", f"trace:{trace}", "--no-stream", "--records", records
    )
    assert found["requests"] == 4
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    due = sorted(line["intended_ns"] for line in lines if line["record"] == "exchange")[:4]
    assert [(each - due[0]) // MS for each in due] == [0, 100, 150, 400]


def test_the_prompts_of_a_file_are_sent_in_turn_each_with_a_mark_of_its_own(server, tmp_path):
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("alpha one\nbeta two\n")
    url = server.url("/whole/v1/completions")  # the path is unknown to the server, and it notes the prompt all the same
    call(url, "--rate", 40, "--duration", 0.1, "--prompts", prompts, "--no-stream", "--seed", 99)
    sent = [entry["prompt"] for entry in server.truth().values()]
    alpha = [prompt for prompt in sent if prompt.endswith("] alpha one")]
    beta = [prompt for prompt in sent if prompt.endswith("] beta two")]
    assert (len(alpha), len(beta)) == (2, 2)
    assert len({*alpha, *beta}) == 4


def made(plan, lag_ms, first_ms=50):
    """A run as if it had been made: ten streams, each sent so late."""
    exchanges = [stream(first_ms, [10] * 4, lag_ms) for _ in range(10)]
    use = ClientUse((1000,), 100, 0, 0, 0.1, None)
    return merge(plan, exchanges, [ShardResult(Shard(), 0, 10, use)], started_ns=0)


@pytest.mark.parametrize(
    ("lags_ms", "code", "attempts"), [([0.1], 0, 0), ([9, 0.1], 0, 1), ([9, 9], 3, 1)]
)  # fmt: skip
def test_a_run_whose_client_was_late_is_made_once_more_and_both_are_shown(
    server, monkeypatch, capsys, lags_ms, code, attempts
):
    seeds, lags = [], list(lags_ms)

    def carry(self, plan, *_, **__):
        seeds.append(plan.seed)
        return made(plan, lags.pop(0))

    monkeypatch.setattr(Workers, "carry", carry)
    arguments = ["load", server.url("/stream"), "--rate", "10", "--duration", "1", "--json", "-", "--seed", "5"]
    assert commands.main(arguments) == code
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert (found["valid"], len(found["attempts"])) == (code == 0, attempts)
    assert seeds == [5, 6][: attempts + 1]
    if attempts:
        assert "made once more" in shown.err
        assert "the client was late" in found["attempts"][0]["reason"]


def test_a_search_shows_each_step_and_what_it_found(server, monkeypatch, capsys):
    def carry(self, plan, *_, **__):
        """A server that keeps its time up to 45 requests a second."""
        first_ms = 50 if plan.rate_per_second <= 45 else 900
        offsets = plan.offsets_ns()
        found = made(plan, 0.1, first_ms).exchanges[0]
        exchanges = [moved(found, number, offset) for number, offset in enumerate(offsets)]
        use = ClientUse((1000,), 100, 0, 0, 0.1, None)
        return merge(plan, exchanges, [ShardResult(Shard(), 0, len(offsets), use)], started_ns=0)

    monkeypatch.setattr(Workers, "carry", carry)
    arguments = ["load", server.url("/stream"), "--rate", "10", "--duration", "20", "--find", "--json", "-"]
    assert commands.main([*arguments, "--ttft-p99-ms", "500", "--error-rate", "0.02"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert 45 / 1.05 <= found["highest_rate"] <= 45 < found["next_rate"]
    assert (found["ended_by"], found["next_outcome"]) == ("resolution", "fail")
    assert [step["rate_per_second"] for step in found["steps"]][:4] == [10, 20, 40, 80]
    assert shown.err.count("judged") == len(found["steps"])


def moved(exchange, number, offset_ns):
    from dataclasses import replace

    times = ("intended_ns", "sent_ns", "first_byte_ns", "first_token_ns", "finished_ns")
    later = {name: getattr(exchange, name) + offset_ns for name in times}
    return replace(exchange, sequence=number, token_ns=tuple(each + offset_ns for each in exchange.token_ns), **later)


def test_the_help_lists_the_command_with_an_example(capsys):
    for arguments, words in ((["--help"], load.HELP[:20]), (["load", "--help"], load.EXAMPLE)):
        with pytest.raises(SystemExit) as ended:
            commands.main(arguments)
        assert ended.value.code == 0
        assert words in " ".join(capsys.readouterr().out.split())
