"""Requests, answers, and what happens between them."""
