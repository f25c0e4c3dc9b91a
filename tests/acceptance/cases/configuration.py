"""The failing cases of configuration in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.acceptance.cases.api import chats
from tests.acceptance.cases.case import Case
from tests.acceptance.cases.servers.chat import Chat


def _reports(name: str) -> Any:
    def change(chat: Chat, value: int) -> None:
        chat.config[name] = value

    return change


CASES: Mapping[str, Case[Any]] = {
    "config_value": Case(chats("config_value", _reports("port")), sound=11401, broken=11400),
    "engine_settings": Case(chats("engine_settings", _reports("max_model_len")), sound=8192, broken=4096),
}
