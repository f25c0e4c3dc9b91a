"""Nightly measurements, and their comparison with the nights before."""
