"""A server that echoes the key in every way: it is in no file, no output and nothing that a child can be seen with."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance import keys
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.deployment import Start
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.running.deciding import keep_traceback
from signoff.acceptance.services import service as own_service
from signoff.perf.nights import history
from signoff.perf.nights.history import JudgedFigure
from signoff.perf.redaction import known_secrets
from signoff.perf.redaction.redactor import MARK
from tests.acceptance.checks.test_hollow_servers import OF_A_SERVICE_AT_WORK
from tests.acceptance.conftest import BRIEF, criterion
from tests.attacks.servers.echoing_server import EchoingServer
from tests.attacks.servers.test_redaction import survivors
from tests.perf.nights.test_history import BLOCKS, night

ROOT = Path(__file__).parents[3]
KEY = "sk-canary-Zq8/7f3A+9bQ=x2_Lm0wEr"
VARIABLE = "CANARY_API_KEY"
TASK = """# Task 7.7: Small-1 Service

## Validation

```bash
curl -X GET http://10.0.0.7:8700/health
# Expected: {"status": "healthy", "model": "small-2"}

curl -X GET http://10.0.0.7:8700/moved
# Expected: {"status": "healthy"}

curl -X POST http://10.0.0.7:8700/v1/chat/completions -d '{"messages": [{"role": "user", "content": "Hi"}]}'
# Expected: An answer that streams
```

## Success Criteria
- [ ] Small-1 service is operational
- [ ] Streaming of answers works
- [ ] OpenAI-compatible API: models, chat completions and completions
- [ ] Prometheus metrics are exported at /metrics
- [ ] Requests without an API key are refused
- [ ] Answers come over a WebSocket
- [ ] Errors are handled with clear messages
"""


TALKATIVE = f"""
import http.server, os, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
print("my key is", os.environ[{VARIABLE!r}])
print("in pieces", os.environ[{VARIABLE!r}][:9], end="", flush=True)
print(os.environ[{VARIABLE!r}][9:])
print("and no end of a line", end="", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""


@pytest.fixture
def server() -> Iterator[EchoingServer]:
    served = EchoingServer()
    yield served
    served.close()


class Watch:
    """What every process below this one could be seen with: its command line and the environment it began with."""

    def __init__(self) -> None:
        self.seen: dict[tuple[int, str], str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        own = os.getpid()
        while not self._ended.wait(0.01):
            for pid, parent in _below(own):
                with contextlib.suppress(OSError):
                    self._keep(pid, parent, own)

    def _keep(self, pid: int, parent: int, own: int) -> None:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if not command or command == Path(f"/proc/{parent}/cmdline").read_bytes():
            return  # a copy of its parent that is about to become another program
        # What signoff itself is started with is its user's affair.
        if parent != own:
            self._add(pid, "cmdline", command)
            self._add(pid, "environ", Path(f"/proc/{pid}/environ").read_bytes())

    def _add(self, pid: int, what: str, content: bytes) -> None:
        text, before = content.decode("utf-8", "replace") + "\n", self.seen.get((pid, what), "")
        if not before.endswith(text):
            self.seen[pid, what] = before + text


def _below(pid: int) -> Iterator[tuple[int, int]]:
    """Each process below one, with its parent; psutil would look at every process of the machine for that."""
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (thread / "children").read_text(encoding="ascii").split()):
                yield child, pid
                yield from _below(child)


def signoff(folder: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], Watch]:
    """Run the command in a folder of its own, with temporary files of its own, and watch its processes."""
    return watched(folder, "-P", "-m", "signoff.acceptance", *arguments)


def watched(folder: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], Watch]:
    (folder / "tmp").mkdir(exist_ok=True)
    with Watch() as watch:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT / "src"),
                VARIABLE: KEY,
                "OTHER": f"x{KEY}y",
                "WEAK_KEY": "task",
                "TMPDIR": str(folder / "tmp"),
            },
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
    return done, watch


def leaks(folder: Path) -> Mapping[str, list[str]]:
    """The files below a folder that hold the key in any form, in one piece or in pieces."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        left = survivors(KEY, f"{path.relative_to(folder)}\n{text}") or survivors(KEY, _pieces(text))
        if left:
            found[str(path.relative_to(folder))] = left
    return found


def _pieces(text: str) -> str:
    """All contents of deltas and messages in the order in which they stand in a file, put together."""
    said: list[str] = []
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        for value in [data for _, data in record.get("events", [])] if isinstance(record, dict) else []:
            said += _contents(value)
        if isinstance(record, dict) and record.get("record") == "message":
            said += _contents(record["text"])
    return "".join(said)


def _contents(data: str) -> list[str]:
    try:
        chunk = json.loads(data)
        return [choice["delta"].get("content", "") for choice in chunk["choices"]]
    except (ValueError, KeyError, TypeError):
        return [data]


def assert_clean(folder: Path, done: subprocess.CompletedProcess[str], watch: Watch) -> None:
    assert survivors(KEY, done.stdout) == []
    assert survivors(KEY, done.stderr) == []
    assert leaks(folder) == {}
    assert any("environ" in what for _, what in watch.seen), "no child was seen"
    assert {where: watch.seen[where[0], "cmdline"] for where, text in watch.seen.items() if survivors(KEY, text)} == {}


def test_no_check_keeps_a_key_that_its_answers_hold(
    server: EchoingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    limits = [criterion(kind) for kind in ("latency", "throughput", "ttft", "error_rate")]
    site = Site(deployments.from_target(server.url, VARIABLE), BRIEF, tmp_path / "run", tuple(limits))
    said: dict[str, Any] = {}
    for kind in OF_A_SERVICE_AT_WORK:
        asked = criterion(kind)
        try:
            evidence = CHECKS[kind].measure(asked, site)
            said[kind] = asdict(CHECKS[kind].judge(asked, evidence))
            assert list(evidence.records) == [
                json.loads(line) for line in (site.folder / evidence.file).read_text().splitlines()
            ]
        except NotMeasurable as missing:
            said[kind] = f"{missing} {missing.hint}"
    assert server.key == KEY
    assert survivors(KEY, json.dumps(said)) == []
    assert leaks(tmp_path) == {}
    marked = {path.stem.rsplit("-", 1)[0] for path in (site.folder / "evidence").iterdir() if MARK in path.read_text()}
    assert marked >= {"streaming", "websocket", "models", "load", "metrics"} & {
        path.stem.rsplit("-", 1)[0] for path in (site.folder / "evidence").iterdir()
    }
    counted = [
        json.loads(line).get("redacted", 0)
        for path in (site.folder / "evidence").iterdir()
        for line in path.read_text().splitlines()
    ]
    assert sum(counted) > 50


def test_a_run_keeps_no_key_anywhere(server: EchoingServer, tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    done, watch = signoff(
        tmp_path, "run", "task.md", "--target", server.url, "--api-key-env", VARIABLE, "--json", "result.json"
    )
    assert server.key == KEY
    assert done.returncode in (1, 2), done.stderr
    assert_clean(tmp_path, done, watch)
    (folder,) = (path for path in (tmp_path / "out").iterdir() if path.name[0].isdigit())
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    outcomes = {each["kind"]: each["outcome"] for each in results["criteria"] if each["judge"] == "machine"}
    assert len(outcomes) >= 6, outcomes
    assert "error" not in outcomes.values(), results
    assert any(MARK in file.read_text(encoding="utf-8") for file in (folder / "evidence").iterdir())
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8")) == results


def test_a_plain_word_as_a_key_is_warned_of_and_leaves_a_result_legible(server: EchoingServer, tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text(TASK, encoding="utf-8")
    done, _ = signoff(
        tmp_path, "run", "task.md", "--target", server.url, "--api-key-env", "WEAK_KEY", "--json", "result.json"
    )
    assert server.key == "task"
    assert "signoff: note: the secret of WEAK_KEY has less than 8 characters, or is a plain word" in done.stderr
    assert "task.md" in json.dumps(json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["documents"])
    kept = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("evidence/*.jsonl"))
    assert f"Bearer {MARK}" in kept
    assert "Bearer task" not in kept


@pytest.mark.parametrize("how", ["open loop", "closed loop", "whole", "find", "journey"])
def test_a_load_keeps_no_key_anywhere(server: EchoingServer, tmp_path: Path, how: str) -> None:
    more = {
        "open loop": ["--rate", "30", "--duration", "2", "--workers", "2"],
        "closed loop": ["--closed-loop", "4", "--duration", "1"],
        "whole": ["--rate", "30", "--duration", "1", "--no-stream", "--api-key-header", "X-API-Key"],
        "find": ["--rate", "20", "--duration", "1", "--find", "--error-rate", "0.5", "--max-rate", "30"],
        "journey": ["--journey", "--users", "3", "--duration", "2", "--think", "0-0", "--send-history"],
    }[how]
    done, watch = signoff(
        tmp_path, "load", server.url, *more, "--api-key-env", VARIABLE, "--json", "load.json",
        "--records", "records.jsonl", "--timeout", "5", "--max-tokens", "4",
    )  # fmt: skip
    assert server.key == KEY
    assert done.returncode in (0, 2, 3), done.stderr
    assert_clean(tmp_path, done, watch)
    assert (tmp_path / "load.json").is_file(), done.stderr
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    failed = [each for each in records if each["record"] == "exchange" and each["error"]]
    assert any(MARK in each["error"] for each in failed), records


def test_what_a_user_types_wrong_is_not_repeated_with_its_password(server: EchoingServer, tmp_path: Path) -> None:
    done, _ = signoff(tmp_path, "load", server.url, "--rate", "1", "--duration", "1", "--header", f"X-API-Key: {KEY}",
                      "--model", KEY, "--arrivals", KEY)  # fmt: skip
    assert done.returncode == 4
    assert survivors(KEY, done.stdout + done.stderr) == []


@pytest.mark.skipif(importlib.util.find_spec("locust") is None, reason="Locust is not installed")
def test_a_journey_that_locust_itself_runs_keeps_no_key(server: EchoingServer, tmp_path: Path) -> None:
    done, watch = watched(
        tmp_path, "-m", "locust", "-f", str(ROOT / "perf/journeys/journey_locustfile.py"), "--headless",
        "-u", "3", "-t", "12s",
        "--host", server.url, "--think", "0-0", "--api-key-env", VARIABLE, "--records", str(tmp_path / "records.jsonl"),
    )  # fmt: skip
    assert server.key == KEY
    assert_clean(tmp_path, done, watch)
    assert MARK in done.stdout + done.stderr
    assert MARK in (tmp_path / "records.jsonl").read_text(encoding="utf-8")


def test_a_night_keeps_no_key(tmp_path: Path) -> None:
    known_secrets.remember(KEY)
    blocks = [replace(each, run=replace(each.run, health=replace(each.run.health, reason=KEY))) for each in BLOCKS]
    figure = JudgedFigure("s/latency/1", "latency", "fail", None, None, f"a server said {KEY}")
    history.append(
        tmp_path / "nights.sqlite", night(reason=f"block 1: {KEY}", about={"engine": KEY}, criteria=(figure,)), blocks
    )
    assert leaks(tmp_path) == {}
    (kept,) = history.nights(tmp_path / "nights.sqlite")
    assert (kept.reason, kept.about, kept.criteria[0].reason) == (
        f"block 1: {MARK}", {"engine": MARK}, f"a server said {MARK}",
    )  # fmt: skip


def test_the_log_of_a_service_and_the_trace_of_an_error_keep_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    keys.value(VARIABLE)
    keys.withdraw()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr(own_service, "command", lambda start: [sys.executable, "-u", "-c", TALKATIVE, str(port)])
    start = Start("talkative", url=f"http://127.0.0.1:{port}", timeout_s=30)
    service = own_service.OwnService(start, tmp_path / "run")
    service.launch()
    service.wait()
    service.stop()
    log = (tmp_path / "run/service.log").read_text(encoding="utf-8")
    assert f"my key is {MARK}" in log
    assert f"in pieces {MARK}\nand no end of a line" in log
    keep_traceback("here", ValueError(f"cannot make an integer of {KEY}"), tmp_path / "run")
    assert f"ValueError: cannot make an integer of {MARK}" in (tmp_path / "run/errors.log").read_text(encoding="utf-8")
    assert leaks(tmp_path) == {}


def test_what_ends_a_command_shows_no_key(tmp_path: Path) -> None:
    program = "from signoff.acceptance import keys\nfrom signoff.acceptance.commands import main\n"
    program += "from signoff.acceptance.commands.documents import read\n"
    program += f"keys.value({VARIABLE!r})\ndef run(arguments): raise KeyError({KEY!r})\nread.run = run\n"
    program += "import sys; sys.exit(main(['read', 'x.md']))"
    done, _ = watched(tmp_path, "-c", program)
    assert done.returncode == 3
    assert f"KeyError: '{MARK}'" in done.stderr
    assert survivors(KEY, done.stderr.replace(program, "")) == []
