"""Fault: requests are processed concurrently without limit."""

from __future__ import annotations

from functools import partial
from typing import cast

from signoff.reference_services.switch.serving.app import CreateApp
from signoff.reference_services.switch.serving.chain import Queue
from signoff.reference_services.web.serving.fault import Fault

MANY = 1000


FAULT = Fault(
    name="answers_side_by_side",
    summary="requests are answered at once, however many come",
    wrap=lambda create: cast(CreateApp, partial(create, queue=lambda at_once, waiting: Queue(MANY, 0))),
)
