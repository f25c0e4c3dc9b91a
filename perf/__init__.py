"""Measuring: one client, arrivals, load runs, process figures, and the decisions on them."""
