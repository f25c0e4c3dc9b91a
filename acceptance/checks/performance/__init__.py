"""Checks of latency, throughput, errors and resources."""
