"""Whom a master takes, what travels to a worker, and whose clock its times are on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.perf.distributed.clock_offset import ClockOffset, shifted
from signoff.perf.distributed.joining import Joining, refusal, with_own_headers, without_secrets
from signoff.perf.errors import PlanInvalid
from signoff.perf.load.plan import LoadPlan
from tests.perf.load.test_client_validity import stream

OWN = Joining.own()
MS = 1_000_000
way = st.integers(0, 10**9)


def test_a_worker_that_introduces_itself_as_this_version_may_join():
    there = replace(OWN, nonce="another")
    assert Joining.of(there.as_message()) == there
    assert refusal(there, OWN, ["first"], expected=2) is None


@pytest.mark.parametrize(
    ("joining", "joined", "says"),
    [
        (None, [], "introduce itself"),
        (replace(OWN, version="0.0.1"), [], "Signoff 0.0.1"),
        (replace(OWN, code="0" * 16), [], "code 0000000000000000"),
        (OWN, [OWN.nonce], "joined already"),
        (replace(OWN, nonce="third"), ["first", "second"], "late: all 2 workers have joined"),
    ],
)
def test_others_are_refused_with_what_to_do(joining, joined, says):
    reason, hint = refusal(joining, OWN, joined, expected=2)
    assert says in reason
    assert hint


@pytest.mark.parametrize("message", [None, 5, "text", {}, {"nonce": 1}, {**OWN.as_message(), "more": 1},
                                     {**OWN.as_message(), "pid": []}])  # fmt: skip
def test_what_is_no_introduction_is_taken_for_none(message):
    assert Joining.of(message) is None


@given(offset=st.integers(-(10**15), 10**15), ways=st.lists(st.tuples(way, way), min_size=1), asked=way)
def test_a_clock_is_never_further_off_than_is_said_however_unlike_the_ways_are(offset, ways, asked):
    samples = [(asked, asked + there + offset, asked + there + back) for there, back in ways]
    found = ClockOffset.of(samples)
    assert abs(found.offset_ns - offset) <= found.error_ns
    assert found.error_ns <= min(there + back for there, back in ways) / 2 + 1
    assert abs(found.theirs(asked) - (asked + offset)) <= found.error_ns


def test_no_duration_changes_where_a_record_moves_to_another_clock():
    before = stream(50, [10, 20], 1)
    after = type(before).from_record(shifted(before.as_record(), 7 * MS))
    assert after.intended_ns - before.intended_ns == 7 * MS
    for name in ("latency_ms", "ttft_ms", "ttft_from_sent_ms", "send_lag_ns", "receive_lag_ns", "connect_ns"):
        assert getattr(after, name) == getattr(before, name)
    assert [each - after.intended_ns for each in after.token_ns] == [
        each - before.intended_ns for each in before.token_ns
    ]
    unsent = {**before.as_record(), "sent_ns": None}
    assert shifted(unsent, 5)["sent_ns"] is None


PLAN = LoadPlan(
    url="http://127.0.0.1:1/", body={"prompt": "hello"}, rate_per_second=1, duration_s=1, timeout_s=1,
    headers={"Authorization": "Bearer key", "X-Tenant": "blue", "x-api-key": "another key"},
)  # fmt: skip


def test_the_value_of_a_secret_header_comes_from_the_worker_alone():
    message = without_secrets(PLAN)
    assert "key" not in str(message["headers"].values())
    own = {"authorization": "Bearer own", "X-API-Key": "own key", "X-More": "not asked for"}
    there = with_own_headers(message, own)
    assert there.headers == {"Authorization": "Bearer own", "X-Tenant": "blue", "x-api-key": "own key"}
    assert there.offsets_ns() == PLAN.offsets_ns()


@pytest.mark.parametrize("own", [{}, {"Authorization": "Bearer own"}, {"Authorization": "", "x-api-key": "own"}])
def test_a_worker_that_lacks_one_carries_nothing(own):
    with pytest.raises(PlanInvalid, match="does not travel between machines"):
        with_own_headers(without_secrets(PLAN), own)
