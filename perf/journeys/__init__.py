"""Users with sessions, through Locust."""
