"""For all tests: Ctrl-C means what it does in a terminal, also where the tests were started in the background."""

from __future__ import annotations

import signal

# A shell starts background jobs with SIGINT ignored, and every child would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
