"""Connectors to the servers around a deployment: addresses and connection tests."""
