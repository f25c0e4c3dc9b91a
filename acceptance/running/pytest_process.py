"""pytest as `signoff run` starts it: keys come through a pipe, and output is escaped."""

from __future__ import annotations

import sys

import pytest

from signoff.acceptance import keys
from signoff.reports.terminal import guarded

if __name__ == "__main__":
    keys.take(int(sys.argv[1]))
    with guarded(output=True):
        sys.exit(pytest.main(sys.argv[2:]))
