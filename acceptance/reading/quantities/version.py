"""Version numbers, which limit nothing: `engine==0.6.3`, `Python >= 3.11`."""

from __future__ import annotations

import re

from signoff.acceptance.reading.search.sought import Sought

_MORE = re.compile(r"\.\d")
_VERSION_BEFORE = Sought(
    r"\b(?:python|requires-python|pip|cuda|rocm|torch|pytorch|node(?:\.?js)?|glibc|gcc|kernel|ubuntu|debian|docker"
    r"|kubernetes|helm|vllm|sglang|ollama|llama\.cpp|transformers|pydantic|fastapi|driver|compute capability"
    r"|versions?|release|v)[\s`\"':=]*(?:(?:versions?|is)\s*)?[`\"']*$"
    r"|[=<>~!]=?\s?\d[\w.*]*\s?,\s?$"
)
_PACKAGE = re.compile(r"(?<![\w.%/-])[A-Za-z][A-Za-z0-9_.-]*(?:\[[\w,-]+\])?$")
_METRIC = re.compile(
    r"\b(?:latency|time|throughput|memory|ram|cpu|ttft|bandwidth|p\d{2,}|rps|qps|tps|tpot|itl|errors?|rate|mean|avg|max"
    r"|min|n|batch\w*)$",
    re.IGNORECASE,
)


def is_version(text: str, begin: int, end: int) -> bool:
    """Whether the number between two places of a text is a version; its sign belongs to it."""
    before = text[max(0, begin - 60) : begin]
    if _MORE.match(text, end) or _VERSION_BEFORE.search_part(before, text):
        return True
    # A name and its sign without a blank are a package's, unless the name is a metric's: `p95<=150`.
    name = _PACKAGE.search(before)
    return name is not None and _METRIC.search(name[0]) is None
