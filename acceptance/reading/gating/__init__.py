"""Which criteria of a statement a machine may judge."""
