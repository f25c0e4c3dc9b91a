"""Servers to point Signoff at: they import nothing of the suite and are started as processes."""
