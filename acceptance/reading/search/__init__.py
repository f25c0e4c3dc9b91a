"""Expressions that are searched for only in texts that can hold them."""
