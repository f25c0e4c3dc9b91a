"""Servers for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.coherence.chat_server import Serve, serving


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as start:
        yield start
