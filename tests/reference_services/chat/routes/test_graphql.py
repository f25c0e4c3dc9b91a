"""GraphQL over the wire: what HTTP shows, by query; errors in GraphQL's shape; limits on what one query may hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reference_services.running import Running
from tests.reference_services.web.test_security import FIRST, SECOND, bearer

COMPLETE = """
mutation Ask($messages: [MessageInput!]!, $most: Int, $session: String) {
  complete(messages: $messages, maxTokens: $most, temperature: 0, session: $session) {
    id model content finishReason usage { promptTokens completionTokens totalTokens } documents { id score text }
  }
}
"""


def query(running: Running, text: str, variables: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    answer = running.client.post("/graphql", json={"query": text, "variables": variables}, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def complete(running: Running, text: str, role: str = "user", **more: Any) -> dict[str, Any]:
    headers = more.pop("headers", {})
    variables = {"messages": [{"role": role, "content": text}], "most": 40, **more}
    return query(running, COMPLETE, variables, headers=headers)


def test_queries_show_what_the_routes_show(hermes: Running) -> None:
    found = query(hermes, "{ version models { id root maxModelLen } health { status state engine contextLength } }")
    assert "errors" not in found
    assert found["data"]["version"] == hermes.get("/version")["version"]
    assert [model["id"] for model in found["data"]["models"]] == [
        model["id"] for model in hermes.get("/v1/models")["data"]
    ]
    assert found["data"]["health"] == {
        "status": "healthy",
        "state": "ready",
        "engine": "simulated",
        "contextLength": 8192,
    }


def test_a_completion_is_that_of_http_and_its_turn_is_in_the_session(hermes: Running) -> None:
    text = "The boat is red. What colour is the boat?"
    found = complete(hermes, text, session="graph-1")["data"]["complete"]
    assert found["content"] == hermes.say(text) == "The boat is red."
    assert found["finishReason"] == "stop"
    assert found["usage"]["totalTokens"] == found["usage"]["promptTokens"] + found["usage"]["completionTokens"]
    assert found["documents"] is None
    shown = query(hermes, '{ session(id: "graph-1") { id turnCount turns { role content } } }')["data"]["session"]
    assert shown["turnCount"] == 1
    assert [turn["content"] for turn in shown["turns"]] == [text, "The boat is red."]
    assert query(hermes, '{ session(id: "nobody") { id } }') == {"data": {"session": None}}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"role": "wizard"}, "invalid_value"),
        ({"most": 0}, "invalid_value"),
        ({"most": 9000}, "context_length_exceeded"),
        ({"session": "not a name"}, "invalid_session_id"),
    ],
)
def test_what_http_refuses_is_an_error_with_its_code_and_no_data(
    hermes: Running, changed: dict[str, Any], code: str
) -> None:
    found = complete(hermes, "Hello", **changed)
    assert found["data"] is None
    (error,) = found["errors"]
    assert (error["extensions"]["code"], error["path"]) == (code, ["complete"])
    assert error["message"]


@pytest.mark.parametrize(
    "text",
    [
        "{ nope }",
        "{ version",
        "mutation { complete { id } }",
        "{ " + " ".join(f"a{number}: version" for number in range(11)) + " }",
        "{ " + "health { status } " * 700 + "}",
        "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
    ],
)
def test_a_query_that_is_wrong_or_too_large_is_told_and_not_run(hermes: Running, text: str) -> None:
    found = query(hermes, text)
    assert found.get("data") is None
    assert all(error["message"] for error in found["errors"])
    typed = hermes.client.post(
        "/graphql", json={"query": text}, headers={"Accept": "application/graphql-response+json"}
    )
    assert typed.status_code == 400


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"query": 7}', b"{}", b'{"query": "{version}", "variables": []}'])
def test_a_body_that_is_no_request_is_a_400_in_graphqls_shape(hermes: Running, content: bytes) -> None:
    answer = hermes.client.post("/graphql", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, list(answer.json())) == (400, ["errors"])
    assert answer.json()["errors"][0]["message"]


def test_keys_apply_and_part_the_sessions_and_each_completion_counts_for_the_rate(start) -> None:
    variables = {"HERMES_2_API_KEYS": f"{FIRST},{SECOND}", "HERMES_2_RATE_LIMIT": "6/hour"}
    hermes = start("--retrieval=embedded", variables=variables)
    assert hermes.client.post("/graphql", json={"query": "{ version }"}).status_code == 401
    document = {"id": "safe", "text": "The safe holds 771 coins."}
    assert hermes.client.post("/documents", json=document, headers=bearer(FIRST)).status_code == 201
    asked = "How many coins does the safe hold?"
    mine = complete(hermes, asked, session="mine", headers=bearer(FIRST))["data"]["complete"]
    theirs = complete(hermes, asked, headers=bearer(SECOND))["data"]["complete"]
    assert (mine["content"], mine["documents"][0]["id"]) == ("The safe holds 771 coins.", "safe")
    assert ("771" in theirs["content"], theirs["documents"]) == (False, [])
    own = '{ session(id: "mine") { turnCount } }'
    assert query(hermes, own, headers=bearer(SECOND)) == {"data": {"session": None}}
    assert query(hermes, own, headers=bearer(FIRST)) == {"data": {"session": {"turnCount": 1}}}
    # Three requests are counted; the five completions of this one are too much together.
    many = " ".join(
        f'a{number}: complete(messages: [{{role: "user", content: "Hello"}}], maxTokens: 1) {{ id }}'
        for number in range(5)
    )
    found = query(hermes, f"mutation {{ {many} }}", headers=bearer(FIRST))
    assert {error["extensions"]["code"] for error in found["errors"]} == {"rate_limit_exceeded"}
