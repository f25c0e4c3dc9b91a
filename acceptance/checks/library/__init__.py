"""Checks of library code."""
