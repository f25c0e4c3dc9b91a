"""A kind is declared whole, and has its check: anything else is refused at import."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.checks.files import kinds as files
from signoff.acceptance.checks.registry import CHECKS, checks_of
from signoff.acceptance.kind import Kind, by_name

ROOM = "signoff.acceptance.checks.files"
WHOLE: dict[str, Any] = {
    "name": "k",
    "summary": "It is so.",
    "asks": "it is so",
    "failure": "it is not",
    "part": "Service",
}


def test_every_kind_that_a_machine_judges_has_a_check() -> None:
    assert set(CHECKS) == set(KINDS) - {"human_judgement"}


@pytest.mark.parametrize(
    ("missing", "because"),
    [
        ({"summary": ""}, "has no summary"),
        ({"asks": ""}, "does not say what it asks"),
        ({"part": ""}, "needs a part or a figure"),
        ({"figure": "Latency", "units": ("ms",)}, "one alone"),
        ({"part": "", "figure": "Latency"}, "has no unit"),
    ],
)
def test_a_kind_is_declared_whole(missing: dict[str, Any], because: str) -> None:
    Kind(**WHOLE)
    with pytest.raises(ValueError, match=because):
        Kind(**{**WHOLE, **missing})


def test_a_kind_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        by_name(Kind(**WHOLE), Kind(**WHOLE))


def test_a_check_without_a_failing_case_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="'file' has no failing case"):
        replace(CHECKS["file"], kind=replace(KINDS["file"], failure=""))


def test_a_check_cannot_be_made_whose_question_is_not_put_into_words() -> None:
    with pytest.raises(ValueError, match="no `asks`"):
        replace(CHECKS["file"], kind=replace(KINDS["file"], asks=None))


def test_a_kind_without_a_check_is_refused() -> None:
    with pytest.raises(ValueError, match=r"files: k: a kind"):
        checks_of(ROOM, {**files.KINDS, "k": Kind(**WHOLE)})


def test_a_check_without_a_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"files: coverage: a kind"):
        checks_of(ROOM, {name: kind for name, kind in files.KINDS.items() if name != "coverage"})


def test_a_check_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="has no CHECK of the kind 'file'"):
        checks_of(ROOM, {**files.KINDS, "file": Kind(**{**WHOLE, "name": "file"})})


def test_reading_starts_without_what_measures() -> None:
    program = "import sys, signoff.acceptance.commands.documents.read; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "signoff.acceptance.checks.api.kinds" in loaded
    assert not [
        name for name in loaded if name.startswith("signoff.acceptance.measuring") or name in ("numpy", "scipy")
    ]
