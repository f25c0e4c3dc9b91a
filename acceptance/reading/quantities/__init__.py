"""Figures with units and comparators, in words and digits."""
