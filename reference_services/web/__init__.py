"""Common code of all services: access, limits, listeners."""
