"""Checks of conversations."""
