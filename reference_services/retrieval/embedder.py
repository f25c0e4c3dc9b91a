"""The choice of the embedder: a model in a folder, or the hashing one."""

from __future__ import annotations

from signoff.reference_services.retrieval.hashed_embedder import HashedEmbedder
from signoff.reference_services.retrieval.vector import Embedder


def open_embedder(model: str) -> Embedder:
    """The embedder of a sentence-transformers folder, or the hashing one where none is named. Raises EmbedderError."""
    if model:
        # Only who names a model pays for loading one.
        from signoff.reference_services.retrieval.sentence_embedder import SentenceEmbedder

        return SentenceEmbedder(model)
    return HashedEmbedder()
