"""What is legal or clear gives no warning: repeated names in other documents of a block, versions of programs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.reading import Document

Read = Callable[[str], Document]


def codes(read: Read, text: str) -> list[str]:
    return [found.code for found in read(f"# Parrot service\n\n{text}\n").diagnostics]


@pytest.mark.parametrize(
    ("language", "text", "repeats"),
    [
        ("yaml", "kind: Deployment\nport: 8100\n---\nkind: Service\nport: 81\n", False),
        ("yaml", "kind: Deployment\nport: 8100\n---\nport: 81\nport: 82\n", True),
        ("toml", '[[model]]\nname = "wren"\n\n[[model]]\nname = "lark"\n', False),
        ("bash", "MODEL_NAME=wren\nMODEL_NAME=lark\n", True),
    ],
)
def test_a_name_may_stand_again_in_another_part_of_a_block(read: Read, language: str, text: str, repeats: bool) -> None:
    found = codes(read, f"## Configuration\n\n```{language}\n{text}```\n")
    assert ("setting-repeated" in found or "yaml-unreadable" in found) is repeats


@pytest.mark.parametrize(
    "text",
    [
        "`pip install -U wrenlib==0.7.2` succeeds",
        "It runs with Python >= 3.12",
        "wrenlib[serve]>=0.9 is installed",
        "requires-python is `>=3.11,<4`",
        "CUDA version >= 12.4",
    ],
)
def test_a_version_is_no_limit(read: Read, text: str) -> None:
    assert "quantity-unreadable" not in codes(read, f"## Acceptance criteria\n\n- {text}")


@pytest.mark.parametrize("text", ["p95<=150", "p95 latency <= 150", "The queue > 14.4"])
def test_a_limit_without_a_unit_is_still_told(read: Read, text: str) -> None:
    assert "quantity-unreadable" in codes(read, f"## Acceptance criteria\n\n- {text}")
