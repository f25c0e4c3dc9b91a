"""Tests of a model service without HTTP: description, generation, memory."""

from __future__ import annotations

import asyncio

import pytest

from signoff.reference_services.chat.api.service import ModelService
from signoff.reference_services.chat.engine.engine import Ask, Step
from signoff.reference_services.chat.prompt.prompt import Message, Prompt
from signoff.reference_services.chat.serving.orchestrator import ConversationOrchestrator
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.service_tests.named_service import NamedService
from signoff.reference_services.web.settings.settings_problems import SettingsError

PROMPT = Prompt((Message("user", "Name three rivers."),))
MAX_TOKENS = 12


@pytest.fixture
def config(service: NamedService) -> ChatSettings:
    """The service's settings, with an engine that takes no time."""
    return service.settings(time_to_first_token_ms=0, time_per_token_ms=0)


@pytest.fixture
def loaded(config: ChatSettings) -> ModelService:
    """The service, loaded."""
    found = ModelService(config)
    found.load()
    return found


def generated(service: ModelService, seed: int) -> list[Step]:
    """What it generates, step by step."""

    async def steps() -> list[Step]:
        asked = Ask(PROMPT, MAX_TOKENS, temperature=0, seed=seed)
        return [step async for step in service.engine.generate(asked)]

    return asyncio.run(steps())


def test_it_loads_and_tells_what_it_serves(loaded: ModelService, config: ChatSettings) -> None:
    info = loaded.get_model_info()
    assert info["loaded"] is True
    assert (info["name"], info["model"]) == (config.name, config.model_name)
    assert info["context_length"] == config.max_model_len


def test_its_health_is_told_with_its_parts(loaded: ModelService, config: ChatSettings) -> None:
    health = loaded.get_health_status()
    assert (health["status"], health["service"]) == ("healthy", config.name)
    assert health["checks"]


def test_the_same_request_is_answered_the_same(loaded: ModelService) -> None:
    first = generated(loaded, seed=7)
    assert first
    assert generated(loaded, seed=7) == first


def test_an_answer_is_no_longer_than_was_asked_for(loaded: ModelService) -> None:
    steps = generated(loaded, seed=1)
    assert 0 < sum(step.tokens for step in steps) <= MAX_TOKENS
    assert [step.finish_reason for step in steps[:-1]] == [None] * (len(steps) - 1)
    assert steps[-1].finish_reason in ("stop", "length")


def test_a_prompt_counts_as_many_tokens_as_it_has(loaded: ModelService) -> None:
    assert loaded.engine.count(PROMPT) == len(loaded.engine.encode(PROMPT))


def test_a_conversation_is_remembered_in_its_session_and_in_no_other(config: ChatSettings) -> None:
    talk = ConversationOrchestrator(config, ModelService(config))
    session = talk.start()
    talk.say(session, "The lantern hangs in the third window.")
    assert "third" in talk.say(session, "Where does the lantern hang?")
    assert "third" not in talk.say(talk.start(), "Where does the lantern hang?")
    talk.close()


def test_wrong_settings_are_refused_with_their_names(service: NamedService) -> None:
    with pytest.raises(SettingsError, match="memory_gb = -1"):
        service.settings(memory_gb=-1)
    with pytest.raises(SettingsError, match="context_window_size"):
        service.settings(context_window_size=10_000_000)
