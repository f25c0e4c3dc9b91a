"""Documents over HTTP: added, shown, searched and deleted, each caller's own."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from signoff.reference_services.chat.api.document_models import Added, Documents, Found, WholeDocument
from signoff.reference_services.chat.api.document_requests import DocumentsRequest, SearchRequest
from signoff.reference_services.chat.sessions.sessions import SESSION_ID
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.retrieval.document import Document, StoreFull, StoreUnavailable
from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.access.gate import caller
from signoff.reference_services.web.requests import request_body
from signoff.reference_services.web.requests.description import answers

if TYPE_CHECKING:
    # Qdrant's client takes half a second and 50 MB: only a service with a store pays for it.
    from signoff.reference_services.retrieval.library import Library

Result = TypeVar("Result")


def router(library: Library, settings: ChatSettings) -> APIRouter:
    """The routes of a service with a store."""
    routes = APIRouter()
    most_bytes = settings.max_body_bytes

    def narrow(fields: dict[str, Any]) -> None:
        fields["text"]["anyOf"][0]["maxLength"] = settings.retrieval_max_characters

    @routes.post(
        "/documents",
        status_code=201,
        openapi_extra=request_body.schema(DocumentsRequest, narrow),
        **answers(Added, 400, 409, 415, 503, status=201),
    )
    async def add_documents(request: Request) -> JSONResponse:
        """Add one document or several; one of a name that is there takes the place of that."""
        asked = await request_body.read(request, DocumentsRequest, most_bytes)
        sent = asked.all()
        for number, each in enumerate(sent):
            if len(each.text) > settings.retrieval_max_characters:
                raise Refused(
                    413,
                    f"A document has at most {settings.retrieval_max_characters} characters; this one has "
                    f"{len(each.text)}. Send it in parts.",
                    "document_too_large",
                    "text" if asked.documents is None else f"documents.{number}.text",
                )
        documents = [Document(each.id or uuid.uuid4().hex, each.text, each.metadata, time.time()) for each in sent]
        counts = await _served(library.add(caller(request), documents))
        shown = [_shown(document, count) for document, count in zip(documents, counts, strict=True)]
        return JSONResponse(shown[0] if asked.documents is None else {"object": "list", "data": shown}, 201)

    @routes.get("/documents", **answers(Documents, 503))
    async def list_documents(request: Request) -> dict[str, Any]:
        """The caller's documents, with the beginning of each."""
        found = await _served(library.all(caller(request)))
        data = [{**_shown(document, count), "beginning": document.text} for document, count in found]
        return {"object": "list", "data": data}

    @routes.post("/documents/search", openapi_extra=request_body.schema(SearchRequest), **answers(Found, 400, 415, 503))
    async def search_documents(request: Request) -> dict[str, Any]:
        """The passages of the caller's documents that fit a text best."""
        asked = await request_body.read(request, SearchRequest, most_bytes)
        most = settings.retrieval_top_k if asked.limit is None else asked.limit
        at_least = settings.retrieval_min_score if asked.min_score is None else asked.min_score
        hits = await _served(library.search(caller(request), asked.query, most, at_least))
        data = [
            {
                "id": hit.document,
                "passage": hit.passage,
                "score": round(hit.score, 4),
                "text": hit.text,
                "metadata": hit.metadata,
            }
            for hit in hits
        ]
        return {"object": "list", "data": data}

    @routes.get("/documents/{document_id}", **answers(WholeDocument, 404, 503))
    async def show_document(request: Request, document_id: str) -> dict[str, Any]:
        """One of the caller's documents, whole."""
        document = await _served(library.get(caller(request), _checked(document_id)))
        if document is None:
            raise _unknown(document_id)
        return {**_shown(document), "text": document.text}

    @routes.delete("/documents/{document_id}", status_code=204, **answers(None, 404, 503, status=204))
    async def delete_document(request: Request, document_id: str) -> Response:
        """Delete one of the caller's documents."""
        if not await _served(library.delete(caller(request), _checked(document_id))):
            raise _unknown(document_id)
        return Response(status_code=204)

    return routes


async def _served(work: Awaitable[Result]) -> Result:
    try:
        return await work
    except StoreFull as error:
        raise Refused(409, f"{error}.", "store_full") from None
    except StoreUnavailable:
        raise Refused(503, "The vector database does not answer; nothing is known of it now.", "no_database") from None


def _checked(name: str) -> str:
    # A name that no document can have is that of none, and is not asked for.
    if not SESSION_ID.fullmatch(name):
        raise _unknown(name)
    return name


def _unknown(name: str) -> Refused:
    return Refused(404, f"There is no document {name}.", "document_not_found", "id")


def _shown(document: Document, passages: int | None = None) -> dict[str, Any]:
    added = datetime.fromtimestamp(document.added, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "id": document.name,
        "object": "document",
        "added": added,
        "metadata": dict(document.metadata),
        **({} if passages is None else {"passages": passages}),
    }
