"""Configuration that a document states, in YAML, flags, Python and lines."""
