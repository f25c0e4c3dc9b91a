"""Each shipped document has a deployment that loads, knows its addresses, and starts only what there is."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.commands.runs.serve import SERVICES
from signoff.acceptance.deployment import load
from signoff.acceptance.reading import Document, read_documents
from signoff.acceptance.running.addresses import primary_address

FIXTURES = Path(__file__).parents[3] / "fixtures"
STEMS = sorted(path.stem for path in (FIXTURES / "tasks").glob("*.md"))
ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}:\d{2,5}")


def document_of(stem: str) -> Document:
    return read_documents([FIXTURES / "tasks" / f"{stem}.md"], KINDS).documents[0]


def asked(document: Document) -> set[str]:
    """Every `host:port` that a command of the document asks, or its configuration names; a placeholder is none."""
    requests = [command.request for command in document.commands if command.request is not None]
    addresses = {str(request["address"]) for request in requests if request["address"]}
    named = {str(s.value) for s in document.configuration if ADDRESS.fullmatch(str(s.value))}
    return {address for address in addresses | named if "[" not in address}


def test_every_document_has_a_deployment_and_every_deployment_a_document() -> None:
    # What comes after the document's name is the engine that it is judged on: 1.3-hermes-2-vllm.toml.
    named = [path.stem for path in (FIXTURES / "deployments").glob("*.toml")]
    assert [stem for stem in STEMS if stem not in named] == []
    assert [name for name in named if not name.startswith(tuple(STEMS))] == []
    assert len(STEMS) == 5


@pytest.mark.parametrize("stem", STEMS)
def test_every_address_that_a_document_asks_is_named(stem: str) -> None:
    document, deployment = document_of(stem), load(FIXTURES / "deployments" / f"{stem}.toml")
    primary = primary_address(document.criteria, deployment.target)
    for address in asked(document):
        url, assumption = deployment.url(address, primary)
        assert urlsplit(url).hostname is not None
        assert assumption == ""


@pytest.mark.parametrize("stem", STEMS)
def test_nothing_that_is_shipped_leads_off_this_machine(stem: str) -> None:
    deployment = load(FIXTURES / "deployments" / f"{stem}.toml")
    urls = [deployment.target, *deployment.services.values(), *deployment.addresses.values()]
    hosts = {urlsplit(url).hostname if "://" in url else url for url in urls}
    assert all(host is not None and host.startswith("127.0.0.") for host in hosts), hosts


@pytest.mark.parametrize("stem", STEMS)
def test_only_services_that_there_are_get_started(stem: str) -> None:
    deployment = load(FIXTURES / "deployments" / f"{stem}.toml")
    assert deployment.start is None or deployment.start.service in SERVICES


@pytest.mark.parametrize("stem", STEMS)
def test_folders_that_stand_for_the_servers_are_there(stem: str) -> None:
    deployment = load(FIXTURES / "deployments" / f"{stem}.toml")
    assert [str(root) for root in deployment.files.values() if not root.exists()] == []
    assert deployment.library is None or all(path.is_dir() for path in deployment.library.paths)


@pytest.mark.parametrize("stem", STEMS)
def test_what_is_out_of_reach_is_a_kind_that_is_judged_or_a_criterion_of_the_document(stem: str) -> None:
    deployment = load(FIXTURES / "deployments" / f"{stem}.toml")
    known = set(CHECKS) | {criterion.id for criterion in document_of(stem).criteria}
    assert set(deployment.out_of_reach) <= known


def test_the_services_of_one_document_have_its_ports_and_no_address_in_common() -> None:
    document, deployment = (
        document_of("0.2-ai-model-services"),
        load(FIXTURES / "deployments/0.2-ai-model-services.toml"),
    )
    ports = {s.scope: s.value for s in document.configuration if s.name == "port" and s.scope}
    assert {url.rsplit(":", 1)[1] for url in deployment.services.values()} == {str(port) for port in ports.values()}
    assert len({urlsplit(url).hostname for url in deployment.services.values()}) == len(ports) == 4
