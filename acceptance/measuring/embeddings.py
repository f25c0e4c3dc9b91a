"""Embeddings in the shape of OpenAI's API: a different vector for each text, and a usage that adds up."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from signoff.acceptance.evidence import Record
from signoff.acceptance.measuring.refusal import status_of

PATH = "/v1/embeddings"
TEXTS = ("A harbour in the morning.", "Compound interest, explained.")


def problems(record: Record) -> list[str]:
    """What keeps an answer to TEXTS from being OpenAI's list of embeddings, one sentence each."""
    body = record.get("json")
    if record["status"] != 200 or not isinstance(body, Mapping):
        return [f"gives {status_of(record)} and no embeddings"]
    found = [] if body.get("object") == "list" else [f"object is {body.get('object')!r}, not 'list'"]
    if not isinstance(body.get("model"), str) or not body["model"]:
        found.append("model is missing")
    usage = body.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, Mapping) else None
    if (
        not isinstance(tokens, int)
        or tokens < 1
        or not isinstance(usage, Mapping)
        or usage.get("total_tokens") != tokens
    ):
        found.append("usage lacks prompt_tokens, or total_tokens differs from them")
    entries = body.get("data")
    if not isinstance(entries, list) or len(entries) != len(TEXTS):
        return [*found, f"data is not a list of {len(TEXTS)} embeddings, one for each text"]
    return found + _vector_problems(entries)


def _vector_problems(entries: list[Any]) -> list[str]:
    if not all(isinstance(entry, Mapping) and entry.get("object") == "embedding" for entry in entries):
        return ["an entry is no object with 'embedding' as its object"]
    if [entry.get("index") for entry in entries] != list(range(len(entries))):
        return ["the embeddings are not numbered in the order of the texts"]
    vectors = [entry.get("embedding") for entry in entries]
    if not all(isinstance(vector, list) and vector and all(map(_is_number, vector)) for vector in vectors):
        return ["an embedding is no list of numbers"]
    if len({len(vector) for vector in vectors}) > 1:
        return ["two embeddings have different lengths"]
    return ["two different texts have the same embedding"] if vectors[0] == vectors[1] else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
