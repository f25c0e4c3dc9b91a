"""OpenAI's own client against each service, over the wire."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator
from typing import Literal

import openai
import pytest
from pydantic import BaseModel, Field

from reference_services.chat.settings import SERVICES
from tests.reference_services.conftest import Running, start_service

KEY = "sk-sdk-5512-alder"
HELLO = [{"role": "user", "content": "Tell me about rivers."}]


@pytest.fixture(scope="module", params=SERVICES)
def served(request: pytest.FixtureRequest) -> Iterator[Running]:
    prefix = SERVICES[request.param].preset.prefix
    running = start_service(service=request.param, variables={prefix + "API_KEYS": KEY})
    running.name = request.param
    yield running
    assert running.stop() == 0


@pytest.fixture
def client(served: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=served.url + "/v1", api_key=KEY, max_retries=0) as each:
        yield each


def test_models_chat_and_text_completions(client: openai.OpenAI, served: Running) -> None:
    assert served.name in [model.id for model in client.models.list()]
    assert client.models.retrieve(served.name).id == served.name
    chat = client.chat.completions.create(model=served.name, messages=HELLO, max_tokens=12, temperature=0.5, seed=4)
    assert (chat.model, chat.choices[0].message.role, chat.usage.completion_tokens) == (served.name, "assistant", 12)
    assert chat.choices[0].finish_reason == "length"
    text = client.completions.create(model=served.name, prompt="Once upon a time", max_tokens=5)
    assert (text.object, text.choices[0].finish_reason) == ("text_completion", "length")


def test_a_stream_holds_the_answer_its_usage_and_its_end(client: openai.OpenAI, served: Running) -> None:
    asked = {"model": served.name, "messages": HELLO, "max_tokens": 30, "temperature": 0}
    whole = client.chat.completions.create(**asked)
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == whole.choices[0].finish_reason


def test_the_asynchronous_client_streams_many_at_once_without_mixing_them(served: Running) -> None:
    async def one(client: openai.AsyncOpenAI, number: int) -> bool:
        said = [{"role": "user", "content": f"The drawer holds {number} pens. How many pens does the drawer hold?"}]
        stream = await client.chat.completions.create(
            model=served.name, messages=said, stream=True, temperature=0, max_tokens=20
        )
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        return f"holds {number} pens" in text

    async def all_of_them() -> list[bool]:
        async with openai.AsyncOpenAI(base_url=served.url + "/v1", api_key=KEY, max_retries=0) as client:
            return await asyncio.gather(*(one(client, number) for number in range(100, 124)))

    assert asyncio.run(all_of_them()) == [True] * 24


class Step(BaseModel):
    explanation: str
    minutes: int = Field(ge=1, le=60)


class Plan(BaseModel):
    title: str
    kind: Literal["short", "long"]
    steps: list[Step]
    note: str | None
    done: bool


def test_structured_output_is_the_class_that_was_asked_for(client: openai.OpenAI, served: Running) -> None:
    answer = client.chat.completions.parse(model=served.name, messages=HELLO, response_format=Plan)
    plan = answer.choices[0].message.parsed
    assert isinstance(plan, Plan)
    assert plan.steps
    assert answer.choices[0].finish_reason == "stop"
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(model=served.name, messages=HELLO, response_format=Plan, max_tokens=4)
    with client.chat.completions.stream(model=served.name, messages=HELLO, response_format=Plan) as stream:
        streamed = stream.get_final_completion().choices[0].message.parsed
    assert streamed == plan


def test_several_answers_are_several_and_each_is_numbered(client: openai.OpenAI, served: Running) -> None:
    asked = {"model": served.name, "messages": HELLO, "max_tokens": 15, "temperature": 0.8, "seed": 9, "n": 4}
    whole = client.chat.completions.create(**asked)
    texts = [choice.message.content for choice in whole.choices]
    assert [choice.index for choice in whole.choices] == [0, 1, 2, 3]
    assert len(set(texts)) == 4
    assert whole.usage.completion_tokens == 60
    streamed = [""] * 4
    ends = []
    for chunk in client.chat.completions.create(**asked, stream=True):
        (choice,) = chunk.choices
        streamed[choice.index] += choice.delta.content or ""
        ends += [choice.index] if choice.finish_reason else []
    assert streamed == texts
    assert sorted(ends) == [0, 1, 2, 3]
    greedy = client.chat.completions.create(**{**asked, "temperature": 0})
    assert len({choice.message.content for choice in greedy.choices}) == 1


def test_log_probabilities_are_those_of_the_tokens_that_came(client: openai.OpenAI, served: Running) -> None:
    asked = {"model": served.name, "messages": HELLO, "max_tokens": 9, "logprobs": True, "top_logprobs": 3}
    choice = client.chat.completions.create(**asked).choices[0]
    tokens = choice.logprobs.content
    assert "".join(token.token for token in tokens) == choice.message.content
    for token in tokens:
        assert bytes(token.bytes).decode() == token.token
        values = [other.logprob for other in token.top_logprobs]
        assert values == sorted(values, reverse=True)
        assert (token.top_logprobs[0].token, values[0]) == (token.token, token.logprob)
        assert sum(map(math.exp, values)) <= 1
        assert len({other.token for other in token.top_logprobs}) == 3
    streamed = [
        token
        for chunk in client.chat.completions.create(**asked, stream=True)
        if chunk.choices[0].logprobs
        for token in chunk.choices[0].logprobs.content
    ]
    assert streamed == tokens
    text = client.completions.create(model=served.name, prompt="x", max_tokens=6, logprobs=2).choices[0]
    assert "".join(text.logprobs.tokens) == text.text
    places = zip(text.logprobs.text_offset, text.logprobs.tokens, strict=True)
    assert all(text.text[at:].startswith(token) for at, token in places)


def test_errors_are_the_exceptions_that_the_client_knows(client: openai.OpenAI, served: Running) -> None:
    length = SERVICES[served.name]().max_model_len
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-none", messages=HELLO)
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as long:
        client.chat.completions.create(model=served.name, messages=[{"role": "user", "content": "and " * length}])
    assert (long.value.code, str(length) in str(long.value)) == ("context_length_exceeded", True)
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "x"}}}
    with pytest.raises(openai.BadRequestError) as form:
        client.chat.completions.create(
            model=served.name,
            messages=HELLO,
            response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": schema}},
        )
    assert (form.value.param, form.value.code) == ("response_format", "unsupported_schema")
    with pytest.raises(openai.BadRequestError) as more:
        client.chat.completions.create(model=served.name, messages=HELLO, n=17)
    assert "1 to 16" in str(more.value)
    with (
        openai.OpenAI(base_url=served.url + "/v1", api_key="sk-other-000", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()


def test_any_object_is_json_and_a_stop_string_ends_an_answer(client: openai.OpenAI, served: Running) -> None:
    said = [{"role": "user", "content": "The kettle is made of copper. What is the kettle made of?"}]
    answer = client.chat.completions.create(
        model=served.name, messages=said, response_format={"type": "json_object"}, temperature=0
    )
    assert "copper" in json.loads(answer.choices[0].message.content)["answer"]
    free = client.chat.completions.create(model=served.name, messages=HELLO, temperature=0, max_tokens=40)
    text = free.choices[0].message.content
    stop = text[7:12]
    stopped = client.chat.completions.create(
        model=served.name, messages=HELLO, temperature=0, max_tokens=40, stop=[stop, "\u0000never"]
    )
    assert stopped.choices[0].message.content == text[: text.index(stop)]
    assert stopped.choices[0].finish_reason == "stop"


def test_the_client_waits_as_it_is_told_when_it_asks_too_fast(start) -> None:
    hermes = start(variables={"HERMES_2_RATE_LIMIT": "2/second"})
    with openai.OpenAI(base_url=hermes.url + "/v1", api_key="unused", max_retries=4) as client:
        for _ in range(5):
            client.chat.completions.create(model="hermes-2", messages=HELLO, max_tokens=1)
    assert hermes.metrics()['hermes_2_refused_total{"status": "429"}'] >= 1
