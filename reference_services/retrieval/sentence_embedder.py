"""The embedder of a sentence-transformers model in a folder of this machine; nothing is ever downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from signoff.reference_services.retrieval.vector import EmbedderError, Vector, normalized


class SentenceEmbedder:
    """A model by its path. Raises EmbedderError if the package or the model is not there."""

    def __init__(self, path: str) -> None:
        if not Path(path).is_dir():
            raise EmbedderError(
                f"embedding_model = {path!r}: no such folder; give that of a sentence-transformers model"
            )
        try:
            from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found]
        except ImportError:
            raise EmbedderError(
                f"embedding_model = {path!r} needs sentence-transformers, which is not installed: "
                "pip install sentence-transformers, or leave embedding_model out"
            ) from None
        try:
            self._model: Any = SentenceTransformer(path, local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise EmbedderError(f"embedding_model = {path!r}: cannot be loaded: {error}") from None
        self.name = Path(path).resolve().name
        self.dimensions = int(self._model.get_sentence_embedding_dimension())

    def embed(self, texts: Sequence[str], dimensions: int | None = None) -> list[Vector]:
        """See `Embedder`. Fewer dimensions are the first ones, at length one again."""
        found = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return [normalized([float(value) for value in vector[:dimensions]]) for vector in found]
