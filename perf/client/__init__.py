"""HTTP client of the load and of all checks: one exchange, its stamps, and what came back."""
