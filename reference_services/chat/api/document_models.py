"""The answers about documents as openapi.json describes them; `documents.py` makes them."""

from __future__ import annotations

from typing import Literal

from pydantic import RootModel

from signoff.reference_services.web.requests.description import Count, Time, Told, sometimes

Metadata = dict[str, str | int | float | bool]


class DocumentHead(Told):
    """A document without its text. `passages` is there where documents are added or listed."""

    id: str
    object: Literal["document"]
    added: Time
    metadata: Metadata
    passages: Count = sometimes()


class DocumentList(Told):
    """Documents that were added together."""

    object: Literal["list"]
    data: list[DocumentHead]


class Added(RootModel[DocumentHead | DocumentList]):
    """The document, or the list of them, as they were sent."""


class ListedDocument(DocumentHead):
    """A document with the beginning of its text."""

    beginning: str


class Documents(Told):
    """The caller's documents."""

    object: Literal["list"]
    data: list[ListedDocument]


class WholeDocument(DocumentHead):
    """A document with its text."""

    text: str


class FoundPassage(Told):
    """A passage of a document that matches the query."""

    id: str
    passage: Count
    score: float
    text: str
    metadata: Metadata


class Found(Told):
    """Passages, the best first."""

    object: Literal["list"]
    data: list[FoundPassage]
