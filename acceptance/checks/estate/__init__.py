"""Checks of several services together: ports, gateway, monitoring."""
