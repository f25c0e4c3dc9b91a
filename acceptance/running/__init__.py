"""From criteria to verdicts: pytest is the runner, a criterion an item."""
