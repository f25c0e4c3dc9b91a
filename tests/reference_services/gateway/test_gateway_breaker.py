"""The circuit breaker by itself, with a clock that the test holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from signoff.reference_services.gateway.services.breaker import Breaker, State, Ticket
from signoff.reference_services.gateway.settings.configuration import BreakerFigures

FIGURES = BreakerFigures(failures=3, open_seconds=10, trials=1)


class Held:
    """A breaker with its clock and the states that it told."""

    def __init__(self, figures: BreakerFigures = FIGURES) -> None:
        self.now = 0.0
        self.states: list[State] = []
        self.breaker = Breaker(figures, self.states.append, lambda: self.now)

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            self.breaker.failed(self.breaker.begin())

    def opened(self) -> Breaker:
        self.fail(3)
        return self.breaker


def test_it_opens_after_failures_in_a_row_and_a_success_between_them_begins_the_count_anew() -> None:
    held = Held()
    held.fail(2)
    held.breaker.completed(held.breaker.begin())
    held.fail(2)
    assert held.breaker.state == "closed"
    held.fail()
    assert (held.breaker.state, held.breaker.admits(), held.states) == ("open", False, ["open"])


def test_after_its_time_one_trial_is_let_through_and_a_sound_answer_closes_it() -> None:
    held = Held()
    breaker = held.opened()
    held.now = 9.9
    assert not breaker.admits()
    assert 0 < breaker.opens_again_in() < 0.2
    held.now = 10
    assert breaker.admits()
    trial = breaker.begin()
    assert not breaker.admits()
    breaker.answered(trial)
    assert breaker.state == "closed"
    assert held.states == ["open", "half_open", "closed"]


def test_a_trial_that_fails_opens_it_for_the_whole_time_again() -> None:
    held = Held()
    breaker = held.opened()
    held.now = 10
    breaker.failed(breaker.begin())
    assert (breaker.state, breaker.opens_again_in()) == ("open", 10)


def test_a_trial_whose_client_left_makes_room_for_the_next() -> None:
    held = Held()
    breaker = held.opened()
    held.now = 10
    breaker.abandoned(breaker.begin())
    assert (breaker.state, breaker.admits()) == ("half_open", True)


def test_streams_that_begin_well_and_are_always_cut_open_it_as_well() -> None:
    held = Held()
    for _ in range(3):
        ticket = held.breaker.begin()
        held.breaker.answered(ticket)
        held.breaker.failed(ticket)
    assert held.breaker.state == "open"


def test_what_comes_back_from_before_a_change_of_state_counts_no_more() -> None:
    held = Held()
    old = [held.breaker.begin() for _ in range(4)]
    breaker = held.opened()
    held.now = 10
    trial = breaker.begin()
    breaker.failed(old[0])
    breaker.answered(old[1])
    assert breaker.state == "half_open"
    breaker.answered(trial)
    for ticket in old[2:]:
        breaker.failed(ticket)
    held.fail()
    assert breaker.state == "closed"


@given(
    st.lists(st.sampled_from(["begin", "answered", "completed", "failed", "abandoned", "wait"]), max_size=80), st.data()
)
def test_whatever_happens_it_admits_no_more_trials_than_stated_and_comes_back_in_the_end(
    steps: list[str], data: st.DataObject
) -> None:
    held = Held(BreakerFigures(failures=2, open_seconds=10, trials=2))
    breaker, under_way = held.breaker, list[Ticket]()
    trials: set[int] = set()
    for step in steps:
        if step == "wait":
            held.now += 4
        elif step == "begin":
            if breaker.admits():
                under_way.append(breaker.begin())
        elif under_way:
            ticket = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
            getattr(breaker, step)(ticket)
        if breaker.state == "half_open":
            era = [ticket for ticket in under_way if ticket.is_trial and ticket.era == breaker._era]
            assert len(era) <= 2
            trials.add(len(era))
    for ticket in under_way:
        breaker.abandoned(ticket)
    held.now += 11
    while breaker.state != "closed":
        breaker.completed(breaker.begin())
    assert breaker.admits()
