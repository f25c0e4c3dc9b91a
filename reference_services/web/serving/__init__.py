"""Listeners, connections and time limits."""
