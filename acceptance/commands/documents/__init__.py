"""`signoff read` and `signoff new`."""
