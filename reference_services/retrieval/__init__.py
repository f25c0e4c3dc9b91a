"""Document retrieval: an embedder, and a store of passages in Qdrant."""
