"""What a kind says of its words is true: its statements ask for it, and reading names no kind that is not declared."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import Document

READING = Path(__file__).parents[3] / "acceptance" / "reading"
TASK = "# Task 1.3: Hermes-2 Service\n\n## Success Criteria\n- [ ] {}\n"
Read = Callable[[str], Document]


def kinds_of(read: Read, text: str) -> set[str]:
    return {each.kind for each in read(TASK.format(text)).criteria if each.judge == "machine"}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, kind in KINDS.items() for text in kind.words])
def test_a_statement_asks_for_the_kind_whose_words_it_is(name: str, text: str, read: Read) -> None:
    assert name in kinds_of(read, text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, kind in KINDS.items() for text in kind.near_misses])
def test_a_near_miss_does_not_ask_for_the_kind(name: str, text: str, read: Read) -> None:
    assert name not in kinds_of(read, text)


def test_a_draft_names_a_kind_that_is_declared() -> None:
    drafted = {
        node.args[0].value
        for file in READING.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Draft" and node.args
        if isinstance(node.args[0], ast.Constant)
    }
    assert len(drafted) > 20
    assert drafted <= set(KINDS)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("The files below `/srv/heron` match their sums", {"folder": "/srv/heron", "checksums": "SHA256SUMS"}),
        ("`models/heron.sha256` matches every weight file", {"folder": "models", "checksums": "heron.sha256"}),
        ("`heron.service` passes `systemd-analyze verify`", {"unit": "heron.service"}),
        ("`/etc/heron/heron.yaml` exists", {"path": "/etc/heron/heron.yaml"}),
        ("While all 6 slots are taken, further requests wait in a queue", {"concurrent": 12}),
        ("`/health` says that the store is well", {"mentions": ["store"]}),
        ("Running requests are visible as a metric", {"words": ["running", "active", "in_flight", "inflight"]}),
        ("A gauge of open sessions rises when a session is opened", {"path": "/metrics"}),
    ],
)
def test_the_words_of_a_demand_say_what_is_looked_at(text: str, asked: dict[str, object], read: Read) -> None:
    (criterion,) = (each for each in read(TASK.format(text)).criteria if each.judge == "machine")
    assert asked.items() <= dict(criterion.parameters).items()


@pytest.mark.parametrize(("printed", "kind"), [("# Expected: present", "file"), ("# Expected: nothing", None)])
def test_a_file_that_a_command_tests_is_looked_for(printed: str, kind: str | None, read: Read) -> None:
    fence = f"```bash\ntest -s /srv/heron/tokenizer.json && echo present\n{printed}\n```\n"
    (criterion,) = read(f"# Heron\n\n## Acceptance Criteria\n\n{fence}").criteria
    assert (criterion.kind if criterion.judge == "machine" else None) == kind
