"""Hermes-2: a chat service with sessions behind the OpenAI surface."""

from __future__ import annotations

NAME = "hermes-2"
VERSION = "0.1.0"
