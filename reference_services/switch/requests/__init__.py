"""Requests and refusals of Switch."""
