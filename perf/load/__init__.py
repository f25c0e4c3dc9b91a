"""Load plan, the processes that carry it out, and the run that comes of it."""
