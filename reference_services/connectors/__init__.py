"""Connectors to the servers around a deployment: where they are, and whether they can be used."""
