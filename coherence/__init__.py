"""Conversations with new facts, probes of a server's memory, and scoring of replies."""
