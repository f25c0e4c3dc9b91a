"""Makes the small language model of fixtures/models/recall, which remembers what it is told; it is not installed."""
