"""A new task document from a few figures, each stated once.

What the figures imply is computed: how many requests are in progress at the demanded rate and latency (Little's
law), how many sequences the engine has to hold, and how many tokens it has to take in one batch.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import jinja2

from signoff.acceptance.errors import UsageError

FOLDER = Path(__file__).resolve().parents[3] / "fixtures" / "templates"
LAST_PORT = 65_535
MOST_IN_FLIGHT = 10_000
SMALLEST_BATCH = 2_048
FEWEST_SEQUENCES = 8
FEWEST_BENCHMARK_REQUESTS = 100
BENCHMARK_ROUNDS = 10

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-.][A-Za-z0-9]+)*")
_MODEL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*(?:/[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)?"
)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
_TYPE = re.compile(r"[a-z][a-z0-9_]*")
_TASK_NUMBER = re.compile(r"\d{1,4}(?:\.\d{1,4}){0,3}")
_LONGEST_NAME = 63
_LONGEST_LINE = 100
# What a figure may be: smallest, largest. Beyond these a slip of the hand is likelier than a server.
_RANGES: dict[str, tuple[Decimal, Decimal]] = {
    "memory_gb": (Decimal("0.1"), Decimal(100_000)),
    "cores": (Decimal("0.1"), Decimal(4_096)),
    "latency_ms": (Decimal(1), Decimal(3_600_000)),
    "rate": (Decimal("0.01"), Decimal(100_000)),
    "load_s": (Decimal(1), Decimal(86_400)),
}
_FEWEST_TOKENS, _MOST_TOKENS = 64, 16_777_216


@dataclass(frozen=True, slots=True)
class NewDocument:
    """The figures of a service in GB, ms, requests/s and tokens. Raises UsageError if they make no sense."""

    service: str
    port: int
    created: date
    model: str = ""
    host: str = "127.0.0.1"
    service_type: str = "ai_models"
    metrics_port: int = 0
    memory_gb: Decimal = Decimal(16)
    cores: Decimal = Decimal(4)
    latency_ms: Decimal = Decimal(1500)
    rate: Decimal = Decimal(20)
    load_s: Decimal = Decimal(120)
    context: int = 8192
    number: str = "1.1"
    assigned_to: str = "AI Model Team"
    priority: str = "High"

    def __post_init__(self) -> None:
        _check_word("--service", self.service, _NAME, "hermes-2")
        _check_word("--model", self.model or self.service, _MODEL, "teknium/OpenHermes-2-Mistral-7B")
        _check_word("--host", self.host, _HOST, "192.168.10.29, a name or an IPv4 address")
        _check_word("--type", self.service_type, _TYPE, "ai_models")
        _check_word("--number", self.number, _TASK_NUMBER, "1.4")
        for name, port in (("--port", self.port), ("--metrics-port", self.metrics_port or self.port)):
            if not 1 <= port <= LAST_PORT:
                raise UsageError(f"{name} {port} is no port", f"give a whole number from 1 to {LAST_PORT}")
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if not least <= value <= most:
                option = name.replace("_", "-")
                raise UsageError(f"--{option} {value:f} makes no sense", f"give a number from {least} to {most}")
        if not _FEWEST_TOKENS <= self.context <= _MOST_TOKENS:
            raise UsageError(
                f"--context {self.context} makes no sense",
                f"give a whole number of tokens from {_FEWEST_TOKENS} to {_MOST_TOKENS}",
            )
        if self.in_flight > MOST_IN_FLIGHT:
            raise UsageError(
                f"{self.rate:f} requests/s of {self.latency_ms:f} ms are {self.in_flight} requests at once",
                f"no engine holds more than {MOST_IN_FLIGHT}: lower --rate or --latency-ms",
            )
        for name, text in (("--assigned-to", self.assigned_to), ("--priority", self.priority)):
            if not re.fullmatch(rf"[A-Za-z][\w ,./&-]{{0,{_LONGEST_LINE}}}", text) or text != text.strip():
                raise UsageError(f"{name} {text!r} is no plain text", 'write words, as in "AI Model Team"')

    @property
    def in_flight(self) -> int:
        """How many requests are in progress at the demanded rate and latency (Little's law), rounded up."""
        return max(1, math.ceil(self.rate * self.latency_ms / 1000))

    @property
    def max_num_seqs(self) -> int:
        """How many sequences the engine holds: the next power of two that leaves a quarter of room."""
        return max(FEWEST_SEQUENCES, 1 << math.ceil(self.in_flight * 5 / 4 - 1).bit_length())

    @property
    def max_num_batched_tokens(self) -> int:
        """How many tokens a batch takes. vLLM refuses fewer than one prompt's, and fewer than there are sequences."""
        return max(SMALLEST_BATCH, self.context, self.max_num_seqs)

    def values(self) -> dict[str, Any]:
        """Everything that the template asks for."""
        words = re.findall(r"[A-Za-z0-9]+", self.service)
        module = "_".join(words).lower()
        model = self.model or self.service
        return {
            **asdict(self),
            **{name: _plain(getattr(self, name)) for name in _RANGES},
            "created": self.created.isoformat(),
            "model": model,
            "model_folder": f"/opt/models/{model.replace('/', '-')}",
            "metrics_port": self.metrics_port or self.port,
            "module": module,
            "prefix": module.upper(),
            "class_name": "".join(word[0].upper() + word[1:] for word in words),
            "tensor_parallel_size": 1,
            "gpu_memory_utilization": 0.8,
            "max_num_seqs": self.max_num_seqs,
            "max_num_batched_tokens": self.max_num_batched_tokens,
            "in_flight": self.in_flight,
            "benchmark_requests": max(FEWEST_BENCHMARK_REQUESTS, BENCHMARK_ROUNDS * self.in_flight),
            "payload_file": f"{module}_payload.json",
        }


def filled(document: NewDocument, template: str = "task.md.j2") -> str:
    """The text of the document, or of another template beside it, with these values."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown and TOML are written, not HTML; every value was checked above
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(document.values())


def _plain(value: Decimal) -> str:
    """The number without exponent and without zeros that say nothing."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _check_word(option: str, word: str, pattern: re.Pattern[str], example: str) -> None:
    if len(word) > _LONGEST_NAME or pattern.fullmatch(word) is None:
        raise UsageError(f"{option} {word!r} cannot be used in commands and paths", f"write it like {example}")
