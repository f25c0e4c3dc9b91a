"""Task documents to typed criteria, step by step: every line is accounted for, nothing is executed.

bytes -> text -> blocks -> configuration -> statements -> criteria -> binding -> questions -> comparison with the
accepted reading -> account of lines -> conflicts

What reads is in `reading.py` and loaded where one of its functions is first asked for: it compiles hundreds of regular
expressions, and the process that judges gets a reading that another process made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from signoff.acceptance.reading.source.document import Diagnostic, Document, Reading
from signoff.acceptance.reading.source.files import SUFFIXES, documents_of
from signoff.acceptance.reading.source.source import MAX_BYTES

if TYPE_CHECKING:
    from signoff.acceptance.reading.reading import read_all, read_document, read_documents

__all__ = [
    "MAX_BYTES",
    "SUFFIXES",
    "Diagnostic",
    "Document",
    "Reading",
    "documents_of",
    "read_all",
    "read_document",
    "read_documents",
]


def __getattr__(name: str) -> Any:
    """What reads, loaded now (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from signoff.acceptance.reading import reading

    return getattr(reading, name)
