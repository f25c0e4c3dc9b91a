"""What a server that nobody wrapped tells: its engine by its models' owner, a lost history by its prompt tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.running import engine
from tests.acceptance.conftest import Answer, as_json, criterion

Serve = Callable[..., str]
SiteAt = Callable[..., Site]


def plain(pages: dict[str, Any]) -> Answer:
    def answer(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        return as_json(pages[path]) if path in pages else as_json({"detail": "Not Found"}, 404)

    return answer


def owned_by(owner: str) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": owner}]}


@pytest.mark.parametrize(
    ("pages", "named"),
    [
        ({"/version": {"version": "0.32.0"}, "/v1/models": owned_by("vllm")}, {"name": "vllm", "version": "0.32.0"}),
        ({"/v1/models": owned_by("llamacpp")}, {"name": "llama.cpp", "version": ""}),
        ({"/version": {"version": "7"}, "/v1/models": owned_by("me")}, {"name": "unnamed", "version": "7"}),
        ({"/version": {"version": "7"}, "/v1/models": {"data": ["m"]}}, {"name": "unnamed", "version": "7"}),
        ({"/config": {"engine": "simulated"}, "/v1/models": owned_by("vllm")}, {"name": "simulated", "version": ""}),
    ],
)
def test_a_plain_server_is_named_by_the_owner_of_its_models(
    serve: Serve, site_at: SiteAt, pages: dict[str, Any], named: dict[str, str]
) -> None:
    assert engine.of(site_at(serve(plain(pages)))) == named


@pytest.mark.parametrize(
    ("keeps", "counts", "hint"),
    [
        (True, True, "the history was in the prompt (30 tokens, 10 without a session)"),
        (False, True, "the history was not in the prompt (10 tokens, 10 in a fresh session)"),
        (True, False, "was the history lost, or did the model not use it?"),
    ],
)
def test_a_session_that_recalls_nothing_says_whether_its_history_was_lost_or_not_used(
    serve_sessions: Serve, site_at: SiteAt, keeps: bool, counts: bool, hint: str
) -> None:
    turns: dict[str, int] = {}

    def forgetful(method: str, path: str, body: bytes, session: str) -> tuple[int, str, bytes]:
        if method != "POST":
            return as_json({}, 404)
        assert json.loads(body)["messages"]
        turns[session] = turns.get(session, 0) + 1
        tokens = 10 + 20 * (turns[session] > 1 and bool(session) and keeps)
        usage = {"usage": {"prompt_tokens": tokens}} if counts else {}
        return as_json({"choices": [{"message": {"role": "assistant", "content": "I do not know."}}], **usage})

    site, asked = site_at(serve_sessions(forgetful)), criterion("session_recall")
    check = CHECKS["session_recall"]
    found = check.judge(asked, check.measure(asked, site))
    assert found.outcome == "fail"
    assert hint in found.hint, found
