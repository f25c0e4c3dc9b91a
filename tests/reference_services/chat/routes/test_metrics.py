from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

VLLM = {
    "vllm:num_requests_running": "gauge",
    "vllm:num_requests_waiting": "gauge",
    "vllm:prompt_tokens": "counter",
    "vllm:generation_tokens": "counter",
    "vllm:request_success": "counter",
    "vllm:time_to_first_token_seconds": "histogram",
    "vllm:e2e_request_latency_seconds": "histogram",
    "vllm:inter_token_latency_seconds": "histogram",
}
MODEL = '{"model_name": "hermes-2"}'


def requests(seen: dict[str, float], outcome: str, endpoint: str = "/v1/chat/completions") -> float:
    return seen[f'hermes_2_requests_total{{"endpoint": "{endpoint}", "outcome": "{outcome}"}}']


def test_the_names_and_types_are_the_services_own_and_those_of_vllm(hermes) -> None:
    families = {each.name: each for each in text_string_to_metric_families(hermes.client.get("/metrics").text)}
    assert {name: families[name].type for name in VLLM} == VLLM
    assert all(family.samples for family in families.values())
    assert "hermes_2_conversation_coherence_score" in families
    assert "process_resident_memory_bytes" in families


def test_each_request_moves_its_counters_once_and_tokens_are_those_that_clients_were_told(start) -> None:
    hermes = start()

    def one(number: int) -> dict[str, Any]:
        fields: dict[str, Any] = {"max_tokens": 1 + number % 9}
        if number % 3 == 0:
            answer = hermes.chat(f"Say {number}", stream=True, stream_options={"include_usage": True}, **fields)
            return json.loads(answer.content.split(b"\n\n")[-3].removeprefix(b"data: "))["usage"]
        if number % 3 == 1:
            return hermes.chat(f"Say {number}", f"s{number % 4}", **fields).json()["usage"]
        return hermes.client.post("/v1/completions", json={"prompt": f"Say {number}", **fields}).json()["usage"]

    with ThreadPoolExecutor(8) as pool:
        usages = list(pool.map(one, range(60)))
    for _ in range(5):
        assert hermes.chat("x", max_tokens=0).status_code == 400
    for _ in range(2):
        assert (
            hermes.client.post(
                "/v1/completions", content=b"{", headers={"Content-Type": "application/json"}
            ).status_code
            == 400
        )
    seen = hermes.metrics(on_metrics_port=True)
    assert seen == {**hermes.metrics(), **{name: seen[name] for name in seen if name.startswith("process_")}}
    prompt, generated = (sum(usage[f"{kind}_tokens"] for usage in usages) for kind in ("prompt", "completion"))
    assert seen['hermes_2_tokens_total{"kind": "prompt", "outcome": "ok"}'] == prompt
    assert seen['hermes_2_tokens_total{"kind": "generated", "outcome": "ok"}'] == generated
    assert seen[f"vllm:prompt_tokens_total{MODEL}"] == prompt
    assert seen[f"vllm:generation_tokens_total{MODEL}"] == generated
    assert (requests(seen, "ok"), requests(seen, "ok", "/v1/completions")) == (40, 20)
    assert (requests(seen, "invalid"), requests(seen, "invalid", "/v1/completions")) == (5, 2)
    assert seen['hermes_2_errors_total{"kind": "invalid"}'] == 7
    assert sum(value for name, value in seen.items() if name.startswith("vllm:request_success_total")) == 60
    for family in ("vllm:time_to_first_token_seconds", "vllm:e2e_request_latency_seconds"):
        assert seen[f"{family}_count{MODEL}"] == 60
    assert seen[f"vllm:inter_token_latency_seconds_count{MODEL}"] == generated - 60
    assert seen[f"vllm:num_requests_running{MODEL}"] == 0
    assert seen["hermes_2_sessions_active{}"] == 4
    assert seen["hermes_2_session_turns{}"] == 20


def test_the_figures_of_sessions_move_with_a_session(hermes) -> None:
    before = hermes.get("/metrics/sessions")
    hermes.say("one", "counted")
    hermes.say("two", "counted")
    after = hermes.get("/metrics/sessions")
    moved = {name: after[name] - before[name] for name in before if isinstance(before[name], int)}
    assert {name: by for name, by in moved.items() if by} == {
        "active_sessions": 1,
        "turns_stored": 2,
        "sessions_created_total": 1,
        "turns_committed_total": 2,
    }
    assert after["commit_latency_ms"]["samples"] == before["commit_latency_ms"]["samples"] + 2


def test_the_coherence_score_is_what_replies_share_with_their_conversations(start) -> None:
    hermes = start()
    name = "hermes_2_conversation_coherence_score{}"
    hermes.say("The bakery opens at five.", "bread")
    assert math.isnan(hermes.metrics()[name])
    assert hermes.get("/health")["conversation"]["coherence_score"] is None
    hermes.say("When does the bakery open?", "bread")
    assert hermes.metrics()[name] == 1.0
    hermes.say("Now tell a story.", "bread")
    assert 0 <= hermes.metrics()[name] < 1.0
    assert hermes.get("/health")["conversation"]["coherence_replies"] == 2
