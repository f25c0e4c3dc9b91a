"""Health of a whole estate: every service is asked and one status results, as library and as a service."""

NAME = "health"
VERSION = "0.1.0"
LOGGER = "signoff.health"
