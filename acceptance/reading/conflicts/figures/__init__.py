"""Conflicts between figures."""
