"""Conflicts between references."""
