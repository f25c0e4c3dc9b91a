"""The result document as one HTML file that needs no network, no script and no other file.

Every text is escaped by the template engine, without exception; the page's own policy allows nothing but its
own style sheet, named by hash.
"""

from __future__ import annotations

import base64
import hashlib
import re

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from signoff.reports.document.result_document import ResultDocument
from signoff.reports.plain_text import visible

TEMPLATE = "result.html.j2"
STYLE = "result.css"


def html(document: ResultDocument) -> str:
    """The page."""
    style = _ENVIRONMENT.get_template(STYLE).render()
    return _ENVIRONMENT.get_template(TEMPLATE).render(document=document, style_hash=style_hash(style))


def environment(*packages: str) -> Environment:
    """Templates of these packages and of this one; every value is sanitized and escaped."""
    loaders = [PackageLoader(package, "templates") for package in (*packages, "signoff.reports")]
    made = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    made.filters["unbroken"] = _unbroken
    return made


def style_hash(style: str) -> str:
    """How a page's policy names its only style sheet."""
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"


def _shown(value: object) -> object:
    """The last step before escaping: replaces invisible characters."""
    return value if isinstance(value, Markup) else visible(value)


def _unbroken(target: str) -> str:
    """A target whose limit stays on one line: `mean latency < 1,500 ms` breaks before `<` and nowhere after."""
    return _LIMIT.sub(lambda found: found.group().replace(" ", "\u00a0"), target)


_LIMIT = re.compile(r"[<≤=≥>] \S+ \S+$")
_ENVIRONMENT = environment()
