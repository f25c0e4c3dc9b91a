"""Sources of answers for Switch."""
