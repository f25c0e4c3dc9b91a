"""The page of the estate for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2

from signoff.reference_services.health.estate_file import Listed
from signoff.reference_services.health.estate_health import EstateHealth

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
WITHOUT_DOCS = ("prometheus",)


def page(listed: Sequence[Listed], found: EstateHealth) -> str:
    """One HTML document without scripts and without anything from elsewhere; it comes again every ten seconds."""
    by_url = {each.url: each for each in listed}
    rows = [(by_url[each.url], each) for each in found.services]
    counts = {
        word: sum(each.status == word for each in found.services) for word in ("healthy", "degraded", "unhealthy")
    }
    return _ENVIRONMENT.get_template("page.html.j2").render(
        found=found, rows=rows, counts=counts, without_docs=WITHOUT_DOCS
    )
