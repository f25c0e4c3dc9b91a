"""Health of a whole estate: every service asked, one status told, for library code and as a service of its own."""

NAME = "health"
VERSION = "0.1.0"
LOGGER = "signoff.health"
