"""Documents that are found again by what they say: an embedder, and a store of passages in Qdrant."""
