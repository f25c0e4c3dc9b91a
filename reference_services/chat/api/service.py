"""The model service: an engine with its settings, its description, and its readiness."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from typing import Any

from signoff.reference_services.chat import VERSION
from signoff.reference_services.chat.api.engine_choice import make_engine
from signoff.reference_services.chat.engine.engine import Engine, EngineError
from signoff.reference_services.chat.settings.services import Hermes2Config
from signoff.reference_services.chat.settings.settings import ChatSettings

CAPABILITIES = ("chat completions", "text completions", "streaming", "conversation memory", "sessions")


class ModelService:
    """A model service without its HTTP surface, as library code uses it."""

    def __init__(self, config: ChatSettings, engine: Engine | None = None) -> None:
        self.config = config
        self.engine: Engine = engine or make_engine(self.config)
        self.load_seconds: float | None = None
        self.load_error: str | None = None

    def load(self) -> None:
        """Load the engine; what goes wrong is kept in `load_error`, and the service is then never ready."""
        begin = time.perf_counter()
        self.load_error = None
        try:
            self.engine.load()
        except EngineError as error:
            self.load_error = str(error)
            raise
        except Exception as error:
            self.load_error = f"{type(error).__name__}: {error}"
            raise
        self.load_seconds = time.perf_counter() - begin

    @property
    def state(self) -> str:
        """`ready`, `loading` or `failed`."""
        if self.load_error is not None:
            return "failed"
        return "ready" if self.engine.loaded else "loading"

    def engine_told(self) -> dict[str, Any]:
        """Name and version of the engine, and what else it reports of itself."""
        return {"name": self.engine.name, "version": self.engine.version, **self.engine.facts}

    def served_names(self) -> tuple[str, str]:
        """The names under which the model can be asked for; the first is the one that answers carry."""
        return self.config.name, self.config.model_name

    def get_model_info(self) -> dict[str, Any]:
        """The served model; loads it if it is not loaded yet."""
        if not self.engine.loaded:
            self.load()
        return {
            "name": self.config.name,
            "model": self.config.model_name,
            "loaded": self.engine.loaded,
            "load_seconds": self.load_seconds,
            "engine": self.engine_told(),
            "service_version": VERSION,
            "context_length": self.config.max_model_len,
            "capabilities": list(CAPABILITIES),
            "conversation_memory": {
                "turns": self.config.conversation_memory_size,
                "context_window_size": self.config.context_window_size,
                "session_timeout_minutes": self.config.session_timeout_minutes,
            },
        }

    def get_health_status(self) -> dict[str, Any]:
        """How the service is, loading it first where that has not happened; what goes wrong is reported, not raised."""
        if not self.engine.loaded and self.load_error is None:
            with contextlib.suppress(Exception):
                self.load()
        is_well = self.load_error is None
        return {
            "status": "healthy" if is_well else "unhealthy",
            "service": self.config.name,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "checks": {"engine": {"status": "healthy" if is_well else "unhealthy", "name": self.engine.name}},
            **({} if is_well else {"reason": self.load_error}),
        }


class Hermes2Service(ModelService):
    """Hermes-2, with its own settings where none are given."""

    def __init__(self, config: ChatSettings | None = None, engine: Engine | None = None) -> None:
        super().__init__(config or Hermes2Config(), engine)
