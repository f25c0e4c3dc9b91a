"""Diagnostics of a document: gaps, swallowed text, codes."""
