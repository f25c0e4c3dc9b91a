"""Figures with their goals, shown after the benchmarks; none of them fails a run, for a machine may be busy."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest

SHOWN = pytest.StashKey[list["Goal"]]()


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure and its limit; None where there is only the figure to tell."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool | None:
        if self.at_most is not None:
            return self.value <= self.at_most
        return None if self.at_least is None else self.value >= self.at_least

    def __str__(self) -> str:
        judged = ""
        if self.met is not None:
            limit = f"at most {self.at_most:g}" if self.at_most is not None else f"at least {self.at_least:g}"
            judged = f"  goal: {limit}, {'met' if self.met else 'MISSED'}"
        return f"{self.name:<66} {self.value:>10.4g} {self.unit}{judged}"


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`tell(name, value, unit, at_most=..., at_least=...)` shows a figure at the end."""
    shown = request.config.stash.setdefault(SHOWN, [])

    def one(name: str, value: float, unit: str, at_most: float | None = None, at_least: float | None = None) -> None:
        shown.append(Goal(name, value, unit, at_most, at_least))

    return one


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    shown = config.stash.get(SHOWN, [])
    if shown:
        terminalreporter.section("figures and goals")
        for each in shown:
            terminalreporter.line(str(each))
        load = ", ".join(f"{each:.2f}" for each in os.getloadavg())
        terminalreporter.line(f"load average of the machine at the end: {load}")
