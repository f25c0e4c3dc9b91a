"""The weights of a local model: whether their file may be loaded."""

from __future__ import annotations

from pathlib import Path

from signoff.reference_services.switch.sources.registry import Model

MB = 10**6


def why_refused(folder: Path, model: Model, max_memory_mb: int, *, is_needed: bool) -> str:
    """Why the file of a model is not loaded; "" if nothing speaks against it.

    A file that is not there is a reason only where it is `is_needed`: Ollama keeps its own, and the simulated engine
    needs none.
    """
    path = (folder / model.path).resolve()
    if not path.is_relative_to(folder.resolve()):
        return f"The model is not loaded: {path.name} is outside the models folder"
    try:
        size_mb = -(-path.stat().st_size // MB)
    except OSError as error:
        if not is_needed:
            return ""
        return f"The model is not loaded: {model.path} in the models folder: {error.strerror or error}"
    if size_mb > max_memory_mb:
        return f"The model is not loaded: {path.name} has {size_mb} MB, and HERMES_MAX_MEMORY_MB is {max_memory_mb}"
    return ""
