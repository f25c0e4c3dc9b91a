"""One service with several models or several engines behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.model_facts import model_facts
from signoff.acceptance.reading.conflicts.evidence.page import Pair, Place, conflict, listed
from signoff.acceptance.reading.facts.service_names import entity
from signoff.reports.stored.conflict import Conflict

KIND = "identity"
_WEIGHTS = re.compile(r"[A-Za-z][\w-]+/[A-Za-z][\w.-]+")
_ENGINES = {
    "vllm": "vLLM",
    "ollama": "Ollama",
    "llama-cpp": "llama.cpp",
    "llama.cpp": "llama.cpp",
    "llamacpp": "llama.cpp",
    "tgi": "TGI",
    "sglang": "SGLang",
    "tensorrt-llm": "TensorRT-LLM",
    "triton": "Triton",
    "transformers": "Transformers",
}
_ENGINE_SETTINGS = ("framework", "engine", "backend", "inference_engine", "inference_framework", "runtime")
_SEVERAL = 2
_FIRST = 3


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Weights by their repository, and engines by what is configured or demanded, for each service."""
    yield from _weights(corpus)
    yield from _engines(corpus)


def _weights(corpus: Corpus) -> Iterator[Conflict]:
    found: dict[str, list[tuple[str, Place, tuple[Pair, ...]]]] = {}
    for owned in corpus.named("model_name", "model", "model_id", "model_path"):
        if isinstance(owned.value, str) and _WEIGHTS.fullmatch(owned.value) and not owned.variant:
            place = owned.page.side(owned.setting.line, owned.value, owned.setting.spelling)
            found.setdefault(owned.owner, []).append((owned.value, place, owned.page.criteria_of(owned.setting)))
    for fact in model_facts(corpus):
        if fact.key == "source" and _WEIGHTS.fullmatch(str(fact.value)):
            place = fact.page.side(fact.line, fact.value)
            found.setdefault(entity(fact.model), []).append((str(fact.value), place, ()))
    for owner, uses in found.items():
        documents = {place[0].path for _, place, _ in uses}
        if len({name.lower() for name, _, _ in uses}) >= _SEVERAL and len(documents) >= _SEVERAL:
            yield conflict(
                KIND,
                f"model of {owner}",
                [place for _, place, _ in uses],
                f"{owner} is {listed(name for name, _, _ in uses)}: other weights give other answers, speed and memory",
                [pair for _, _, pairs in uses for pair in pairs],
            )


def _engines(corpus: Corpus) -> Iterator[Conflict]:
    found: dict[str, list[tuple[str, Place]]] = {}
    for owned in corpus.named(*_ENGINE_SETTINGS):
        name = _ENGINES.get(str(owned.value).lower())
        if name and not owned.variant:
            place = owned.page.side(owned.setting.line, name, owned.setting.spelling)
            found.setdefault(owned.owner, []).append((name, place))
    for page in corpus.pages:
        if "vllm" not in page.lower:
            continue
        demanded = [item for item in page.document.criteria if re.search(r"\bvllm\b", item.text, re.IGNORECASE)]
        for owner in corpus.scopes(page) or (corpus.owner(page),):
            asked = [item for item in demanded if item.kind != "config_value"][:_FIRST]
            found.setdefault(owner, []).extend(("vLLM", page.side(item.line, "vLLM", item.text)) for item in asked)
    for owner, uses in found.items():
        if owner in corpus.services and len({name for name, _ in uses}) >= _SEVERAL:
            yield conflict(
                KIND,
                f"engine of {owner}",
                [place for _, place in uses],
                f"{owner} runs on {listed(name for name, _ in uses)}: settings, metrics and figures of one engine "
                "say nothing about another",
            )
