"""Where the metrics of the service under load are looked for, and what a run keeps of them."""

from __future__ import annotations

import json
from dataclasses import replace

from signoff.acceptance.deployment import Deployment
from signoff.acceptance.measuring import metrics_address, offered_load
from signoff.acceptance.measuring.site import Site
from signoff.reports.stored.decode import decode
from signoff.reports.stored.stored_server import StoredServerSide
from tests.acceptance.conftest import BRIEF, criterion
from tests.perf.load.counting_server import ANSWER_TOKENS, counting_server

TARGET = "http://127.0.0.1:11401"


def urls(deployment: Deployment, *criteria, service: str = "") -> list[str]:
    site = Site(deployment, BRIEF, None, criteria, primary_address="h:11401", service=service)
    return [source.url for source in metrics_address.sources(site)]


def asked(address: str, path: str = "/metrics", service: str = ""):
    found = criterion("metrics", request={"method": "GET", "path": path, "address": address})
    return replace(found, service=service)


def test_the_target_itself_is_asked_where_nobody_says_otherwise():
    assert urls(Deployment("d", TARGET)) == [f"{TARGET}/metrics"]


def test_the_document_s_address_is_looked_up_in_the_deployment_and_asked_before_the_target():
    deployment = Deployment("d", TARGET, addresses={"h:11402": "http://127.0.0.1:11402"})
    assert urls(deployment, asked("h:11402")) == ["http://127.0.0.1:11402/metrics", f"{TARGET}/metrics"]
    assert urls(deployment, asked("h:9999")) == [f"{TARGET}/metrics"]
    assert urls(deployment, asked("h:11401", "/prometheus")) == [f"{TARGET}/prometheus", f"{TARGET}/metrics"]
    assert urls(deployment, asked("h:11402", service="openchat"), service="mixtral") == [f"{TARGET}/metrics"]


def test_what_the_deployment_names_as_metrics_is_asked_first():
    deployment = Deployment("d", TARGET, addresses={"metrics": "http://127.0.0.9:9100", "h:11402": "http://x:1"})
    assert urls(deployment, asked("h:11402"))[0] == "http://127.0.0.9:9100/metrics"
    deployment = Deployment("d", TARGET, addresses={"metrics": "http://127.0.0.9:9100/own/metrics"})
    assert urls(deployment)[0] == "http://127.0.0.9:9100/own/metrics"


def test_the_load_run_keeps_what_the_server_told_as_evidence_and_for_the_result(site_at):
    with counting_server() as counting:
        site = site_at(counting.url, criterion("error_rate"))
        evidence = offered_load.measure(criterion("error_rate"), site)
    servers = list(evidence.of("server"))
    requests = len(offered_load.run_of(evidence).exchanges)
    assert servers[-1]["compared"][0]["server"] == requests
    assert servers[-1]["compared"][2]["server"] == requests * ANSWER_TOKENS
    assert servers[-1]["agrees"] is True
    assert [each["agrees"] for each in site.server_sides] == [True]
    kept = decode(StoredServerSide, json.loads(json.dumps(site.server_sides[0])), "server")
    assert (kept.url, kept.service, kept.problem) == (f"{counting.url}/metrics", "", "")
