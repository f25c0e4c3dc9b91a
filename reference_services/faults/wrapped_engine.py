"""An engine that passes everything to another one, except what a fault changes."""

from __future__ import annotations

from typing import Any

from signoff.reference_services.chat.engine.engine import Engine


class WrappedEngine:
    """What a subclass does not define is asked of the engine inside."""

    def __init__(self, inner: Engine) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
