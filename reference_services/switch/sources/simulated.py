"""The simulated local model: deterministic, from the prompt alone, and labelled as simulated everywhere."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from signoff.reference_services.chat.engine.engine import Ask, Engine, SimulatedEngine
from signoff.reference_services.chat.prompt import tokenizer
from signoff.reference_services.chat.prompt.prompt import Message, Prompt
from signoff.reference_services.chat.prompt.templates import TEMPLATES
from signoff.reference_services.chat.settings.presets import Preset
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.switch.requests.requests import Asked
from signoff.reference_services.switch.requests.settings import SwitchSettings
from signoff.reference_services.switch.sources.source import Answer, State

TEMPLATE = "chatml"
PLACES = 10_000


class _EngineSettings(ChatSettings):
    """The engine's settings, from ours; it reads no variables."""

    preset = Preset(
        "switch-simulated-engine",
        {
            "name": "switch",
            "port": 1,
            "metrics_port": "own",
            "memory_gb": 1,
            "cpu_cores": 1,
            "model_path": "none",
            "model_name": "simulated",
            "chat_template": TEMPLATE,
            "max_model_len": 1,
            "context_window_size": 1,
            "target_latency_ms": 1,
            "target_throughput_rps": 1,
        },
    )


def engine(settings: SwitchSettings) -> SimulatedEngine:
    """The engine, without a concurrency limit: the queue limits concurrent requests."""
    return SimulatedEngine(
        _EngineSettings(
            max_num_seqs=PLACES,
            time_to_first_token_ms=settings.hermes_time_to_first_token_ms,
            time_per_token_ms=settings.hermes_time_per_token_ms,
        )
    )


class SimulatedModel:
    """A source that answers by an engine in this process."""

    framework = "simulated"

    def __init__(self, label: str, model: str, engine: Engine) -> None:
        self.label = label
        self.model = model
        self.version = engine.version
        self._engine = engine

    async def load(self) -> None:
        """Warm the engine."""
        if not self._engine.loaded:
            await asyncio.to_thread(self._engine.load)

    async def state(self) -> State:
        """Well once it is loaded. The memory is the process's own, as no weights are loaded."""
        return State("" if self._engine.loaded else "The model is not loaded yet", _resident_mb())

    async def answer(self, asked: Asked, max_tokens: int) -> Answer:
        """The engine's answer."""
        prompt = as_prompt(asked.prompt)
        parts: list[str] = []
        tokens = self._engine.count(prompt)
        async for step in self._engine.generate(Ask(prompt, max_tokens, temperature=asked.temperature)):
            parts.append(step.text)
            tokens += step.tokens
        return Answer("".join(parts).strip(), tokens)

    async def close(self) -> None:
        """Nothing is held."""


def as_prompt(text: str) -> Prompt:
    """A request's text as a conversation of one message."""
    return Prompt(messages=(Message("user", text),))


def count(text: str) -> int:
    """Tokens of a request's text, template included, by the one count that all sources are held to."""
    return tokenizer.count_prompt(as_prompt(text), TEMPLATES[TEMPLATE])


def _resident_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 10**6
