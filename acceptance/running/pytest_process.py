"""pytest as `signoff run` starts it: what it prints to its log and to the terminal can harm neither."""

from __future__ import annotations

import sys

import pytest

from reports.terminal import guarded

if __name__ == "__main__":
    with guarded(output=True):
        sys.exit(pytest.main(sys.argv[1:]))
