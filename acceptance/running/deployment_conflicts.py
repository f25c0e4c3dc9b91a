"""Conflicts between a deployment and the documents that are judged at it.

Only what is certain: a port that is neither the document's nor mapped, `[start]` arguments against settings, another
engine than the demanded one. They must be fixed in the deployment file, so they affect no
criterion: each check judges what it measures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from signoff.acceptance.deployment import Deployment
from signoff.acceptance.reading import Document, Reading
from signoff.acceptance.reading.settings.setting_values import comparable
from signoff.acceptance.reading.source.document import Setting
from signoff.reports.stored.conflict import Conflict, Side

KIND = "deployment"
_FLAG = re.compile(r"^--(?P<name>[a-z][a-z0-9-]*)(?:=(?P<value>.*))?$")
_SIMULATED = "simulated"


def conflicts_with_deployment(reading: Reading, deployment: Deployment) -> tuple[Conflict, ...]:
    """The contradictions of each document with the deployment, in the order of the documents."""
    return tuple(
        conflict
        for document in reading.documents
        for found in (_ports, _arguments, _engine)
        for conflict in found(document, deployment)
    )


def _ports(document: Document, deployment: Deployment) -> Iterator[Conflict]:
    """The document's own port, where the target has another one and nothing maps it."""
    if deployment.target_only or deployment.services or any(setting.scope for setting in document.configuration):
        return
    settings = [setting for setting in document.configuration if setting.name == "port" and type(setting.value) is int]
    asked = {int(setting.value) for setting in settings}
    target = urlsplit(deployment.target)
    mapped = {name.rpartition(":")[2] for name in deployment.addresses}
    if len(asked) == 1 and target.port is not None and target.port not in asked:
        port = asked.pop()
        if str(port) not in mapped:
            yield _conflict(
                document,
                deployment.name,
                "port",
                settings,
                [(f"target = {deployment.target}", target.port)],
                f"the document's service has port {port}, the deployment's target {target.port}, and [addresses] maps "
                "neither: another service than the document's may be judged",
            )


def _arguments(document: Document, deployment: Deployment) -> Iterator[Conflict]:
    """`--max-num-seqs 64` under [start], where the document configures another value."""
    if deployment.start is None or any(setting.scope for setting in document.configuration):
        return
    for name, value in _flags(deployment.start.arguments):
        settings = [
            setting
            for setting in document.configuration
            if setting.name == name and isinstance(setting.value, str | int | float)
        ]
        if name != "port" and settings and all(comparable(item.value) != comparable(value) for item in settings):
            yield _conflict(
                document,
                deployment.name,
                name,
                settings,
                [(f"[start] arguments: --{name.replace('_', '-')}", value)],
                f"the document sets {name} {settings[0].value}, the deployment starts its service with {value}: "
                "what is judged is not what the document configures",
            )


def _flags(arguments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for index, argument in enumerate(arguments):
        match = _FLAG.match(argument)
        if match is None:
            continue
        following = arguments[index + 1] if index + 1 < len(arguments) else ""
        value = match["value"] if match["value"] is not None else following
        if value and not value.startswith("--"):
            yield match["name"].replace("-", "_"), value


def _engine(document: Document, deployment: Deployment) -> Iterator[Conflict]:
    """An engine that the deployment names, where the document configures another; the simulated one may replace any."""
    named = deployment.engine.strip().lower()
    settings = [
        setting
        for setting in document.configuration
        if setting.name.rsplit("_", 1)[-1] in ("framework", "engine", "backend") and isinstance(setting.value, str)
    ]
    stated = {str(setting.value).lower() for setting in settings}
    if (
        named
        and _SIMULATED not in named
        and len(stated) == 1
        and not any(item in named or named in item for item in stated)
    ):
        yield _conflict(
            document,
            deployment.name,
            "engine",
            settings,
            [("engine", deployment.engine)],
            f"the document runs on {settings[0].value}, the deployment on {deployment.engine}: figures of one engine "
            "say nothing about another",
        )


def _conflict(
    document: Document,
    name: str,
    subject: str,
    settings: list[Setting],
    deployed: list[tuple[str, object]],
    message: str,
) -> Conflict:
    """A conflict whose last sides are the deployment's: its name, and no line."""
    stated = [
        Side(document=document.path, line=setting.line, value=setting.value, spelling=setting.spelling)
        for setting in settings
    ]
    given = [Side(document=name, line=0, value=value, spelling=spelling) for spelling, value in deployed]
    return Conflict(kind=KIND, subject=subject, sides=(*stated, *given), message=message, criteria=())
