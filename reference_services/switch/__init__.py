"""VX11 Switch: one prompt, one answer, from a large model upstream or from a small one on this machine."""

from __future__ import annotations

NAME = "switch"
VERSION = "0.1.0"
LOGGER = "switch"
