"""From a task document to verdicts: reading, checks, running, commands."""
