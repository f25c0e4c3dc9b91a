"""Conflicts in what refers to what."""
