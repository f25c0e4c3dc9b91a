"""The results of other load tools, detected by content."""

from __future__ import annotations

from pathlib import Path

from signoff.perf.errors import EvidenceUnreadable
from signoff.perf.imported.aiperf_results import is_aiperf, read_aiperf
from signoff.perf.imported.external_run import ExternalRun, load_json
from signoff.perf.imported.guidellm_results import is_guidellm, read_guidellm


def read_external(path: Path) -> ExternalRun:
    """A run of AIPerf or GuideLLM. Raises EvidenceUnreadable, which names the missing part."""
    document = load_json(path)
    try:
        if is_aiperf(document):
            return read_aiperf(path, document)
        if is_guidellm(document):
            return read_guidellm(path, document)
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError, ValueError) as error:
        if isinstance(error, EvidenceUnreadable):
            raise
        raise EvidenceUnreadable(f"{path}: not as the tool writes it: {error!r}", "give the file whole") from None
    raise EvidenceUnreadable(
        f"{path}: neither AIPerf's profile_export_aiperf.json nor the JSON of guidellm benchmark",
        "give one of these",
    )
