"""POST /v1/embeddings in OpenAI's shape, from the embedder that documents are found by."""

from __future__ import annotations

import asyncio
import base64
import struct
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from signoff.reference_services.chat.api.answer_models import Embeddings
from signoff.reference_services.chat.api.asking import check_model
from signoff.reference_services.chat.api.document_requests import EmbeddingsRequest
from signoff.reference_services.chat.api.service import ModelService
from signoff.reference_services.chat.prompt import tokenizer
from signoff.reference_services.retrieval.vector import Embedder
from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.requests import request_body
from signoff.reference_services.web.requests.description import answers

MOST_TOKENS, MOST_TOKENS_TOGETHER = 8192, 100_000


def router(service: ModelService, embedder: Embedder) -> APIRouter:
    """The route."""
    routes = APIRouter()

    def narrow(fields: dict[str, Any]) -> None:
        fields["dimensions"]["anyOf"][0]["maximum"] = embedder.dimensions

    @routes.post(
        "/v1/embeddings",
        openapi_extra=request_body.schema(EmbeddingsRequest, narrow),
        **answers(Embeddings, 400, 404, 415),
    )
    async def embeddings(request: Request) -> Response:
        """Embed texts."""
        asked = await request_body.read(request, EmbeddingsRequest, service.config.max_body_bytes)
        if asked.model != embedder.name:
            check_model(service, asked.model)
        if asked.dimensions is not None and asked.dimensions > embedder.dimensions:
            raise Refused(
                400,
                f"dimensions: {asked.dimensions} is asked for; {embedder.name} has {embedder.dimensions}.",
                "invalid_value",
                "dimensions",
            )
        texts = asked.texts()
        # What is far too long is not counted to the token: nobody else is answered meanwhile.
        is_far_too_long = sum(map(tokenizer.at_least, texts)) > MOST_TOKENS_TOGETHER
        tokens = [(tokenizer.at_least if is_far_too_long else tokenizer.count)(text) for text in texts]
        if max(tokens) > MOST_TOKENS or sum(tokens) > MOST_TOKENS_TOGETHER:
            raise Refused(
                400,
                f"input: {max(tokens)} tokens in one text and {sum(tokens)} in all are asked for; allowed are "
                f"{MOST_TOKENS} and {MOST_TOKENS_TOGETHER}.",
                "context_length_exceeded",
                "input",
            )
        vectors = await asyncio.to_thread(embedder.embed, texts, asked.dimensions)
        is_text = asked.encoding_format == "base64"
        answer = {
            "object": "list",
            "model": embedder.name,
            "data": [
                {"object": "embedding", "index": index, "embedding": _packed(vector) if is_text else vector}
                for index, vector in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": sum(tokens), "total_tokens": sum(tokens)},
        }
        # A dictionary would be walked before it is written: a second for a million numbers.
        return JSONResponse(answer)

    return routes


def _packed(vector: list[float]) -> str:
    """Little-endian 32-bit floats in base64, as OpenAI's clients unpack them."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")
