"""Request bodies and their limits."""
