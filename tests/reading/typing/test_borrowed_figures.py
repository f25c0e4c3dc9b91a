"""A line without a figure takes one only from a demand that a machine judges."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.reading import Document

Read = Callable[[str], Document]


def judged(read: Read, *sections: str) -> list[tuple[str, float | None]]:
    document = read("# Plover\n\n" + "\n".join(sections) + "\n## Load\n\n- [ ] Latency target met\n")
    last = document.lines
    return [(c.judge, c.threshold.value if c.threshold else None) for c in document.criteria if c.line == last]


@pytest.mark.parametrize(
    "section",
    [
        "## Alerts\n\n- [ ] Alarm when p95 latency >= 300 ms for 5 minutes\n",
        "## Hints\n\n- [ ] A p95 latency below 300 ms is recommended\n",
        "## Levels\n\n- [ ] Rollbacks complete with a latency below 300 ms\n",
        "## Levels\n\n- [ ] p95 latency below 300 ms with 20 users\n",
    ],
)
def test_nothing_is_taken_from_what_is_no_demand_on_the_same(read: Read, section: str) -> None:
    assert all(judge == "person" or value is None for judge, value in judged(read, section))


def test_the_figure_of_a_demand_is_taken_past_one_that_lends_nothing(read: Read) -> None:
    alarm = "## Alerts\n\n- [ ] Alarm when p95 latency >= 300 ms\n"
    assert judged(read, alarm, "## Levels\n\n- [ ] p95 latency below 2 s\n") == [("machine", 2.0)]


def test_memory_takes_nothing_from_the_hardware_list(read: Read) -> None:
    text = "# Plover\n\n## Hardware\n\n- [ ] System RAM: at least 64 GB\n\n## Resources\n\n- [ ] Memory limits set\n"
    assert [c.judge for c in read(text).criteria] == ["person", "person"]
