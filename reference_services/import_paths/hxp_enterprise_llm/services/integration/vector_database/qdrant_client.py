"""Qdrant, at the path that the task template names."""

from signoff.reference_services.connectors.qdrant import QdrantClient

__all__ = ["QdrantClient"]
