"""Prometheus metrics: the service's own names and vLLM's, in a registry of each app's own.

vLLM's names and types are those of vLLM's exposition (docs.vllm.ai, "Production Metrics"). Their token counters
move as tokens are read and generated, so that they hold the work on requests that were abandoned as well;
the service's own `hermes_2_tokens_total` has the same tokens once a request has ended, by its outcome, so that those
of outcome `ok` are the sum of the usage that clients received.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector

from signoff.reference_services.chat.api.context import FINDINGS as CONTEXT_FINDINGS
from signoff.reference_services.chat.engine.cache import FINDINGS
from signoff.reference_services.chat.engine.engine import Engine, FinishReason, SimulatedEngine
from signoff.reference_services.chat.moderation.moderation import RESULTS, STAGES
from signoff.reference_services.chat.sessions.session_cache import RESULTS as SESSION_CACHE_RESULTS
from signoff.reference_services.chat.vllm.vllm_metrics import EngineMetrics

# Times of creation beside each counter help nobody here and double what is exposed.
disable_created_metrics()  # type: ignore[no-untyped-call]

Outcome = Literal["ok", "invalid", "cancelled", "error"]
SOCKET, GRAPHQL = "/v1/chat/stream", "/graphql"
TELL_SECONDS = 0.02
"""So often, and at its end, a request moves the counter of tokens: a step for each would cost more than the token."""
ENDPOINTS = ("/v1/chat/completions", "/v1/completions", SOCKET, GRAPHQL)
OUTCOMES: tuple[Outcome, ...] = ("ok", "invalid", "cancelled", "error")
REFUSALS = ("401", "413", "429", "431")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0)
_STEP_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5)
_TURNS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89)
_COMMIT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_GPU_DEVICES = tuple(map(Path, ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")))
"""NVIDIA's driver, AMD's, and Windows' behind Linux: where none of them is, an engine holds no GPU's memory."""


class Metrics:
    """All metrics of one app."""

    def __init__(self, model_name: str, prefix: str = "hermes_2", engine: Engine | None = None) -> None:
        """`engine`: its own metrics, if any, appear under vLLM's names; otherwise the counts from here."""
        self.registry = here = CollectorRegistry()
        self.requests = Counter(
            f"{prefix}_requests", "Completion requests that ended.", ["endpoint", "outcome"], registry=here
        )
        self.errors = Counter(
            f"{prefix}_errors", "Completion requests that failed: the service's fault or the request's.",
            ["kind"], registry=here,
        )  # fmt: skip
        self.latency = Histogram(
            f"{prefix}_request_latency_seconds", "From the request to its end, answered requests only.",
            ["endpoint"], buckets=_SECONDS, registry=here,
        )  # fmt: skip
        self.first_token = Histogram(
            f"{prefix}_time_to_first_token_seconds",
            "From the request to its first token.",
            buckets=_SECONDS,
            registry=here,
        )
        self.tokens = Counter(
            f"{prefix}_tokens", "Tokens of requests that ended, by their outcome.", ["kind", "outcome"], registry=here
        )
        self.refused = Counter(
            f"{prefix}_refused", "Requests that were refused before a route saw them.", ["status"], registry=here
        )
        self.cache = Counter(
            f"{prefix}_response_cache", "Requests by what the response cache had for them; none while it is off.",
            ["result"], registry=here,
        )  # fmt: skip
        self.retrieval = Counter(
            f"{prefix}_retrievals", "Chats for which documents were looked up, by what came of it.", ["result"],
            registry=here,
        )  # fmt: skip
        self.moderations = Counter(
            f"{prefix}_moderations",
            "Requests (input) and answers (output) by what moderation came to; none while it is off.",
            ["stage", "result"],
            registry=here,
        )
        self.turn_seconds = Histogram(
            f"{prefix}_conversation_turn_seconds", "From the beginning of a session's turn to its reply, stored turns.",
            buckets=_SECONDS, registry=here,
        )  # fmt: skip
        self.turn_numbers = Histogram(
            f"{prefix}_conversation_turn_number",
            "Which turn of its session each stored turn is: how long conversations become.",
            buckets=_TURNS, registry=here,
        )  # fmt: skip
        self.branched = Counter(f"{prefix}_sessions_branched", "Sessions that began as a branch.", registry=here)
        self.sessions = Gauge(f"{prefix}_sessions_active", "Conversation sessions that are not over.", registry=here)
        self.turns = Gauge(f"{prefix}_session_turns", "Conversation turns that are stored.", registry=here)
        self.commit = Histogram(
            f"{prefix}_session_commit_seconds", "Transaction that puts conversation turns on disk.",
            buckets=_COMMIT_SECONDS, registry=here,
        )  # fmt: skip
        self.commit_turns = Counter(f"{prefix}_session_writes", "Writes to the session store.", registry=here)
        self.session_cache = Counter(
            f"{prefix}_session_cache", "Turns of sessions that were there before, by whether memory had their state.",
            ["result"], registry=here,
        )  # fmt: skip
        self.store_available = Gauge(
            f"{prefix}_session_store_available", "1 where the store of turns could be asked last, else 0.",
            registry=here,
        )  # fmt: skip
        self.coherence = Gauge(
            f"{prefix}_conversation_coherence_score",
            "Share of a reply's content words that occur earlier in its conversation, mean of the last 1000 replies "
            "that had an earlier turn in their prompt; NaN before the first. Lexical, not a judgement of meaning.",
            registry=here,
        )
        self.coherence.set(float("nan"))
        self.coherence_replies = Counter(
            f"{prefix}_conversation_coherence_replies",
            "Replies that the coherence score was computed of.",
            registry=here,
        )
        self.load = Gauge(f"{prefix}_model_load_seconds", "Time that loading the engine took.", registry=here)
        holds_none = engine is None or engine.name == SimulatedEngine.name or not any(map(Path.exists, _GPU_DEVICES))
        # Set for whoever reads it: nothing at all would leave open whether a GPU is watched.
        Gauge(
            f"{prefix}_gpu_memory_usage_bytes",
            "Memory of GPUs that the engine holds: 0 where there is none or it is simulated, NaN: not known here.",
            registry=here,
        ).set(0 if holds_none else float("nan"))
        ProcessCollector(registry=self.registry)
        self.engine_up = Gauge(f"{prefix}_engine_up", "1 where the engine can generate now, else 0.", registry=here)
        self.engine_starts = Counter(
            f"{prefix}_engine_starts", "Starts of the engine that came to an end: loaded.", registry=here
        )
        if engine is not None and engine.families() is not None:
            self.registry.register(EngineMetrics(lambda: engine.families() or []))
            # What is counted here under the same names is not shown.
            here = CollectorRegistry()

        model = ["model_name"]
        self._running = Gauge("vllm:num_requests_running", "Requests in execution.", model, registry=here)
        self._waiting = Gauge("vllm:num_requests_waiting", "Requests waiting for a place.", model, registry=here)
        self._prompt = Counter("vllm:prompt_tokens", "Prompt tokens processed.", model, registry=here)
        self._generated = Counter("vllm:generation_tokens", "Tokens generated.", model, registry=here)
        self._success = Counter(
            "vllm:request_success", "Requests that the engine ended.", ["model_name", "finished_reason"], registry=here
        )
        self._first = Histogram(
            "vllm:time_to_first_token_seconds", "Time to first token.", model, buckets=_SECONDS, registry=here
        )
        self._whole = Histogram(
            "vllm:e2e_request_latency_seconds", "End to end request latency.", model, buckets=_SECONDS, registry=here
        )
        self._between = Histogram(
            "vllm:inter_token_latency_seconds", "Time between tokens.", model, buckets=_STEP_SECONDS, registry=here
        )
        self.running = self._running.labels(model_name)
        self.waiting = self._waiting.labels(model_name)
        self.prompt_tokens = self._prompt.labels(model_name)
        self.generation_tokens = self._generated.labels(model_name)
        self.vllm_first = self._first.labels(model_name)
        self.vllm_whole = self._whole.labels(model_name)
        self.vllm_between = self._between.labels(model_name)
        self.success = {reason: self._success.labels(model_name, reason) for reason in ("stop", "length", "abort")}
        # Every series is there from the start: a counter that appears only with its first event hides that event.
        for outcome in OUTCOMES:
            for endpoint in ENDPOINTS:
                self.requests.labels(endpoint, outcome)
        # What each request moves is looked up here once: labels() costs more than the step itself.
        self.tokens_of = {
            outcome: (self.tokens.labels("prompt", outcome), self.tokens.labels("generated", outcome))
            for outcome in OUTCOMES
        }
        for endpoint in ENDPOINTS:
            self.latency.labels(endpoint)
        for result in FINDINGS:
            self.cache.labels(result)
        for result in SESSION_CACHE_RESULTS:
            self.session_cache.labels(result)
        for finding in CONTEXT_FINDINGS:
            self.retrieval.labels(finding)
        for stage in STAGES:
            for came_of_it in RESULTS:
                self.moderations.labels(stage, came_of_it)
        for status in REFUSALS:
            self.refused.labels(status)
        for kind in ("invalid", "error"):
            self.errors.labels(kind)

    def account(self, endpoint: str) -> Account:
        """Open the account of a request."""
        return Account(self, endpoint)


class Account:
    """What one request moves: each counter once, whatever way it ends."""

    def __init__(self, metrics: Metrics, endpoint: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self._metrics = metrics
        self._endpoint = endpoint
        self._clock = clock
        self._begin = clock()
        self._last: float | None = None
        self._uncounted = 0
        self._counted_at = self._begin
        self._is_open = True
        self.prompt_tokens = 0
        self.generated_tokens = 0

    def step(self, prompt_tokens: int, tokens: int) -> None:
        """A step came; with the first one the prompt has been read."""
        now = self._clock()
        if self._last is None:
            self.prompt_tokens = prompt_tokens
            self._metrics.prompt_tokens.inc(prompt_tokens)
            self._metrics.first_token.observe(now - self._begin)
            self._metrics.vllm_first.observe(now - self._begin)
        else:
            self._metrics.vllm_between.observe(now - self._last)
        self._last = now
        self.generated_tokens += tokens
        self._uncounted += tokens
        if now - self._counted_at >= TELL_SECONDS:
            self._tell(now)

    def _tell(self, now: float) -> None:
        self._metrics.generation_tokens.inc(self._uncounted)
        self._uncounted, self._counted_at = 0, now

    def close(self, outcome: Outcome, finish_reason: FinishReason | None = None) -> None:
        """The request has ended; only the first call counts."""
        if not self._is_open:
            return
        self._is_open = False
        now = self._clock()
        self._tell(now)
        metrics, took_s = self._metrics, now - self._begin
        metrics.requests.labels(self._endpoint, outcome).inc()
        prompt, generated = metrics.tokens_of[outcome]
        prompt.inc(self.prompt_tokens)
        generated.inc(self.generated_tokens)
        if outcome == "ok" and finish_reason is not None:
            metrics.latency.labels(self._endpoint).observe(took_s)
            # What moderation ends, the engine had to give up.
            metrics.success["abort" if finish_reason == "content_filter" else finish_reason].inc()
            metrics.vllm_whole.observe(took_s)
        elif outcome == "cancelled":
            metrics.success["abort"].inc()
        elif outcome in ("invalid", "error"):
            metrics.errors.labels(outcome).inc()
