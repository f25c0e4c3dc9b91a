"""Every check is able to fail: for each kind there is a deployment that is wrong in just that."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import repeated_prompts
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict
from signoff.perf.load.load import LoadPlan, run_load
from tests.acceptance.cases.servers.chat import Chat
from tests.acceptance.conftest import BRIEF, Answer, as_json, criterion

Serve = Callable[[Answer], str]
SiteAt = Callable[..., Site]


@pytest.fixture
def chat() -> Chat:
    return Chat()


def verdict(site: Site, asked: Criterion) -> Verdict:
    check = CHECKS[asked.kind]
    return check.judge(asked, check.measure(asked, site))


def fails(site: Site, asked: Criterion, because: str) -> None:
    found = verdict(site, asked)
    assert (found.outcome, because in found.reason) == ("fail", True), found


def passes(site: Site, asked: Criterion) -> None:
    assert verdict(site, asked).outcome == "pass", verdict(site, asked)


@pytest.mark.parametrize(
    ("health", "generates", "outcome"), [(404, True, "pass"), (404, False, "fail"), (500, True, "fail")]
)
def test_a_service_without_a_route_for_health_is_up_where_it_generates(
    serve: Serve, site_at: SiteAt, chat: Chat, health: int, generates: bool, outcome: str
) -> None:
    def answer(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        if path == "/health":
            return as_json({"error": "none"}, health)
        return chat(method, path, body) if generates else as_json({"error": "none"}, 404)

    found = verdict(site_at(serve(answer)), criterion("service"))
    assert (found.outcome, bool(found.assumptions)) == (outcome, outcome == "pass"), found


def test_json_shape(serve: Serve, site_at: SiteAt, chat: Chat) -> None:
    target = serve(chat)
    passes(site_at(target), criterion("json_shape"))
    chat.health["status"] = "ok"
    fails(site_at(target), criterion("json_shape"), "status is 'ok', not 'healthy'")
    fails(site_at(serve(lambda method, path, body: (200, "", b""))), criterion("json_shape"), "an empty body")


def test_config_value_and_engine_settings(serve: Serve, site_at: SiteAt, chat: Chat) -> None:
    target = serve(chat)
    passes(site_at(target), criterion("config_value"))
    passes(site_at(target), criterion("engine_settings"))
    chat.config = {"port": 11400, "max_model_len": 4096}
    fails(site_at(target), criterion("config_value"), "reports 11400, the document says 11401")
    either = criterion("config_value")
    for also, outcome in (([11402], "fail"), ([11402, 11400], "pass")):
        found = verdict(site_at(target), replace(either, parameters={**either.parameters, "also": also}))
        assert found.outcome == outcome, found
    fails(site_at(target), criterion("engine_settings"), "max_model_len is 4096, not 8192")


def test_metrics_and_metric_named(serve: Serve, site_at: SiteAt, chat: Chat) -> None:
    target = serve(chat)
    passes(site_at(target), criterion("metrics"))
    passes(site_at(target), criterion("metric_named", words=["requests"]))
    fails(site_at(target), criterion("metric_named"), "no metric of")
    fails(site_at(target), criterion("metrics", contains=["mixtral"]), "carries mixtral in its name")
    chat.counted = False
    fails(site_at(target), criterion("metrics"), "no request counter moved by 3")


def test_a_metric_that_counts_by_an_outcome_is_about_that_outcome(serve: Serve, site_at: SiteAt) -> None:
    labels = 'handler="/v1/sessions",finished_reason="error"'
    text = f"# TYPE done_total counter\ndone_total{{{labels}}} 0\n".encode()
    site = site_at(serve(lambda method, path, body: (200, "text/plain", text)))
    asked = criterion("metric_named", words=["error", "failure"])
    assert verdict(site, asked) == Verdict("pass", 'exposed: done{finished_reason="error"}')
    fails(site, criterion("metric_named", words=["session"]), "is about session")


def test_sessions(site_at: SiteAt, chat: Chat, serve_sessions: Callable[[Chat], str]) -> None:
    target = serve_sessions(chat)
    passes(site_at(target), criterion("session_metrics"))
    passes(site_at(target), criterion("session_isolation"))
    chat.shows_sessions = False
    fails(site_at(target), criterion("session_metrics"), "none of 1 figures moved")
    fails(site_at(target), criterion("session_record"), "messages")
    chat.remembers = False
    fails(site_at(target), criterion("session_recall"), "0 of 12 sessions remembered")
    chat.leaks = True
    fails(site_at(target), criterion("session_isolation"), "leak: isolation-")


def test_context_length(serve: Serve, site_at: SiteAt, chat: Chat) -> None:
    target = serve(chat)
    passes(site_at(target), criterion("context_length"))
    chat.refusal = 500, "the context is 256 tokens"
    fails(site_at(target), criterion("context_length"), "one token too many gives 500")
    chat.refuses_beyond = False
    fails(site_at(target), criterion("context_length"), "the prompt is cut silently")
    chat.window = None
    fails(site_at(target), criterion("context_length"), "is answered with 200")
    chat.window, chat.refuses_beyond = 128, True
    fails(site_at(target), criterion("context_length"), "tokens are accepted")


def test_a_refusal_of_one_token_too_many_that_does_not_name_the_limit_passes_and_is_told(
    serve: Serve, site_at: SiteAt, chat: Chat
) -> None:
    chat.refusal = 400, "max_tokens must be at least 1, got 0"
    found = verdict(site_at(serve(chat)), criterion("context_length"))
    assert (found.outcome, "does not name 256: " in found.reason, "got 0" in found.reason) == ("pass", True, True)


def test_unit_file(site_at: SiteAt, tmp_path: Path) -> None:
    unit = tmp_path / "units" / "citadel-llm@.service"
    unit.parent.mkdir()
    sound = "[Service]\nExecStart=/usr/bin/env true\nMemoryMax=15G\nCPUQuota=400%\n"

    def site() -> Site:
        made = site_at("http://127.0.0.1:9", criterion("memory"), criterion("cpu"))
        made.deployment = replace(made.deployment, files={"/etc/systemd/system": unit.parent})
        return made

    fails(site(), criterion("unit_file"), "has no file for citadel-llm@hermes-2.service")
    unit.write_text(sound, encoding="utf-8")
    passes(site(), criterion("unit_file"))
    unit.write_text(sound.replace("15G", "30G"), encoding="utf-8")
    fails(site(), criterion("unit_file"), "MemoryMax is 30G")
    unit.write_text(sound.replace("400%", "800%"), encoding="utf-8")
    fails(site(), criterion("unit_file"), "CPUQuota is 800%")
    unit.write_text("[Service]\nMemoryMax=15G\n", encoding="utf-8")
    fails(site(), criterion("unit_file"), "starts nothing")


def test_model_files(site_at: SiteAt, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    weights, sums = folder / "model.safetensors", folder / "model.sha256"

    def site() -> Site:
        made = site_at("http://127.0.0.1:9")
        made.deployment = replace(made.deployment, files={"/opt/models/m": folder})
        return made

    asked = criterion("model_files", checksums="model.sha256")
    fails(site(), asked, "no weight file")
    weights.write_bytes(b"w" * 4096)
    fails(site(), asked, "there is no model.sha256")
    sums.write_text(f"{hashlib.sha256(b'w' * 4096).hexdigest()}  model.safetensors\n", encoding="utf-8")
    passes(site(), asked)
    weights.write_bytes(b"v" * 4096)
    fails(site(), asked, "not as the checksum says: model.safetensors")
    with weights.open("wb") as file:
        file.truncate(1 << 24)
    fails(site(), asked, "padded or sparse, so no model")
    weights.write_bytes(b"")
    fails(site(), asked, "empty, padded or sparse")


def test_cpu(serve: Serve, chat: Chat) -> None:
    body = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 1}
    plan = LoadPlan(serve(chat) + "/v1/chat/completions", body, rate_per_second=20, duration_s=1, timeout_s=5)
    load = [{"record": "load", "machine_cores": 64}, *run_load(plan).as_records()]

    def used(cores: float) -> Evidence:
        samples = [
            {"record": "memory", "attempt": 0, "t_ns": second * 1_000_000_000, "cpu_seconds": cores * second}
            for second in range(21)
        ]
        return Evidence("load", "load.jsonl", tuple(load + samples))

    asked = criterion("cpu")
    assert CHECKS["cpu"].judge(asked, used(3.9)).outcome == "pass"
    assert CHECKS["cpu"].judge(asked, used(4.1)).outcome == "fail"


def test_memory_that_grows_with_new_prompts_alone_is_a_cache_that_fills_and_else_a_leak(
    serve: Serve, chat: Chat
) -> None:
    body = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 1}
    plan = LoadPlan(serve(chat) + "/v1/chat/completions", body, rate_per_second=20, duration_s=1, timeout_s=5)
    load = [{"record": "load", "machine_cores": 2}, *run_load(plan).as_records()]

    def samples(kind: str, bytes_a_second: float) -> list[dict[str, Any]]:
        return [
            {"record": kind, "attempt": 0, "t_ns": second * 10**9, "rss_bytes": 2e8 + bytes_a_second * second}
            for second in range(60)
        ]

    def grows(bytes_a_second: float, again: float | None = None, peak: float = 1e9, answered: int = 600) -> Verdict:
        mark = {"record": "high_water", "attempt": 0, "bytes": peak, "source": "VmHWM"}
        repeated = [] if again is None else samples("repeated_memory", again)
        repeated_load = {"record": "repeated_load", "offered": 600, "answered": answered}
        records = (
            {"alpha": 0.05, "record": "setup"},
            *load,
            *samples("memory", bytes_a_second),
            mark,
            repeated_load,
            *repeated,
        )
        return CHECKS["memory"].judge(criterion("memory"), Evidence("load", "l", records))

    assert (grows(0).outcome, grows(0).hint) == ("pass", "")
    assert (grows(2e6).outcome, "what still grows then is a leak" in grows(2e6).hint) == ("fail", True)
    assert grows(2e6, again=2e6).outcome == "fail"
    cache = grows(2e6, again=0)
    assert (cache.outcome, "a cache that fills" in cache.reason) == ("inconclusive", True)
    assert grows(2e6, again=0, answered=200).outcome == "fail"
    assert (grows(0, peak=16e9).outcome, grows(0, peak=16e9).hint) == ("fail", "")


@pytest.mark.parametrize(("grows_with", "outcome"), [("prompts", "inconclusive"), ("requests", "fail")])
def test_memory_that_grows_is_asked_about_with_the_same_prompts_again(
    site_at: SiteAt, monkeypatch: pytest.MonkeyPatch, grows_with: str, outcome: str
) -> None:
    monkeypatch.setattr(repeated_prompts, "DURATION_S", 16.0)
    command = [sys.executable, "-m", "tests.acceptance.cases.servers.growing_server", grows_with]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            target = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            site = site_at(target, criterion("memory"), profile=replace(BRIEF, load_s=16.0))
            site.process_id = server.pid
            found = verdict(site, criterion("memory"))
        finally:
            server.kill()
    assert found.outcome == outcome, found


def test_load_time() -> None:
    def starts(*seconds: float | None) -> Verdict:
        records = tuple(
            {"record": "cold_start", "number": number, "seconds": each, "error": "" if each else "ended with status 1"}
            for number, each in enumerate(seconds, start=1)
        )
        return CHECKS["load_time"].judge(criterion("load_time"), Evidence("load-time", "l.jsonl", records))

    assert starts(40, 41, 42, 40, 41).outcome == "pass"
    assert starts(40, 41, 42, 40, 121).outcome == "fail"
    assert starts(40, None, 42, 40, 41).outcome == "fail"
    assert starts(40, 41).outcome == "inconclusive"
    assert starts(20, 119, 60, 30, 90).outcome == "inconclusive"
