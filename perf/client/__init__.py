"""The HTTP client of loads and checks: one exchange with timestamps."""
