"""The reading over the labelled documents: floors that only rise."""

from __future__ import annotations

import pytest

from signoff.acceptance.reading.frames.coverage import KEYWORDS, LENIENT
from tests.reading.measured.figures import Figures, documents, figures_of, measured
from tests.reading.measured.oracle import oracle_of

MOST_WRONG, LEAST_RECALL = 0.004, 0.84


@pytest.fixture(scope="module")
def found() -> Figures:
    return measured(documents())


def test_hardly_a_machine_criterion_asks_another_question(found: Figures) -> None:
    assert found.machine >= 560
    assert found.wrong_share <= MOST_WRONG, found.wrong


def test_no_machine_criterion_is_made_of_text_that_asks_nothing(found: Figures) -> None:
    assert found.phantoms == 0


def test_demands_that_a_check_exists_for_are_judged_by_it(found: Figures) -> None:
    assert found.recall >= LEAST_RECALL


def test_a_less_strict_reading_finds_more_and_asks_more_wrong_questions(found: Figures) -> None:
    lenient, keywords = (measured(documents(), level) for level in (LENIENT, KEYWORDS))
    assert found.recall < lenient.recall < keywords.recall
    assert found.wrong_share < lenient.wrong_share < keywords.wrong_share


def test_a_document_without_machine_criteria_misses_all_of_its_demands() -> None:
    folder = documents()[0]
    nothing = figures_of(folder.name, [], oracle_of(folder), frozenset())
    assert (nothing.machine, nothing.recall, nothing.wrong_at_most) == (0, 0.0, 1.0)
