"""An error as every command says it: what happened, and what to do."""

from __future__ import annotations

from acceptance.commands.colour import Palette, takes_colour
from acceptance.errors import SignoffError
from reports.terminal import show, stream


def complain(error: SignoffError, colour: str = "never") -> None:
    """Say it on standard error; `colour` is what --color says."""
    palette = Palette(takes_colour(colour, stream("err")))
    show(f"{palette('error', 'signoff:')} {palette('', str(error))}", on="err", coloured=palette.is_coloured)
    if error.mend:
        show(f"{palette('mend', '  mend:')} {palette('', error.mend)}", on="err", coloured=palette.is_coloured)
