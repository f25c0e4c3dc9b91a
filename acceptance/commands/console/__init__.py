"""Colour, errors and JSON of all commands."""
