"""Load plan, load processes, and the resulting run."""
