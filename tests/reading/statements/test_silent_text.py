"""Text of the usual templates that asks nothing: no criterion, neither a machine's nor a person's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.reading import Document

Read = Callable[[str], Document]

DEMAND = "- The API MUST answer `GET /health` with 200\n"


@pytest.mark.parametrize(
    "text",
    [
        "**User Story:** As an operator, I want latency under 30 seconds, so that people stay.",
        "As a tester, I want streaming, so that I see words early.",
        "- As the owner of the budget I need answers within 2 s",
        "**Why this priority**: Health is required by every load balancer.",
        "**Independent test**: Can be tested by asking `/health` within 2 s.",
        "**Reason**: it was slower than 3 s.",
        "**Latency breakdown**:\n\n- Network: 10 ms latency\n- Model: 2 s latency\n",
    ],
)
def test_stories_and_explanations_ask_nothing(read: Read, text: str) -> None:
    assert [c.line for c in read(f"# Plover\n\n## Requirements\n\n{DEMAND}\n### One\n\n{text}\n").criteria] == [5]


@pytest.mark.parametrize(
    ("heading", "item"),
    [
        ("Key Entities", "**Session**: a conversation with its turns"),
        ("Glossary", "**Engine**: restarted within 20 seconds"),
        ("Assumptions", "Latency between nodes is below 1 ms"),
        ("Technical stack", "**Streaming**: server-sent events"),
        ("Edge Cases *(mandatory)*", "What happens when the GPU runs out of memory?"),
        ("2.1 Edge cases", "Clients that disconnect midway through a stream"),
        ("Success metrics", "**Adoption**: three teams use it"),
        ("Personas", "**Mira** gives up after 10 seconds"),
        ("History", "2025-11: p99 latency above 30 s for a week"),
        ("Memory by context (measured)", "8k: 10 GB of memory"),
        ("Alarms", "If p95 latency exceeds 2 s, page the person on duty"),
        ("What we leave for later", "Voice input, with answers within 700 ms"),
    ],
)
def test_sections_of_this_kind_ask_nothing(read: Read, heading: str, item: str) -> None:
    found = read(f"# Plover\n\n## Requirements\n\n{DEMAND}\n## {heading}\n\n- {item}\n")
    assert [criterion.line for criterion in found.criteria] == [5]


@pytest.mark.parametrize("heading", ["Assumptions", "Edge cases", "Key entities", "Technical stack"])
def test_a_line_with_must_asks_wherever_it_stands(read: Read, heading: str) -> None:
    found = read(f"# Plover\n\n## {heading}\n\n- A client that hangs up MUST not stop the service\n")
    assert [criterion.line for criterion in found.criteria] == [5]


def test_success_metrics_with_a_limit_ask(read: Read) -> None:
    (found,) = read("# Plover\n\n## Success metrics\n\n- p95 latency below 2 s\n").criteria
    assert found.kind == "latency"


@pytest.mark.parametrize(
    "text",
    [
        "Conversations keep their thread: what was said earlier is known later.",
        "`plover_requests_total` can be found at `/metrics`.",
        "At 11 requests per second, errors stay under 4 in 1000.",
    ],
)
def test_a_past_that_is_only_spoken_of_hides_no_demand(read: Read, text: str) -> None:
    assert read(f"# Plover\n\n## Trial\n\n- {text}\n").criteria
