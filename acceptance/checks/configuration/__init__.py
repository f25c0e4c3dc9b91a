"""Checks of configured values."""
