"""What is generated from the kinds is as they say now."""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff.acceptance.checks.__main__ import generated

ROOT = Path(__file__).parents[3]
GENERATED = generated()


@pytest.mark.parametrize("path", GENERATED)
def test_a_generated_file_is_up_to_date(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == GENERATED[path], "run nox -s docs"
