"""Conflicts between settings."""
