"""Every kind has a failing case: its sound twin does not fail, its broken twin does, and nothing else would do."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from signoff.acceptance.checks import ROOMS
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.verdict import Verdict
from tests.acceptance.cases.case import Case, show_that_it_can_fail

CASES = {room: import_module(f"tests.acceptance.cases.{room}").CASES for room in ROOMS}
KINDS = [(room, kind) for room, kinds in ROOMS.items() for kind in kinds]


class Twins:
    """Verdicts on twins, each taken once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._verdicts: dict[tuple[str, str], Verdict] = {}

    def verdict(self, kind: str, case: Case[object], thing: object) -> Verdict:
        key = kind, repr(thing)
        if key not in self._verdicts:
            self._verdicts[key] = case.judged(CHECKS[kind], thing, self._folder / f"{kind}-{next(self._numbers)}")
        return self._verdicts[key]

    def show(self, kind: str, case: Case[object]) -> None:
        things = (case.sound, case.broken)
        if case.waits:
            with ThreadPoolExecutor(len(things)) as pool:
                sound, broken = pool.map(lambda thing: self.verdict(kind, case, thing), things)
        else:
            sound, broken = (self.verdict(kind, case, thing) for thing in things)
        show_that_it_can_fail(CHECKS[kind], sound, broken)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Twins:
    return Twins(tmp_path_factory.mktemp("twins"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_a_case_for_each_of_its_kinds(room: str) -> None:
    assert set(CASES[room]) == set(ROOMS[room])


@pytest.mark.parametrize(("room", "kind"), KINDS)
def test_a_broken_twin_fails_and_its_sound_one_does_not(room: str, kind: str, twins: Twins) -> None:
    twins.show(kind, CASES[room][kind])


@pytest.mark.parametrize(("room", "kind"), KINDS)
def test_a_sound_twin_in_the_place_of_the_broken_one_is_noticed(room: str, kind: str, twins: Twins) -> None:
    case = CASES[room][kind]
    with pytest.raises(AssertionError):
        twins.show(kind, replace(case, broken=case.sound))


@pytest.mark.parametrize(("room", "kind"), KINDS)
def test_a_broken_twin_in_the_place_of_the_sound_one_is_noticed(room: str, kind: str, twins: Twins) -> None:
    case = CASES[room][kind]
    with pytest.raises(AssertionError):
        twins.show(kind, replace(case, sound=case.broken))
