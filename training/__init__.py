"""Trains the small language model of fixtures/models/recall, which recalls facts of a conversation; not installed."""
