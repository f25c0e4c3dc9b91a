"""Evidence records: a model for each, by the `record` that it names."""
