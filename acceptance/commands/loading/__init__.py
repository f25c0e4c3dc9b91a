"""`signoff load`."""
