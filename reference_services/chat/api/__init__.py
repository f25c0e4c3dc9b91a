"""Requests, answers and generations."""
