"""Statements: every line of a document that says something."""
