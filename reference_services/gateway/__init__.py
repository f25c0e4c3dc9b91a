"""A gateway in front of the model services: one address, many models, several replicas of each."""

from __future__ import annotations

NAME = "gateway"
VERSION = "0.1.0"
LOGGER = "gateway"
