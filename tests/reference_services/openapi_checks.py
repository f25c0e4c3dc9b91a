"""What schemathesis checks here beside its own checks: it loads this file, named in openapi_checks.toml."""

from __future__ import annotations

import json

import schemathesis
from schemathesis import Case, CheckContext, Response
from schemathesis.specs.openapi.checks import positive_data_acceptance

BEYOND_A_SCHEMA = {
    "context_length_exceeded": "no schema counts the tokens of a text",
    "unsupported_schema": "no schema says for which other schemas a value can be written",
    "content_policy_violation": "no schema says what moderation finds in a text",
}
"""Codes of refusals that a request can meet which its schema allows, and why."""
RELATIONS = (
    "min_tokens is",
    "The context is ",
    "The last message of a session's request is the user's.",
    "A session's turn has one answer",
    "two of the documents have the same id",
)
"""Beginnings of such refusals: of two fields one bounds the other, or a header says what the body may hold."""


@schemathesis.check
def accepts_what_the_document_allows(ctx: CheckContext, response: Response, case: Case) -> bool | None:
    """schemathesis' own `positive_data_acceptance`, but for refusals whose reason JSON Schema cannot express."""
    if "x-served-by" in response.headers:
        # A gateway lets pass what names a model; the refusal is that of the service behind it.
        return None
    if response.status_code == 400:
        error = json.loads(response.content).get("error", "")
        # Switch tells an error as a text, the others as an object.
        code, message = (error["code"], error["message"]) if isinstance(error, dict) else (None, error)
        if code in BEYOND_A_SCHEMA or message.startswith(RELATIONS):
            return None
    return positive_data_acceptance(ctx, response, case)
