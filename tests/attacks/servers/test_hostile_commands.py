"""`signoff run` and `signoff load` against some hostile servers: they end in time, say why, and leave nothing behind.

`nox -s attacks` tries all of them.
"""

from __future__ import annotations

import pytest

from tests.attacks.servers.hostile_modes import table, tried


@pytest.mark.parametrize(
    ("mode", "route", "command"),
    [
        ("gzip_of_gzip_bomb", "chat", "run"),
        ("deep_json", "chat", "run"),
        ("one_byte_chunks", "chat", "load"),
        ("slow_informational", "metrics", "load"),
    ],
)
def test_a_command_ends_in_time_within_its_memory_and_with_nothing_left_behind(mode, route, command):
    row = tried(mode, route, command)
    assert row.problem == "", row.ended.output
    assert row.said != "no result"
    assert len(list(table([row]))) == 3


def test_one_answer_in_five_that_no_parser_takes_costs_a_load_a_fifth_of_its_requests():
    row = tried("deep_json", "chat", "load", every=5)
    assert row.problem == ""
    assert row.said == "20 requests: 4 malformed"
