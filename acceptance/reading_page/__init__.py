"""A reading as one HTML page that needs no network, no script and no other file."""

from __future__ import annotations

from collections.abc import Sequence

from signoff.acceptance.errors import SignoffError
from signoff.acceptance.reading import Reading
from signoff.acceptance.reading_page.page import page
from signoff.reports.forms.html import environment, style_hash

__all__ = ["reading_page"]
_ENVIRONMENT = environment("signoff.acceptance.reading_page")


def reading_page(reading: Reading, unreadable: Sequence[SignoffError] = ()) -> str:
    """The page; texts of documents are escaped without exception, and the policy allows nothing but its own style."""
    style = "".join(_ENVIRONMENT.get_template(name).render() for name in ("result.css", "reading.css"))
    template = _ENVIRONMENT.get_template("reading.html.j2")
    return template.render(page=page(reading, unreadable), style=style, style_hash=style_hash(style))
