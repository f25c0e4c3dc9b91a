"""Configuration file of the gateway."""
