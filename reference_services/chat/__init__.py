"""Chat services with sessions behind the OpenAI surface: four models of one factory."""

from __future__ import annotations

NAME = "hermes-2"
"""The service where none is named."""
VERSION = "0.1.0"
LOGGER = "chat"
