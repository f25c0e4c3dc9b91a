"""Health of a whole estate: checks every service and derives one status, as a library and as a service."""

NAME = "health"
VERSION = "0.1.0"
LOGGER = "signoff.health"
