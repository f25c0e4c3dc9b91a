"""Shared by several checks: requests, load, streams, refusals, roles."""
