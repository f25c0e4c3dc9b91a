"""Demands on what is written as criteria: guides, the description of an API, the report of a test suite."""

from __future__ import annotations

import re
from dataclasses import replace

from acceptance.reading.document import Statement
from acceptance.reading.draft import Draft, person
from acceptance.reading.facts import Facts
from acceptance.reading.metric_drafts import singular

_SUITES = (
    *("unit", "integration", "end-to-end", "e2e", "performance", "security", "load", "stress", "smoke", "regression"),
    *("component", "acceptance", "functional", "contract"),
)
_GUIDE_WORDS = frozenset(
    {
        *(
            "documentation",
            "documented",
            "document",
            "documents",
            "docs",
            "doc",
            "guide",
            "guides",
            "runbook",
            "runbooks",
        ),
        *("readme", "manual", "manuals", "complete", "completed", "comprehensive", "available", "provided", "reviewed"),
        *("accurate", "written", "exists", "exist", "present", "published", "updated", "current", "correct", "ready"),
        *("the", "and", "for", "with", "all", "are", "has", "been", "have", "that", "its", "our", "how", "this", "was"),
        *("service", "services", "model", "models", "management", "integration", "procedures", "procedure", "examples"),
        *("example", "system", "create", "write", "add", "provide", "new", "user", "users", "operator", "operators"),
        *(
            "every",
            "each",
            "clear",
            "full",
            "must",
            "should",
            "shall",
            "there",
            "including",
            "includes",
            "cover",
            "covers",
        ),
        *("covering", "describes", "describing", "what", "page", "pages", "section", "sections", "markdown"),
    }
)
_QUALITY = re.compile(
    r"\b(?:accura\w+|correct|review\w*|clear|up[- ]to[- ]date|comprehensive|approved|complete\w*|understandable"
    r"|useful)\b",
    re.IGNORECASE,
)


def test_report(statement: Statement, facts: Facts) -> Draft:
    """The report of a suite that ran."""
    told = statement.command.text if statement.command is not None else ""
    words = re.findall(r"[a-z0-9-]+", f"{statement.text} {told}".lower().replace("_", " "))
    suite = next((suite for suite in _SUITES if suite in words), None)
    return Draft("test_report", parameters={"suite": "end-to-end" if suite == "e2e" else suite})


def api_documentation(statement: Statement, facts: Facts) -> tuple[Draft, ...]:
    """The service describes its own API."""
    return _documented(Draft("documentation", parameters={"of": "api", "topics": []}), statement)


def guides(statement: Statement, facts: Facts) -> tuple[Draft, ...]:
    """Guides are written about what the text names."""
    words = re.findall(r"[a-z]{3,}", statement.text.lower())
    topics = list(dict.fromkeys(singular(word) for word in words if word not in _GUIDE_WORDS))
    own = {facts.owner(), *facts.services}
    topics = [topic for topic in topics if topic not in own]
    if not topics:
        return (person("somebody has to read the documentation: the text does not say what it should be about"),)
    return _documented(Draft("documentation", parameters={"of": "guides", "topics": topics}), statement)


def _documented(draft: Draft, statement: Statement) -> tuple[Draft, ...]:
    """That it is there a machine sees; whether it is good only people."""
    quality = _QUALITY.search(statement.text)
    if quality is None:
        return (draft,)
    told = f"it is judged that the documentation is there; whether it is {quality[0].lower()}, people say"
    return replace(draft, assumptions=(told,)), person(
        f"somebody has to read the documentation: whether it is {quality[0].lower()}, no machine can say"
    )
