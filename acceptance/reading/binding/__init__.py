"""Binding files: a person's corrections of a reading."""
