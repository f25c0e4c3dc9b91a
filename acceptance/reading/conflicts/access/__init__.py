"""Conflicts of addresses, ports and access."""
