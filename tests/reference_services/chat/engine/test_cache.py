"""The response cache: off by default, says what it did, and keeps only what is fixed by its request."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from signoff.reference_services.chat.engine.cache import ResponseCache
from signoff.reference_services.chat.engine.engine import Ask, Step
from signoff.reference_services.chat.prompt.prompt import Prompt
from tests.reference_services.running import Running


def ask(text: str, temperature: float = 0) -> Ask:
    return Ask(Prompt(text=text), 4, temperature=temperature)


def test_the_longest_unused_goes_first_and_nothing_is_older_than_its_time() -> None:
    now = [0.0]
    cache = ResponseCache(2, 10, lambda: now[0])
    steps = (Step("x", "stop"),)
    for text in "ab":
        cache.keep("", ask(text), steps)
    assert cache.find("", ask("a")) == ("hit", steps)
    cache.keep("", ask("c"), steps)
    assert [cache.find("", ask(text))[0] for text in "abc"] == ["hit", "miss", "hit"]
    assert cache.find("another", ask("a"))[0] == "miss"
    now[0] = 10.5
    assert [cache.find("", ask(text))[0] for text in "ac"] == ["miss", "miss"]
    cache.keep("", ask("d", temperature=1), steps)
    assert cache.find("", ask("d", temperature=1)) == ("bypass", ())


def cache_marks(answer: httpx.Response) -> tuple[str | None, Any]:
    return answer.headers.get("x-cache"), answer.json().get("cached")


def test_an_answer_that_comes_again_is_kept_and_says_so(start) -> None:
    hermes: Running = start(variables={"HERMES_2_RESPONSE_CACHE_SIZE": "8"})
    first, again = (hermes.chat("Tell me about gates.") for _ in range(2))
    assert [cache_marks(answer) for answer in (first, again)] == [("miss", False), ("hit", True)]
    assert first.json()["choices"] == again.json()["choices"]
    assert first.json()["usage"] == again.json()["usage"]
    streamed = hermes.chat("Tell me about gates.", stream=True)
    assert streamed.headers["x-cache"] == "hit"
    assert b'"cached":true' in streamed.content
    assert cache_marks(hermes.chat("Tell me about gates.", max_tokens=5)) == ("miss", False)
    assert cache_marks(hermes.chat("Tell me about gates.", temperature=1)) == ("bypass", False)
    assert cache_marks(hermes.chat("Tell me about gates.", temperature=1, seed=3)) == ("miss", False)
    seen = hermes.metrics()
    counted = {result: seen[f'hermes_2_response_cache_total{{"result": "{result}"}}'] for result in ("hit", "miss")}
    assert counted == {"hit": 2, "miss": 3}


def test_a_session_takes_its_turn_also_where_the_answer_was_kept(start) -> None:
    hermes: Running = start(variables={"HERMES_2_RESPONSE_CACHE_SIZE": "8"})
    for session in ("one", "two"):
        hermes.say("The gate is made of iron.", session)
    assert hermes.chat("The gate is made of iron.", "three").headers["x-cache"] == "hit"
    assert [hermes.get(f"/sessions/{name}")["turn_count"] for name in ("one", "two", "three")] == [1, 1, 1]
    assert "iron" in hermes.say("What is the gate made of?", "three")


@pytest.mark.parametrize("fields", [{}, {"seed": 4}])
def test_by_default_nothing_is_kept_and_nothing_is_said(hermes: Running, fields: dict[str, int]) -> None:
    assert [cache_marks(hermes.chat("Same again.", **fields)) for _ in range(2)] == [(None, None)] * 2
    assert hermes.metrics()['hermes_2_response_cache_total{"result": "hit"}'] == 0
