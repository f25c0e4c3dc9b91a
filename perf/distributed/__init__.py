"""Load from several machines."""
