"""A body of status 200 that tells an error is no answer, also where it holds choices with a text beside it."""

from __future__ import annotations

import json

import pytest

from signoff.acceptance.measuring import generation
from signoff.coherence.sender import Page, _reply
from signoff.perf.client.completion import read_whole

CHOICE = {
    "index": 0,
    "message": {"role": "assistant", "content": "Hello."},
    "text": "Hello.",
    "finish_reason": "stop",
}
SOUND = {"status": "healthy", "choices": [CHOICE], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
BODIES = [{**SOUND, "error": {"message": "overloaded", "code": 503}}, {**SOUND, "object": "error"}]


@pytest.mark.parametrize("body", BODIES)
def test_a_completion_with_an_error_is_none(body: dict[str, object]) -> None:
    text = json.dumps(body)
    assert read_whole(text.encode()).outcome == "malformed"
    assert "with an error" in _reply(Page(text, 200, 1.0)).error
    record = {"status": 200, "error": "", "json": body}
    assert generation.unanswered(record) == "200 without a generated text"
    assert generation.completion_text(record) is None


def test_a_completion_without_one_is_read_as_before() -> None:
    text = json.dumps({**SOUND, "error": None})
    assert read_whole(text.encode()).outcome == "ok"
    assert _reply(Page(text, 200, 1.0)).error == ""
