"""A program that announces a service to a gateway."""
