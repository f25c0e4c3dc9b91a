"""Criterion drafts that several kinds share."""
