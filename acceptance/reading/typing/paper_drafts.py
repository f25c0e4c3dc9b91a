"""Demands on what is written as criteria: guides, the description of an API, the report of a test suite."""

from __future__ import annotations

import re
from dataclasses import replace

from signoff.acceptance.reading.drafts.criterion_draft import Draft, person
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.search.sought import Sought
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.typing.metric_drafts import singular

_SUITES = (
    "unit",
    "integration",
    "end-to-end",
    "e2e",
    "performance",
    "security",
    "load",
    "stress",
    "smoke",
    "regression",
    "component",
    "acceptance",
    "functional",
    "contract",
)
# What stands in a demand for guides and is no topic of theirs.
_GUIDE_WORDS = frozenset(
    (
        "documentation document documents docs doc guide guides runbook runbooks readme manual manuals handbook "
        "handbooks playbook playbooks tutorial tutorials howto how-to markdown file files folder page "
        "pages section sections chapter wiki "
        "complete comprehensive available exists exist existing present current correct ready accurate clear "
        "full written write writes wrote shown given built kept found made done needs need needing "
        "the and for with all are has been have had that its our this was were will would can could may might must "
        "should shall there their them they these those your you who whom whose which when where why how what into "
        "onto from over under about after before during between within without through than then also both but not "
        "any some such each every other own only per via well being does doing did while until upon against "
        "including includes include cover covers covering describes describe describing explains explain explaining "
        "contains contain lists list "
        "service services model models management integration procedures procedure examples example system systems "
        "create creates add adds provide provides new user users operator operators developer developers team teams "
        "people reader readers step steps one two use uses using"
    ).split()
)
_WITH_E = re.compile(r"(?:[aiouy]t|[iou]r|[iy]z|is|ag|uc|iv)ed$")
_OF_THE_API = frozenset({"api", "apis", "endpoint", "endpoints", "rest", "openapi", "swagger", "reference", "http"})
API = Sought(
    r"\b(?:rest )?api\b.{0,20}\b(?:documentation|docs|documented|reference|specification)\b|\bopenapi\b|\bswagger\b"
    r"|\bdocument\w* (?:of|for) (?:the |every |each |all )?(?:api|endpoints?)\b|\bendpoints?\b.{0,20}\bdocument\w+"
)
_QUALITY = re.compile(
    r"\b(?:accura\w+|correct|review\w*|clear|up[- ]to[- ]date|comprehensive|approved|complete\w*|understandable"
    r"|useful)\b",
    re.IGNORECASE,
)


def test_report(statement: Statement, facts: Facts) -> Draft | tuple[Draft, ...]:
    """The report of a suite that ran; of several suites that the text names, of each."""
    if statement.command is None:
        spoken = re.findall(r"[a-z0-9-]+", statement.text.lower().replace("_", " "))
        named = [suite for suite in _SUITES if suite in spoken]
        if len(named) > 1:
            return tuple(
                Draft("test_report", parameters={"suite": suite.replace("e2e", "end-to-end")}) for suite in named
            )
    command = statement.command.text if statement.command is not None else ""
    words = re.findall(r"[a-z0-9-]+", f"{statement.text} {command}".lower().replace("_", " "))
    suite = next((suite for suite in _SUITES if suite in words), None)
    return Draft("test_report", parameters={"suite": "end-to-end" if suite == "e2e" else suite})


def api_documentation(statement: Statement, facts: Facts) -> tuple[Draft, ...]:
    """The service describes its own API."""
    return _documented(Draft("documentation", parameters={"of": "api", "topics": []}), statement)


def guides(statement: Statement, facts: Facts) -> tuple[Draft, ...]:
    """Guides are written about what the text names."""
    words = re.findall(r"[a-z]{3,}", statement.text.lower())
    words = [word for word in words if word not in _GUIDE_WORDS and not word.endswith("ly")]
    nouns = [word for word in words if not word.endswith("ed")]
    # `how it is configured`: a heading says configuration or configuring, so the stem is looked for.
    words = nouns or [word[:-1] if _WITH_E.search(word) else word[:-2] for word in words]
    of_the_api = [word for word in words if word in _OF_THE_API]
    own = {facts.owner(), *facts.services}
    topics = [topic for topic in dict.fromkeys(map(singular, words)) if topic not in own | _OF_THE_API]
    if not topics and of_the_api:
        # The description of an API is judged by the service's own, not by guides.
        return (api_documentation(statement, facts)) if not API.search(statement.text) else ()
    if not topics:
        return (person("a person has to read the documentation: the text does not say what it should be about"),)
    return _documented(Draft("documentation", parameters={"of": "guides", "topics": topics}), statement)


def _documented(draft: Draft, statement: Statement) -> tuple[Draft, ...]:
    """That it is there a machine sees; whether it is good only people."""
    quality = _QUALITY.search(statement.text)
    if quality is None:
        return (draft,)
    assumption = f"it is judged that the documentation is there; whether it is {quality[0].lower()}, people say"
    return replace(draft, assumptions=(assumption,)), person(
        f"a person has to read the documentation: whether it is {quality[0].lower()}, no machine can say"
    )
