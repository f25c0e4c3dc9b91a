"""Given, When, Then, And are one demand: each Then is a sentence with its conditions in front."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.reading import Document

Read = Callable[[str], Document]

STEPS = """# Plover

## Requirements

### Scenario: an unknown model

- **Given** the service is up
- **When** I POST `/v1/chat/completions` with the model `plover-99`
- **Then** the status is 404
- **And** the body names the model

### Scenario: another

- **When** I GET `/health`
- **Then** the status is 200
"""
GHERKIN = """# Plover

```gherkin
Feature: answers
  Background:
    Given a key of team A
  Scenario: one
    When it asks twice
    Then the second answer is marked
  Scenario: two
    When it asks once
    Then the answer is not marked
```
"""


def texts(document: Document) -> list[tuple[int, str]]:
    return [(statement.line, statement.text) for statement in document.statements]


def test_each_then_stands_on_its_own_line_with_all_conditions_in_front(read: Read) -> None:
    conditions = "GIVEN the service is up, WHEN I POST /v1/chat/completions with the model plover-99"
    assert texts(read(STEPS)) == [
        (9, f"{conditions}, THEN the status is 404"),
        (10, f"{conditions}, THEN the body names the model"),
        (15, "WHEN I GET /health, THEN the status is 200"),
    ]


def test_the_steps_of_a_background_belong_to_each_scenario(read: Read) -> None:
    assert [text for _, text in texts(read(GHERKIN))] == [
        "GIVEN a key of team A, WHEN it asks twice, THEN the second answer is marked",
        "GIVEN a key of team A, WHEN it asks once, THEN the answer is not marked",
    ]


def test_a_bold_and_behind_then_in_one_line_is_a_demand_of_its_own(read: Read) -> None:
    line = "1. **Given** a valid key, **When** I GET `/health`, **Then** the status is 200 **And** the body says ok"
    found = [text for _, text in texts(read(f"# Plover\n\n## Scenarios\n\n{line}\n"))]
    begin = "Given a valid key, When I GET /health, Then the"
    assert found == [f"{begin} status is 200", f"{begin[:-4]} the body says ok"]


@pytest.mark.parametrize(
    "condition",
    ["the service is up", "all workers are running", "the model is loaded", "Plover is healthy", "a valid key"],
)
def test_what_holds_of_each_deployment_needs_nobody(read: Read, condition: str) -> None:
    line = f'1. **Given** {condition}, **When** I GET /health, **Then** status is "healthy"'
    (found,) = read(f"# Plover\n\n## Scenarios\n\n{line}\n").criteria
    assert (found.kind, found.judge) == ("json_shape", "machine")
    assert found.parameters["expected"] == {"status": "healthy"}


@pytest.mark.parametrize("condition", ["one worker is down", "no worker is up", "the disk is full", "it is night"])
def test_what_nobody_brings_about_makes_a_demand_a_persons(read: Read, condition: str) -> None:
    line = f'1. **Given** {condition}, **When** I GET /health, **Then** status is "healthy"'
    found = read(f"# Plover\n\n## Scenarios\n\n{line}\n").criteria
    assert [criterion.judge for criterion in found] == ["person"]
    assert found[0].not_understood


@pytest.mark.parametrize(
    "text",
    [
        "WHEN 40 requests are in flight, THE API SHALL keep its answers apart",
        "WHILE 3 s have passed since the start, THE API SHALL keep its answers apart",
        "IF port 9000 is taken, THEN THE API SHALL end with a message",
    ],
)
def test_a_figure_of_a_condition_is_no_limit(read: Read, text: str) -> None:
    found = read(f"# Plover\n\n#### Acceptance criteria\n\n1. {text}\n").criteria
    assert all(criterion.threshold is None and criterion.kind != "port" for criterion in found)


def test_what_is_refused_from_a_figure_on_keeps_that_figure_as_its_limit(read: Read) -> None:
    text = "IF a key sends more than 30 requests per minute, THEN THE API SHALL refuse the rest with 429"
    found = read(f"# Plover\n\n#### Acceptance criteria\n\n1. {text}\n").criteria
    assert any(criterion.threshold is not None and criterion.threshold.value == 0.5 for criterion in found)


@pytest.mark.parametrize(
    "text",
    [
        "WHEN the rack is warm and the fans turn, THE API SHALL keep p95 latency below 2 s",
        "GIVEN the rack is warm, WHEN I GET /health, THEN p95 latency is below 2 s",
        "GIVEN the service is up, WHEN I POST a conversation to /v1/chat/completions, THEN the reply carries a ribbon",
    ],
)
def test_each_part_of_a_condition_and_of_what_follows_has_to_be_understood(read: Read, text: str) -> None:
    found = read(f"# Plover\n\n#### Acceptance criteria\n\n1. {text}\n").criteria
    assert {criterion.judge for criterion in found} == {"person"}
