"""The kinds about the Python library of a document."""

from __future__ import annotations

from signoff.acceptance.kind import Kind, by_name

KINDS = by_name(
    Kind(
        name="model_information",
        summary="The library's model service loads and reports its model.",
        failure='the model information does not say that the model is loaded: {"loaded": false}',
        part="Library",
    ),
    Kind(
        name="library_session",
        summary="The library's session manager creates a session and returns it.",
        failure="the call printed nothing that can be read as fields",
        part="Library",
        of_estate=True,
    ),
    Kind(
        name="library_class",
        summary="The library has the class that the document names, derived from the base that it states.",
        failure="house.models: Chat derives from object and not from Base",
        words=("Derive the class Phi3Service from BaseAIModelService",),
        part="Library",
        of_estate=True,
    ),
    Kind(
        name="library_result",
        summary="The document's library call completes, and its output shows no failure and contains the words.",
        failure="the call printed the store: connection failed",
        part="Library",
        of_estate=True,
    ),
)
