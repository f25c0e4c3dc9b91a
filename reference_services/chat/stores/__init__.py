"""Stores of conversations: SQLite, Redis, PostgreSQL."""
