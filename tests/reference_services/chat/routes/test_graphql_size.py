"""Queries that grow when their fragments are put in, or are deep, wide or long: counted without putting anything in."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from graphql import GraphQLError, get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from signoff.reference_services.chat.routes.graphql_size import MOST_FIELDS, check
from tests.reference_services.running import Running, start_service
from tests.reference_services.web.service_watch import MB, watched

LONGEST_S = 8.0
"""Hundredths of a second where nothing else runs; it was 50 s and more."""


def chain(length: int, width: int, inner: str = "version", spread: str = "{...f0}") -> str:
    """Fragments that each spread the next one so many times: `width ** length` fields."""
    parts = [f"fragment f{each} on Query{{{f'...f{each + 1} ' * width}}}" for each in range(length)]
    return spread + "".join(parts) + f"fragment f{length} on Query{{{inner}}}"


BOMBS: dict[str, str] = {
    "fragments": chain(24, 2),
    "many spreads": chain(4, 80),
    "a chain in no operation": chain(24, 2, spread="{version}"),
    "aliases in fragments": chain(14, 2, "a:version"),
    "a fragment within itself": "{...a} fragment a on Query{...b} fragment b on Query{version ...a}",
    "one field again and again": "{" + "version " * 1900 + "}",
    "fields within fields": "{" + "health{status} " * 390 + "}",
    "fields within fields of no operation": "{version} fragment a on Query{" + "health{status} " * 390 + "}",
    "inline fragments": "{" + "...{version} " * 450 + "}",
    "aliases": "{" + " ".join(f"a{number}:version" for number in range(600)) + "}",
    "introspection of introspection": "{__schema" + "{types{fields{type" * 8 + "{name" + "}" * 26,
    "introspection under aliases": "{"
    + " ".join(f"a{number}:__schema{{types{{fields{{args{{name}}}}}}}}" for number in range(11))
    + "}",
    "lists within lists": "{session(id:" + "[" * 900 + "]" * 900 + "){id}}",
    "types within types": "query($a:" + "[" * 900 + "Int" + "]" * 900 + "){version}",
    "fields too deep": "{models" * 300 + "}" * 300,
    "inline fragments too deep": "{..." * 490 + "{version}" + "}" * 490,
    "directives": "{version " + "@include(if:true)" * 300 + "}",
    "directives that are none": "{version " + "@a" * 900 + "}",
    "variables": "query(" + "".join(f"$a{number}:Int " for number in range(480)) + "){version}",
    "a fragment that is not there": "{...nope}",
}


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    running = start_service()
    yield running
    assert running.stop() == 0


@pytest.mark.parametrize("name", BOMBS)
def test_it_is_refused_at_once_while_others_are_answered(service: Running, name: str) -> None:
    with watched(service.url, service.process.pid) as cost:
        answer = service.client.post("/graphql", json={"query": BOMBS[name]}, timeout=60)
    found = answer.json()
    assert answer.status_code == 200
    assert found.get("data") is None
    assert all(error["message"] for error in found["errors"])
    assert (cost.longest_s < LONGEST_S, cost.grown_bytes < 100 * MB) == (True, True), cost


def test_nothing_of_it_is_an_error_of_the_service(service: Running) -> None:
    assert service.metrics()['hermes_2_errors_total{"kind": "error"}'] == 0


def test_the_query_that_tools_ask_for_a_schema_with_is_answered(service: Running) -> None:
    options = {"specified_by_url": True, "directive_is_repeatable": True, "schema_description": True}
    text = get_introspection_query(**options, input_value_deprecation=True)
    found = service.client.post("/graphql", json={"query": text}).json()
    assert "errors" not in found
    assert "Query" in json.dumps(found["data"])


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, int]:
    """A document whose fragments only spread later ones, with the number of its fields once they are put in."""
    count = draw(st.integers(0, 6))
    sizes: list[int] = []
    texts: list[str] = []
    for number in reversed(range(count)):
        later = draw(st.lists(st.integers(number + 1, count - 1), max_size=4)) if number < count - 1 else []
        own = draw(st.integers(1, 5))
        texts.append(f"fragment f{number} on Query{{{'version ' * own}{''.join(f'...f{each} ' for each in later)}}}")
        sizes.insert(0, own + sum(1 + sizes[each - number - 1] for each in later))
    spread = draw(st.lists(st.integers(0, count - 1), max_size=4)) if count else []
    total = 1 + sum(1 + sizes[each] for each in spread)
    return "{version " + "".join(f"...f{each} " for each in spread) + "}" + "".join(texts), total


@given(document=documents())
def test_it_counts_what_putting_the_fragments_in_would_come_to(document: tuple[str, int]) -> None:
    text, fields = document
    try:
        check(parse(text))
    except GraphQLError:
        return
    assert fields <= MOST_FIELDS


def test_the_limit_itself_is_let_through_and_one_more_is_not() -> None:
    half = "fragment a on Query{" + "version " * (MOST_FIELDS // 2 - 1) + "}"
    check(parse("{...a ...a}" + half))
    with pytest.raises(GraphQLError, match=f"more than {MOST_FIELDS} fields"):
        check(parse("{version ...a ...a}" + half))
