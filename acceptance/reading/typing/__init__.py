"""Wording rules: which kind of criterion a statement is."""
