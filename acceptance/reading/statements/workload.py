"""Tables of workloads and of limits: of which requests a row speaks, and what a column of them limits."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What columns under `Limits` are called beside the names of metrics.
_LIMITS = re.compile(r"\b(?:limits|quotas?|throttling|rate limit\w*)\W*$", re.IGNORECASE)
_LIMITED = re.compile(
    r"\b(?:max(?:imum)?|min(?:imum)?|body|payload|uploads?|quota|burst|per (?:key|user|client|minute|day))\b",
    re.IGNORECASE,
)
_RATE = re.compile(r"^\W*(?:max(?:imum)?\.?\s+)?(?:request )?rate\b(?! limit)", re.IGNORECASE)
# Rows that say of which requests their figures hold: `chat | <= 200 ms`.
_WORKLOAD = re.compile(
    r"^\W*(?:workloads?|scenarios?|use[ -]cases?|profiles?"
    r"|(?:load|traffic|request|user)[ -](?:profiles?|patterns?|class(?:es)?|mix)"
    r"|(?:kind|type|class)s? of (?:request|work|load|traffic)s?|request (?:type|kind)s?|traffic|datasets?|prompts?"
    r"|routes?|endpoints?|path|tenants?)\W*$",
    re.IGNORECASE,
)
_NAME = re.compile(r"^\W*(?:names?|case)?\W*$", re.IGNORECASE)
_WORKLOADS = re.compile(r"\bworkloads?\b|\bscenarios?\b|\buse[ -]cases\b|\btraffic\b", re.IGNORECASE)
_IDENTIFIER = re.compile(r"^\W*(?:id|no\.?|nr\.?|key|ref\.?|number|step)\W*$", re.IGNORECASE)
_WORD = re.compile(r"\w")


def workload(header: Sequence[str], texts: Sequence[str], heading: str) -> str:
    """The requests that the figures of a row are about, "" where its first cell names no such requests."""
    for name, text in zip(header, texts, strict=False):
        if _WORD.search(text) and not _IDENTIFIER.match(name):
            is_workload = _WORKLOAD.match(name) or (_NAME.match(name) and _WORKLOADS.search(heading))
            return text if is_workload else ""
    return ""


def limited(name: str, heading: str) -> str:
    """What a column limits under a heading of limits, "" elsewhere: a rate there is one that may not be passed."""
    if not _LIMITS.search(heading):
        return ""
    if _RATE.match(name):
        return re.sub(r"^(\W*(?:max(?:imum)?\.?\s+)?(?:request )?rate)", r"\1 limit", name, flags=re.IGNORECASE)
    return name if _LIMITED.search(name) else ""
