"""Settings: YAML, problems, TLS, logs, limits."""
