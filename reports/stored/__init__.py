"""Stored runs: results.json and its folder."""
