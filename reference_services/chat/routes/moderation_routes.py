"""POST /v1/moderations: the moderator's judgement in the shape of OpenAI's API."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from signoff.reference_services.chat.api.generation import Parts
from signoff.reference_services.chat.api.requests import Strict
from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.requests import request_body
from signoff.reference_services.web.requests.description import Told, answers

MOST_INPUTS, MOST_CHARACTERS = 1000, 1_000_000


class InputPart(Strict):
    """A text as a part of an input."""

    type: Literal["text"]
    text: str


class ModerationsRequest(Strict):
    """The body of POST /v1/moderations. The moderator is the one that the service is set to, whatever `model` says."""

    model: str | None = None
    input: (
        str
        | Annotated[list[str], Field(min_length=1, max_length=MOST_INPUTS, fail_fast=True)]
        | Annotated[list[InputPart], Field(min_length=1, max_length=MOST_INPUTS, fail_fast=True)]
    )

    def texts(self) -> list[str]:
        """Each text that is judged on its own."""
        if isinstance(self.input, str):
            return [self.input]
        # Parts are one input together, texts are each their own.
        whole = [each.text for each in self.input if isinstance(each, InputPart)]
        return ["\n".join(whole)] if whole else [each for each in self.input if isinstance(each, str)]


class ModerationResult(Told):
    """The judgement on one text."""

    flagged: bool
    categories: dict[str, bool]
    category_scores: dict[str, float]


class Moderations(Told):
    """The judgements, in the order of the texts."""

    id: str
    model: str
    results: list[ModerationResult]


def router(parts: Parts) -> APIRouter:
    """The route of a service that has a moderator."""
    routes = APIRouter()
    moderator = parts.moderation.moderator
    model = "" if moderator is None else moderator.kind.replace(" ", "-")

    @routes.post(
        "/v1/moderations",
        openapi_extra=request_body.schema(ModerationsRequest),
        **answers(Moderations, 400, 415, 503),
    )
    async def judge(request: Request) -> Moderations:
        """What the service's moderator says of texts."""
        asked = await request_body.read(request, ModerationsRequest, parts.service.config.max_body_bytes)
        texts = asked.texts()
        if sum(map(len, texts)) > MOST_CHARACTERS:
            raise Refused(400, f"input: at most {MOST_CHARACTERS} characters are judged at once.", "too_long", "input")
        results = [
            ModerationResult(
                flagged=each.is_flagged, categories=dict(each.categories), category_scores=dict(each.scores)
            )
            for each in await parts.moderation.judge(texts)
        ]
        return Moderations(id=f"modr-{uuid.uuid4().hex}", model=model, results=results)

    return routes
