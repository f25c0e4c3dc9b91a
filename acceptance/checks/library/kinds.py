"""The kinds about the Python library of a document."""

from __future__ import annotations

from typing import Any

from signoff.acceptance.asked import Asked, listed, shown
from signoff.acceptance.kind import Kind, by_name
from signoff.acceptance.reading.source.library_names import would_call

_CALL: list[dict[str, Any]] = [
    {"op": "import", "module": "house.models", "name": "describe", "as": "describe"},
    {"op": "print", "value": {"call": "describe", "arguments": [], "keywords": {}}},
]


def _library_class(asked: Asked) -> str:
    base = asked.parameters.get("base")
    derived = f", and derives from {shown(base)}" if base else ""
    return f"the class {asked.shown('class')} can be imported from the library{derived}"


def _output(asked: Asked) -> str:
    calls, _ = would_call(asked.parameters.get("steps"))
    if not calls:
        return "the output of a library call that is more than imports, literal arguments and print"
    return f"the output of the library call{'s' if len(calls) > 1 else ''} {listed(map(shown, calls))}"


def _mentioned(asked: Asked) -> str:
    words = asked.words("mentions")
    return f", and mentions {listed(words)}" if words else ""


def _model_information(asked: Asked) -> str:
    return f"{_output(asked)} has fields that say the model is loaded{_mentioned(asked)}"


def _library_session(asked: Asked) -> str:
    return f"{_output(asked)} is a session with an identity{_mentioned(asked)}"


def _library_result(asked: Asked) -> str:
    return f"{_output(asked)} comes without an error and names no failure{_mentioned(asked)}"


KINDS = by_name(
    Kind(
        name="model_information",
        summary="The library's model service loads and reports its model.",
        asks=_model_information,
        sample=Asked(parameters={"steps": _CALL, "mentions": ["conversation"]}),
        failure='the model information does not say that the model is loaded: {"loaded": false}',
        part="Library",
    ),
    Kind(
        name="library_session",
        summary="The library's session manager creates a session and returns it.",
        asks=_library_session,
        sample=Asked(parameters={"steps": _CALL}),
        failure="the call printed nothing that can be read as fields",
        part="Library",
        of_estate=True,
    ),
    Kind(
        name="library_class",
        summary="The library has the class that the document names, derived from the base that it states.",
        asks=_library_class,
        sample=Asked(parameters={"class": "Phi3Service", "base": "BaseAIModelService"}),
        failure="house.models: Chat derives from object and not from Base",
        words=("Derive the class Phi3Service from BaseAIModelService",),
        part="Library",
        of_estate=True,
    ),
    Kind(
        name="library_result",
        summary="The document's library call completes, and its output shows no failure and contains the words.",
        asks=_library_result,
        sample=Asked(parameters={"steps": _CALL}),
        failure="the call printed the store: connection failed",
        part="Library",
        of_estate=True,
    ),
)
