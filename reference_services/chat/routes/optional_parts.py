"""Optional parts of a chat service; costly ones are imported only if a setting turns them on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi import APIRouter

from signoff.reference_services.chat.api.generation import Parts
from signoff.reference_services.chat.routes import (
    documents,
    embeddings,
    moderation_routes,
    socket_routes,
    thread_routes,
)
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.retrieval.document import StoreCannotOpen
from signoff.reference_services.retrieval.embedder import open_embedder
from signoff.reference_services.web.settings import logs
from signoff.reference_services.web.settings.settings_problems import QDRANT_KEY_VARIABLE, SettingsError

if TYPE_CHECKING:
    from signoff.reference_services.retrieval.library import Library
from signoff.reference_services.retrieval.vector import Embedder, EmbedderError

INSTALL = 'pip install "signoff[services]"'


def embedder(settings: ChatSettings) -> Embedder:
    """What embeds documents and texts. Raises SettingsError."""
    try:
        return open_embedder(settings.embedding_model)
    except EmbedderError as error:
        raise SettingsError([str(error)]) from None


def library(settings: ChatSettings, found_by: Embedder) -> Library | None:
    """The store of documents, where a place for it is set. Raises SettingsError."""
    if not settings.retrieval:
        return None
    variable = settings.preset.prefix + QDRANT_KEY_VARIABLE
    key = os.environ.get(variable) or None
    logs.hide([key] if key else [])
    try:
        from signoff.reference_services.retrieval.library import Library

        return Library(settings.retrieval, found_by, settings.retrieval_max_documents, key)
    except StoreCannotOpen as error:
        raise SettingsError([str(error)]) from None


def routers(parts: Parts, found_by: Embedder) -> Iterator[APIRouter]:
    """The routers that are on. Raises SettingsError."""
    settings = parts.service.config
    if settings.embeddings:
        yield embeddings.router(parts.service, found_by)
    if parts.library is not None:
        yield documents.router(parts.library, settings)
    if settings.threads:
        yield thread_routes.router(parts)
    if parts.moderation.moderator is not None:
        yield moderation_routes.router(parts)
    if settings.websocket:
        yield socket_routes.router(parts)
    if settings.graphql:
        try:
            from signoff.reference_services.chat.routes import graphql_routes
        except ImportError:
            raise SettingsError(
                [f"graphql needs strawberry-graphql: {INSTALL}, or set {settings.preset.prefix}GRAPHQL=0"]
            ) from None
        yield graphql_routes.router(parts)
