"""Secrets of a run that must not be written: the deployment's keys, and credentials in documents."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.acceptance import keys
from signoff.acceptance.deployment import Deployment
from signoff.acceptance.reading import Reading
from signoff.perf.redaction import known_secrets

_PLACEHOLDER = re.compile(r"[$<{*]|\.\.|your|example|replace", re.IGNORECASE)
"""The replacement for a credential in a document."""


def remember(deployment: Deployment, reading: Reading) -> None:
    """Know them from now on; a name or a sentence of the run that shares a piece with a key is spared."""
    for variable in deployment.key_variables:
        keys.value(variable)
    for url in (deployment.target, *deployment.addresses.values(), *deployment.services.values()):
        known_secrets.remember_url(url)
    for document in reading.documents:
        for command in document.commands:
            headers = command.request["headers"] if command.request is not None else {}
            known_secrets.remember_headers(
                {name: value for name, value in headers.items() if not _PLACEHOLDER.search(value)}
            )
    known_secrets.spare(_public(deployment, reading), _names(deployment))


def _names(deployment: Deployment) -> Iterator[str]:
    yield from (deployment.name, deployment.target, deployment.engine, deployment.api_key_header)
    for names in (deployment.addresses, deployment.services, deployment.files, deployment.out_of_reach):
        yield from names
    yield from deployment.key_variables
    yield from (start.service for start in deployment.starts)


def _public(deployment: Deployment, reading: Reading) -> Iterator[str]:
    for names in (deployment.addresses, deployment.services, deployment.files, deployment.out_of_reach):
        yield from map(str, names.values())
    for start in deployment.starts:
        yield from (start.url, *start.arguments)
    for document in reading.documents:
        yield from (document.path, document.title, "\n".join(document.text))
        yield from (criterion.id for criterion in document.criteria)
