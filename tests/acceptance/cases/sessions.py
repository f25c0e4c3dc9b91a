"""The failing cases of sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.acceptance.cases.api import behaves, chats
from tests.acceptance.cases.case import Case
from tests.acceptance.cases.servers.chat import Attentive, Chat


def _has_long_talks(chat: Chat, remembers: bool) -> None:
    chat.window, chat.remembers = None, remembers


def _remembers(chat: Chat, does: bool) -> None:
    chat.remembers = does


def _leaks(chat: Chat, does: bool) -> None:
    chat.leaks = does


def _shows(chat: Chat, does: bool) -> None:
    chat.shows_sessions = does


CASES: Mapping[str, Case[Any]] = {
    "session_recall": Case(chats("session_recall", _remembers), sound=True, broken=False),
    "session_isolation": Case(chats("session_isolation", _leaks), sound=False, broken=True),
    "session_record": Case(chats("session_record", _shows), sound=True, broken=False),
    "session_metrics": Case(chats("session_metrics", _shows), sound=True, broken=False),
    "coherence": Case(chats("coherence", _has_long_talks, Attentive), sound=True, broken=False),
    "context_truncation": behaves("context_truncation", "forgets when full"),
}
