"""How each load tool is called, and where it writes what is compared."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

PROMPTS = 2000
WORDS = ("<unk>", "<s>", "</s>", "request", "number", "say", "something", "word")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a tool reports, in ms. `gaps` says of what its inter-token latency is a quantile.

    `valid` is the tool's own judgement of its run, None where it makes none.
    """

    answered: int
    ttft_ms: dict[str, float]
    itl_ms: dict[str, float]
    gaps: Literal["each gap", "mean of a stream"]
    valid: bool | None = None
    more: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """One run: what is asked of a tool, and a folder for what it writes."""

    url: str
    rate: float
    duration_s: float
    tokens: int
    folder: Path
    model: str = "truth"


@dataclass(frozen=True, slots=True)
class Tool:
    """`program` is where it is installed."""

    name: str
    program: Path
    command: Callable[[Path, Load], list[str]]
    figures: Callable[[Load], Figures]
    settles: tuple[int, ...] = (0,)


def prepare(folder: Path) -> None:
    """Prompts and a tokenizer of a few words, so that no tool asks a model hub for one."""
    text = [f"request number {number} say something" for number in range(PROMPTS)]
    _write(folder / "prompts.jsonl", "".join(json.dumps({"text": each}) + "\n" for each in text))
    _write(folder / "prompts.json", json.dumps([{"prompt": each, "output_tokens_count": 20} for each in text]))
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    special = [
        {"id": vocabulary[word], "content": word, "special": True, "single_word": False, "lstrip": False}
        | {"rstrip": False, "normalized": False}
        for word in WORDS[:3]
    ]
    tokenizer = {
        **dict.fromkeys(("truncation", "padding", "normalizer", "post_processor", "decoder")),
        "version": "1.0",
        "added_tokens": special,
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
    }
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>", "bos_token": "<s>"}
    _write(folder / "tokenizer" / "tokenizer.json", json.dumps(tokenizer))
    _write(folder / "tokenizer" / "tokenizer_config.json", json.dumps({**settings, "eos_token": "</s>"}))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _signoff(program: Path, load: Load) -> list[str]:
    return [
        str(program),
        "load",
        load.url,
        "--model",
        load.model,
        "--arrivals",
        "poisson",
        "--rate",
        f"{load.rate:g}",
        "--duration",
        f"{load.duration_s:g}",
        "--max-tokens",
        str(load.tokens),
        "--json",
        str(load.folder / "signoff.json"),
    ]


def _of_signoff(load: Load) -> Figures:
    found = json.loads((load.folder / "signoff.json").read_text(encoding="utf-8"))
    more = {"ttft_from_due_ms": _two(found["ttft_ms"]), "client": found["client"], "reason": found["reason"]}
    answered = found["requests"] - sum(found["errors"].values())
    sent = _two(found["ttft_from_sent_ms"])
    return Figures(answered, sent, _two(found["itl_ms"]), "each gap", found["valid"], more)


def _guidellm(program: Path, load: Load) -> list[str]:
    return [
        str(program),
        "run",
        "--backend",
        f"kind=openai_http,target={load.url},model={load.model}",
        "--profile",
        f"kind=poisson,rate={load.rate:g}",
        "--constraint",
        f"kind=max_duration,seconds={load.duration_s:g}",
        "--tokenizer",
        f"kind=huggingface_auto,model={load.folder / 'tokenizer'}",
        "--data",
        f"kind=json_file,path={load.folder / 'prompts.json'}",
        "--output",
        f"kind=json,path={load.folder / 'guidellm.json'}",
        "--disable-console",
    ]


def _of_guidellm(load: Load) -> Figures:
    (found,) = json.loads((load.folder / "guidellm.json").read_text(encoding="utf-8"))["benchmarks"]
    ttft = found["metrics"]["time_to_first_token_ms"]["successful"]
    itl = found["metrics"]["inter_token_latency_ms"]["successful"]
    return Figures(int(ttft["count"]), _two(ttft["percentiles"]), _two(itl["percentiles"]), "mean of a stream")


def _aiperf(program: Path, load: Load) -> list[str]:
    return [
        str(program),
        "profile",
        "--model",
        load.model,
        "--url",
        load.url,
        "--endpoint-type",
        "chat",
        "--streaming",
        "--request-rate",
        f"{load.rate:g}",
        "--arrival-pattern",
        "poisson",
        "--benchmark-duration",
        f"{load.duration_s:g}",
        "--tokenizer",
        str(load.folder / "tokenizer"),
        "--use-server-token-count",
        "--input-file",
        str(load.folder / "prompts.jsonl"),
        "--custom-dataset-type",
        "single_turn",
        "--artifact-dir",
        str(load.folder / "aiperf"),
        "--ui",
        "none",
        "--export-level",
        "summary",
    ]


def _of_aiperf(load: Load) -> Figures:
    found = json.loads((load.folder / "aiperf" / "profile_export_aiperf.json").read_text(encoding="utf-8"))
    answered = int(found["request_count"]["avg"])
    return Figures(answered, _two(found["time_to_first_token"]), _two(found["inter_token_latency"]), "mean of a stream")


def _two(quantiles: dict[str, Any]) -> dict[str, float]:
    return {name: float(quantiles[name]) for name in ("p50", "p99")}


def signoff() -> Tool:
    """This project, as it is installed beside the running interpreter; 3 is its exit code of an invalid run."""
    return Tool("Signoff", Path(sys.executable).with_name("signoff"), _signoff, _of_signoff, (0, 3))


def guidellm(environment: Path) -> Tool:
    """GuideLLM in an environment of its own."""
    return Tool("GuideLLM", environment / "bin" / "guidellm", _guidellm, _of_guidellm)


def aiperf(environment: Path) -> Tool:
    """AIPerf in an environment of its own."""
    return Tool("AIPerf", environment / "bin" / "aiperf", _aiperf, _of_aiperf)
