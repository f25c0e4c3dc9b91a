"""Requests on their way to a replica."""
