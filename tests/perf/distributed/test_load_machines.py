"""`signoff load --master` and `--worker` as real processes, under Locust, each with a client of its own."""

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from signoff.acceptance import commands
from signoff.perf.load.plan import LoadPlan
from tests.perf.conftest import SERVER

KEY = "key-that-nobody-may-see"
LOAD = [sys.executable, "-m", "signoff.acceptance", "load"]
WITHIN_S = 60
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("locust") is None, reason="Locust is not installed: pip install 'signoff[locust]'"
)


class Command:
    """A `signoff load` under way; what it says goes to files."""

    def __init__(self, folder, name, arguments, *, within=(), **more):
        self.out, self.err = folder / f"{name}.out", folder / f"{name}.err"
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                [*within, *LOAD, *map(str, arguments)], stdout=out, stderr=err, start_new_session=True, **more
            )

    def says(self, pattern):
        """Waits until it has said so."""
        end = time.monotonic() + WITHIN_S
        while (found := re.search(pattern, self.err.read_text())) is None:
            assert time.monotonic() < end, self.err.read_text()
            assert self.process.poll() is None or re.search(pattern, self.err.read_text()), self.err.read_text()
            time.sleep(0.02)
        return found

    def end(self):
        """Its exit code."""
        return self.process.wait(WITHIN_S)

    def result(self):
        assert self.out.read_text(), self.err.read_text()
        return json.loads(self.out.read_text())

    def descendants(self):
        import psutil

        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def started(tmp_path):
    """Starts commands; none of them, nor a client of theirs, outlives the test."""
    running = []

    def start(name, *arguments, **more):
        running.append(Command(tmp_path, name, arguments, **more))
        return running[-1]

    yield start
    for each in running:
        with contextlib.suppress(Exception):
            for child in each.descendants():
                child.kill()
        each.process.kill()
        each.process.wait()


def master(start, url, *arguments, bind="127.0.0.1:0", **more):
    found = start("master", url, "--master", "--bind", bind, "--json", "-", *arguments, **more)
    return found, found.says(r"waiting at (\S+) for")[1]


def exchanges(path):
    """The records of the last run in the file."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    last = max(number for number, line in enumerate(lines) if line["record"] == "plan")
    return [line for line in lines[last:] if line["record"] == "exchange"]


def digest(plan):
    """Of the schedule as the plan has it."""
    found = hashlib.sha256()
    for number, offset in enumerate(plan.offsets_ns()):
        found.update(b"%d %d\n" % (number, offset))
    return found.hexdigest()


def until(what):
    end = time.monotonic() + WITHIN_S
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def test_two_machines_carry_one_schedule_and_each_request_comes_back_once(server, started, tmp_path):
    records = tmp_path / "records.jsonl"
    url = server.url("/stream")
    boss, where = master(
        started, url, "--expect-workers", 2, "--rate", 30, "--duration", 2, "--arrivals", "poisson", "--seed", 11,
        "--timeout", 20, "--records", records, "--api-key-env", "LOAD_KEY", env={**os.environ, "LOAD_KEY": KEY},
    )  # fmt: skip
    one = started("one", "--worker", where, "--api-key-env", "LOAD_KEY", env={**os.environ, "LOAD_KEY": KEY})
    # The clock of the second one is another: as far off as that of a machine which started an hour before.
    apart = ["unshare", "--time", "--monotonic", "3600", "--fork"]
    can_be_apart = subprocess.run([*apart, "true"], capture_output=True, check=False).returncode == 0
    two = started(
        "two", "--worker", where, "--api-key-env", "OTHER", env={**os.environ, "OTHER": KEY},
        within=apart if can_be_apart else (),
    )  # fmt: skip
    client = until(lambda: [each for each in one.descendants() if "signoff.perf.load.load" in each.cmdline()])[0]
    one.says("joined")
    mapped = Path(f"/proc/{client.pid}/maps").read_text()
    seen = [" ".join(each.cmdline()) for command in (boss, one, two) for each in command.descendants()]
    codes = [each.end() for each in (boss, one, two)]
    found = boss.result()
    assert codes == [0 if found["valid"] else 3, 0, 0]
    assert "gevent" not in mapped, "gevent is in the process that measures"
    assert not any(KEY in each for each in seen)
    assert not any(KEY in file.read_text() for file in tmp_path.iterdir())
    assert server.truth()[""]["authorization"] == f"Bearer {KEY}"
    assert found["errors"] == {}
    plan = LoadPlan(url=url, body={"messages": [{"role": "user", "content": ""}]}, rate_per_second=30, duration_s=2,
                    timeout_s=1, arrivals="poisson", seed=found["seed"])  # fmt: skip
    assert found["schedule"]["sha256"] == digest(plan)
    back = exchanges(records)
    assert sorted(each["sequence"] for each in back) == list(range(len(plan.offsets_ns())))
    assert [each["records"] for each in found["machines"]] == [len(back[::2]), len(back[1::2])]
    assert found["client"]["workers"] == 2
    offsets_s = sorted(each["clock_offset_ms"] / 1e3 for each in found["machines"])
    assert offsets_s == pytest.approx([0, 3600 if can_be_apart else 0], abs=1)
    assert all(each["clock_error_ms"] < 1000 and each["clock_drift_ms"] < 1000 for each in found["machines"])
    # Both began at one instant of the master's clock, whatever their own show.
    assert all(0 <= each["first_byte_ns"] - each["intended_ns"] < 20e9 for each in back)


def test_a_run_that_lost_workers_is_invalid_names_them_and_keeps_what_came(server, started, tmp_path):
    records = tmp_path / "records.jsonl"
    boss, where = master(
        started, server.url("/stream"), "--expect-workers", 3, "--rate", 30, "--duration", 7, "--records", records
    )
    workers = [started(f"worker{number}", "--worker", where) for number in range(3)]
    killed, clientless, sound = workers
    until(lambda: records.exists() and records.read_text().count('"exchange"') > 20)
    orphan = next(each for each in killed.descendants() if "signoff.perf.load.load" in each.cmdline())
    killed.process.kill()
    next(each for each in clientless.descendants() if "signoff.perf.load.load" in each.cmdline()).kill()
    assert boss.end() == 3
    found = boss.result()
    assert "was lost after" in found["reason"]
    assert not found["valid"]
    assert found["attempts"] == []  # nobody is left to repeat it with
    lost = {each["pid"]: each["lost"] for each in found["machines"]}
    assert "killed, or the network is gone" in lost[killed.process.pid]
    assert "status -9" in lost[clientless.process.pid]
    assert lost[sound.process.pid] == ""
    assert len(exchanges(records)) == found["requests"] > 70
    assert found["schedule"]["never_sent"] == 210 - found["requests"] > 0
    assert sound.end() == 0
    assert not orphan.is_running()  # a load that nobody sees any more ends
    assert found["machines"][[*lost].index(sound.process.pid)]["records"] == 70


OTHER_CODE = """
import sys
from dataclasses import replace
from signoff.perf.distributed.joining import Joining
own = Joining.own
Joining.own = staticmethod(lambda: replace(own(), code="0" * 16))
from signoff.acceptance import commands
sys.exit(commands.main(["load", "--worker", sys.argv[1]]))
"""


def test_strangers_are_refused_and_ctrl_c_on_the_master_ends_the_workers(server, started, tmp_path):
    records = tmp_path / "records.jsonl"
    boss, where = master(
        started, server.url("/whole"), "--expect-workers", 1, "--rate", 20, "--duration", 600, "--no-stream",
        "--records", records,
    )  # fmt: skip
    other = subprocess.run(
        [sys.executable, "-c", OTHER_CODE, where], capture_output=True, text=True, check=False, timeout=WITHIN_S
    )
    assert other.returncode == 3
    assert "code 0000000000000000" in other.stderr
    assert "install the version of the master" in other.stderr
    worker = started("worker", "--worker", where)
    until(lambda: records.exists() and records.read_text().count('"exchange"') > 5)
    late = started("late", "--worker", where)
    assert late.end() == 3
    assert "it is late: all 1 workers have joined" in late.err.read_text()
    client = until(lambda: [each for each in worker.descendants() if "signoff.perf.load.load" in each.cmdline()])[0]
    boss.process.send_signal(signal.SIGINT)
    assert boss.end() == 3
    assert worker.end() == 0
    assert not client.is_running()
    found = boss.result()
    assert (found["interrupted"], found["valid"], found["reason"]) == (True, False, "the run was interrupted")
    assert len(exchanges(records)) == found["requests"] == 12_000 - found["schedule"]["never_sent"] > 5
    assert boss.err.read_text().count("refused worker") == 2


def test_a_worker_without_the_key_says_so_and_nothing_is_sent(server, started):
    boss, where = master(
        started, server.url("/whole"), "--expect-workers", 1, "--rate", 5, "--duration", 1,
        "--header", f"Authorization: Bearer {KEY}",
    )  # fmt: skip
    worker = started("worker", "--worker", where)
    assert boss.end() == 4
    assert "needs the header Authorization" in boss.err.read_text()
    assert "--api-key-env" in boss.err.read_text()
    assert KEY not in boss.err.read_text() + worker.err.read_text()
    assert worker.end() == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--master", "--rate", "1", "--duration", "1"], "needs --expect-workers"),
        (["--expect-workers", "2", "--rate", "1", "--duration", "1"], "add --master"),
        (["--master", "--expect-workers", "2", "--workers", "2"], "among others"),
        (["--master", "--expect-workers", "2", "--bind", "nowhere:port"], "is no address"),
        (["--worker", "10.0.0.1"], "takes no URL"),
    ],
)
def test_options_that_do_not_go_together_end_with_exit_code_4(capsys, arguments, says):
    assert commands.main(["load", "http://127.0.0.1:1", *arguments]) == 4
    assert says in capsys.readouterr().err


def test_without_locust_the_command_says_what_to_install():
    code = (
        "import sys; sys.modules['locust.env'] = None\n"
        "from signoff.acceptance import commands; sys.exit(commands.main(['load', '--worker', '127.0.0.1']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=WITHIN_S)
    assert done.returncode == 4
    assert "pip install 'signoff[locust]'" in done.stderr


def test_a_worker_whose_master_is_not_there_says_so():
    done = subprocess.run(
        [*LOAD, "--worker", "127.0.0.1:1", "--wait", "1"], capture_output=True, text=True, check=False, timeout=WITHIN_S
    )
    assert done.returncode == 3
    assert "no master answers at 127.0.0.1:1" in done.stderr


@pytest.fixture
def namespaces():
    """Two networks joined by one cable, and the master's address."""
    if shutil.which("ip") is None:
        pytest.skip("the ip command is not installed")
    names = [f"signoff-{os.getpid()}-{side}" for side in "ab"]
    ends = [f"so{os.getpid() % 10**6}{side}" for side in "ab"]
    steps = [
        *(["netns", "add", name] for name in names),
        ["link", "add", ends[0], "netns", names[0], "type", "veth", "peer", "name", ends[1], "netns", names[1]],
    ]
    for number, (name, end) in enumerate(zip(names, ends, strict=True), 1):
        steps += [
            ["-n", name, "addr", "add", f"192.0.2.{number}/24", "dev", end],
            ["-n", name, "link", "set", end, "up"],
            ["-n", name, "link", "set", "lo", "up"],
        ]
    try:
        for step in steps:
            done = subprocess.run(["ip", *step], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"network namespaces are not permitted here: ip {' '.join(step)}: {done.stderr.strip()}")
        yield names, ends
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def test_master_and_worker_in_two_networks_and_a_cable_that_is_pulled(namespaces, started, tmp_path):
    (here, there), (cable, _) = namespaces
    at = {name: ["ip", "netns", "exec", name] for name in (here, there)}
    target = subprocess.Popen(
        [*at[there], sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        url = f"http://127.0.0.1:{int(target.stdout.readline())}/stream"  # in the worker's network alone
        boss, where = master(
            started, url, "--expect-workers", 1, "--rate", 30, "--duration", 1, "--seed", 3, "--timeout", 20,
            bind="192.0.2.1:0", within=at[here],
        )  # fmt: skip
        worker = started("worker", "--worker", where, within=at[there])
        code, found = boss.end(), boss.result()
        assert code == (0 if found["valid"] else 3)
        assert (found["requests"], found["errors"]) == (30, {})
        assert worker.end() == 0
        records = tmp_path / "records.jsonl"
        boss, where = master(
            started, url, "--expect-workers", 1, "--rate", 30, "--duration", 10, "--timeout", 5, "--records", records,
            bind="192.0.2.1:0", within=at[here],
        )  # fmt: skip
        worker = started("worker", "--worker", where, within=at[there])
        until(lambda: records.exists() and records.read_text().count('"exchange"') > 10)
        subprocess.run(["ip", "-n", here, "link", "set", cable, "down"], check=True)
        assert boss.end() == 3
        found = boss.result()
        assert "the network is gone" in found["reason"]
        assert 10 < len(exchanges(records)) == found["requests"] < 300
        assert worker.end() == 3
        assert "was not heard for" in worker.err.read_text()
    finally:
        target.stdin.close()
        target.kill()
        target.wait()
        target.stdout.close()
