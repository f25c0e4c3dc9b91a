"""Errors and warnings on the terminal: what happened, and what to do."""

from __future__ import annotations

from signoff.acceptance.commands.console.colour import Palette, takes_colour
from signoff.acceptance.errors import SignoffError
from signoff.perf.redaction import known_secrets
from signoff.reports.errors import ReportError
from signoff.reports.terminal import show, stream


def show_warnings() -> None:
    """Say which keys are too short or too plain to be kept out of everything; before anything is measured."""
    for warning in known_secrets.warnings():
        show(f"signoff: note: {warning}", on="err")


def complain(error: SignoffError | ReportError, colour: str = "never") -> None:
    """Say it on standard error; `colour` is what --color says."""
    palette = Palette(takes_colour(colour, stream("err")))
    show(f"{palette('error', 'signoff:')} {palette('', str(error))}", on="err", coloured=palette.is_coloured)
    if error.hint:
        show(f"{palette('hint', '  hint:')} {palette('', error.hint)}", on="err", coloured=palette.is_coloured)
