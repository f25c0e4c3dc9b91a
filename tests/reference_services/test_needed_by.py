"""The reference services hold what a task document or a check needs, and nothing else."""

from __future__ import annotations

import pytest

from signoff.acceptance.checks import KINDS
from tests.reference_services.needed_by import PAGE, modules, needs, page, problem, reached

DECLARED = needs()


@pytest.mark.parametrize("module", sorted(DECLARED))
def test_what_a_module_is_said_to_be_needed_for_is_there(module: str) -> None:
    assert module in modules()
    assert DECLARED[module], "name a line or a check"
    assert {need: problem(need) for need in DECLARED[module] if problem(need)} == {}


def test_each_module_is_needed() -> None:
    needed = {*DECLARED, *reached(DECLARED)}
    assert [module for module in modules() if module not in needed] == []


def test_a_fault_is_needed_by_the_checks_that_have_to_catch_it() -> None:
    faults = [(name, name.rpartition(".")[2]) for name in DECLARED if name.startswith("faults.")]
    for module, fault in faults:
        catching = sorted(f"check {name}" for name, kind in KINDS.items() if fault in kind.faults)
        assert DECLARED[module] == catching, module


def test_a_need_that_is_not_there_is_seen() -> None:
    assert problem("check no_such_kind") is not None
    assert problem("1.3-hermes-2.md:1 no such words") == "these words stand in lines []"
    assert problem("no-such.md:1 words") is not None
    assert problem("because it is nice") is not None
    assert "stops" not in str(reached({"chat.vllm.vllm_guard": []}))


def test_the_page_is_the_one_that_is_written() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.reference_services.needed_by"
