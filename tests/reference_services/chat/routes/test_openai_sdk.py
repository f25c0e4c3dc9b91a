"""OpenAI's own client against each service and through the gateway, over the wire."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Literal

import openai
import pytest
from pydantic import BaseModel, Field

from signoff.reference_services.chat.settings.services import SERVICES
from tests.reference_services.gateway_process import Gateway, configuration
from tests.reference_services.running import HOST, Running, free_ports, start_service

KEY = "sk-sdk-5512-alder"
HELLO = [{"role": "user", "content": "Tell me about rivers."}]


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], Running]]:
    """The four services and a gateway before them: each service by its name, directly and through the gateway."""
    started = {}
    for name, config in SERVICES.items():
        started[name] = start_service(service=name, variables={config.preset.prefix + "API_KEYS": KEY})
        started[name].name = name
    entries = {name: {"models": [name], "replicas": [each.url]} for name, each in started.items()}
    front = Gateway(tmp_path_factory.mktemp("gateway") / "gateway.yaml", {**configuration(), "services": entries})
    direct = {(name, "direct"): each for name, each in started.items()}
    yield direct | {(name, "gateway"): replace(each, url=front.url) for name, each in started.items()}
    codes = [front.stop(), *(each.stop() for each in started.values())]
    assert codes == [0] * 5


@pytest.fixture(params=[(name, way) for name in SERVICES for way in ("direct", "gateway")], ids="-".join)
def served(request: pytest.FixtureRequest, estate: dict[tuple[str, str], Running]) -> Running:
    return estate[request.param]


@pytest.fixture
def client(served: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=served.url + "/v1", api_key=KEY, max_retries=0, timeout=60) as each:
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
        async with asynchronous(served) as client:
            return await asyncio.gather(*(one(client, number) for number in range(100, 124)))

    assert asyncio.run(all_of_them()) == [True] * 24


@asynccontextmanager
async def asynchronous(served: Running) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=served.url + "/v1", api_key=KEY, max_retries=0, timeout=60) as client:
        yield client


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


def test_the_asynchronous_client_gets_structured_output_several_answers_and_log_probabilities(served: Running) -> None:
    async def ask() -> None:
        async with asynchronous(served) as client:
            parsed = await client.chat.completions.parse(model=served.name, messages=HELLO, response_format=Plan)
            assert isinstance(parsed.choices[0].message.parsed, Plan)
            async with client.chat.completions.stream(
                model=served.name, messages=HELLO, response_format=Plan, stream_options={"include_usage": True}
            ) as stream:
                final = await stream.get_final_completion()
            assert final.choices[0].message.parsed == parsed.choices[0].message.parsed
            assert final.usage == parsed.usage
            several = await client.chat.completions.create(
                model=served.name, messages=HELLO, n=3, max_tokens=5, logprobs=True, stop=["\u0000"]
            )
            assert [len(choice.logprobs.content) for choice in several.choices] == [5, 5, 5]
            with pytest.raises(openai.BadRequestError):
                await client.chat.completions.create(model=served.name, messages=[])

    asyncio.run(ask())


def test_a_seed_gives_the_same_draw_again_and_another_seed_another(client: openai.OpenAI, served: Running) -> None:
    asked = {"model": served.name, "messages": HELLO, "max_tokens": 30, "temperature": 1.2}
    texts = [
        client.chat.completions.create(**asked, seed=seed).choices[0].message.content for seed in (7, 7, 2**40, -3)
    ]
    assert (texts[0], len(set(texts))) == (texts[1], 3)


def test_texts_are_completed_whole_and_streamed_with_their_usage(client: openai.OpenAI, served: Running) -> None:
    asked = {"model": served.name, "prompt": "The river", "max_tokens": 20, "temperature": 0, "n": 2}
    whole = client.completions.create(**asked)
    chunks = list(client.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    streamed = ["".join(c.text for chunk in chunks for c in chunk.choices if c.index == index) for index in (0, 1)]
    assert streamed == [choice.text for choice in whole.choices]
    assert chunks[-1].usage == whole.usage


def test_embeddings_are_vectors_in_both_encodings(client: openai.OpenAI, served: Running) -> None:
    texts = ["The ferry is orange.", "An orange ferry.", "Seven kettles"]
    made = client.embeddings.create(model=served.name, input=texts)
    floats = client.embeddings.create(model=served.name, input=texts, encoding_format="float", dimensions=16)
    assert [each.index for each in made.data] == [0, 1, 2]
    assert {len(each.embedding) for each in floats.data} == {16}
    first, second, third = ([float(value) for value in each.embedding] for each in made.data)

    def likeness(one: list[float], other: list[float]) -> float:
        return sum(map(float.__mul__, one, other))

    assert likeness(first, second) > likeness(first, third)
    with pytest.raises(openai.BadRequestError):
        client.embeddings.create(model=served.name, input=texts, dimensions=10**6)


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
        stranger.chat.completions.create(model=served.name, messages=HELLO)


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


ERRORS: dict[str, tuple[type[openai.APIError], Callable[[Any], Any]]] = {
    "wrong type": (openai.BadRequestError, lambda ask: ask(messages="Hello")),
    "wrong value": (openai.BadRequestError, lambda ask: ask(temperature=3)),
    "unknown field": (openai.BadRequestError, lambda ask: ask(extra_body={"wheels": 4})),
    "unknown model": (openai.NotFoundError, lambda ask: ask(model="gpt-none")),
    "body too long": (openai.APIStatusError, lambda ask: ask(messages=[{"role": "user", "content": "a" * 9_000_000}])),
}


@pytest.mark.parametrize("mistake", ERRORS)
def test_a_mistake_is_one_exception_with_message_type_and_code(
    client: openai.OpenAI, served: Running, mistake: str
) -> None:
    kind, make = ERRORS[mistake]
    with pytest.raises(kind) as caught:
        make(lambda **fields: client.chat.completions.create(**{"model": served.name, "messages": HELLO, **fields}))
    error = caught.value
    assert isinstance(error, openai.APIStatusError)
    assert set(error.body) == {"message", "type", "param", "code"}
    assert error.type == "invalid_request_error"
    assert error.code
    assert error.status_code == (413 if mistake == "body too long" else 404 if "model" in mistake else 400)


def test_too_fast_too_slow_and_not_there_are_exceptions_of_their_own(start) -> None:
    def asks(url: str, **options: Any) -> None:
        with openai.OpenAI(base_url=url + "/v1", api_key="unused", max_retries=0, **options) as client:
            client.chat.completions.create(model="phi-3-mini", messages=HELLO, max_tokens=50)

    limited = start(service="phi-3-mini", variables={"PHI_3_MINI_RATE_LIMIT": "1/minute"})
    asks(limited.url)
    with pytest.raises(openai.RateLimitError) as fast:
        asks(limited.url)
    assert fast.value.code == "rate_limit_exceeded"
    assert int(fast.value.response.headers["retry-after"]) >= 1
    slow = start(service="phi-3-mini", pace=(60_000, 0))
    with pytest.raises(openai.APITimeoutError):
        asks(slow.url, timeout=0.2)
    with pytest.raises(openai.APIConnectionError):
        asks(f"http://{HOST}:{free_ports()[0]}")


def test_a_service_that_is_away_is_an_internal_server_error_of_the_gateway(gateway: Callable[..., Any]) -> None:
    front = gateway({**configuration(f"http://{HOST}:{free_ports()[0]}")})
    with (
        openai.OpenAI(base_url=front.url + "/v1", api_key="unused", max_retries=0) as client,
        pytest.raises(openai.InternalServerError) as away,
    ):
        client.chat.completions.create(model="tin-1", messages=HELLO)
    assert away.value.status_code == 503
    assert away.value.response.headers["retry-after"]
