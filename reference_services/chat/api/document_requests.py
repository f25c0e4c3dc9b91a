"""The bodies of the routes for documents and embeddings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from signoff.reference_services.chat.api.requests import Strict
from signoff.reference_services.chat.sessions.sessions import SESSION_ID
from signoff.reference_services.chat.settings.settings import LARGEST

MOST_AT_ONCE = 100
MOST_FOUND = 100
MOST_INPUTS = 2048
MOST_ASKED = 20_000
"""Characters of a query: it is embedded whole."""
Name = Annotated[str, Field(pattern=f"^{SESSION_ID.pattern}$")]
"""Documents are named as sessions are: what fits into a path."""
Written = Annotated[str, Field(min_length=1, pattern=r"\S")]
Key = Annotated[str, Field(min_length=1, max_length=64)]
Value = (
    Annotated[str, Field(max_length=1000)]
    | Annotated[int, Field(ge=-(2**53), le=2**53)]
    | Annotated[float, Field(allow_inf_nan=False)]
    | bool
)
Metadata = Annotated[dict[Key, Value], Field(max_length=32)]


class SentDocument(Strict):
    """A document as clients send it; one without an id gets one."""

    id: Name | None = None
    text: Written
    metadata: Metadata = Field(default_factory=dict)


class DocumentsRequest(Strict):
    """The body of POST /documents: the fields of one document, or `documents`."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["text"], "properties": {"text": {"type": "string"}, "documents": {"type": "null"}}},
                {
                    "required": ["documents"],
                    "properties": {
                        "documents": {"type": "array"},
                        "text": {"type": "null"},
                        "id": {"type": "null"},
                        "metadata": {"maxProperties": 0},
                    },
                },
            ]
        }
    )

    id: Name | None = None
    text: Written | None = None
    metadata: Metadata = Field(default_factory=dict)
    documents: Annotated[list[SentDocument], Field(min_length=1, max_length=MOST_AT_ONCE, fail_fast=True)] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> DocumentsRequest:
        if (self.text is None) == (self.documents is None):
            raise ValueError("either text or documents is needed, one of them only")
        if self.documents is not None and (self.id is not None or self.metadata):
            raise ValueError("id and metadata belong to each of the documents")
        names = [document.id for document in self.all() if document.id is not None]
        if len(set(names)) < len(names):
            raise ValueError("two of the documents have the same id")
        return self

    def all(self) -> list[SentDocument]:
        """The documents, whatever the form."""
        if self.documents is not None:
            return self.documents
        assert self.text is not None
        return [SentDocument(id=self.id, text=self.text, metadata=self.metadata)]


class SearchRequest(Strict):
    """The body of POST /documents/search; defaults are the service's settings."""

    query: Annotated[str, Field(min_length=1, max_length=MOST_ASKED, pattern=r"\S")]
    limit: Annotated[int, Field(ge=1, le=MOST_FOUND)] | None = None
    min_score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None


class EmbeddingsRequest(Strict):
    """The body of POST /v1/embeddings. Token ids are not taken: the embedder reads texts."""

    model: str | None = None
    input: Written | Annotated[list[Written], Field(min_length=1, max_length=MOST_INPUTS, fail_fast=True)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Field(ge=1, le=LARGEST)] | None = None
    user: str | None = None

    def texts(self) -> list[str]:
        """The inputs, even if there is one."""
        return [self.input] if isinstance(self.input, str) else self.input
