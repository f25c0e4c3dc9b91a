"""Embeddings as OpenAI's client asks for them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from tests.reference_services.running import Running


@pytest.fixture
def client(hermes: Running) -> OpenAI:
    return OpenAI(base_url=f"{hermes.url}/v1", api_key="none", max_retries=0)


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_vectors_have_length_one_and_say_what_is_alike(client: OpenAI) -> None:
    texts = ["The pump is restarted with the lever.", "How is the pump restarted?", "Bread is baked at night."]
    found = client.embeddings.create(model="signoff-hashed-1", input=texts)
    vectors = [each.embedding for each in found.data]
    assert [each.index for each in found.data] == [0, 1, 2]
    assert all(len(vector) == 512 and math.isclose(math.hypot(*vector), 1, rel_tol=1e-5) for vector in vectors)
    assert cosine(vectors[0], vectors[1]) > 2 * abs(cosine(vectors[0], vectors[2]))
    assert found.usage.prompt_tokens == found.usage.total_tokens == 22
    assert (found.object, found.model) == ("list", "signoff-hashed-1")


def test_floats_and_base64_hold_the_same_vector_and_one_text_needs_no_list(client: OpenAI) -> None:
    # The client asks for base64 where nothing is said, and unpacks it.
    packed = client.embeddings.create(model="hermes-2", input="A red boat.").data[0].embedding
    plain = client.embeddings.create(model="hermes-2", input="A red boat.", encoding_format="float").data[0].embedding
    assert packed == pytest.approx(plain, abs=1e-7)
    assert len(client.embeddings.create(model="hermes-2", input=["A red boat."], dimensions=64).data[0].embedding) == 64


@pytest.mark.parametrize(
    "fields",
    [
        {"input": ""},
        {"input": []},
        {"input": ["x", ""]},
        {"input": [1, 2, 3]},
        {"input": ["x"] * 2049},
        {"input": "word " * 8300},
        {"input": "x", "dimensions": 513},
        {"input": "x", "dimensions": 0},
        {"input": "x", "encoding_format": "int8"},
    ],
)
def test_a_wrong_request_is_a_400(client: OpenAI, fields: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        client.embeddings.create(model="hermes-2", **fields)


def test_another_model_is_a_404(client: OpenAI) -> None:
    with pytest.raises(NotFoundError):
        client.embeddings.create(model="text-embedding-3-small", input="x")
