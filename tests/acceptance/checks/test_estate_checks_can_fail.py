"""Checks of estates, files and libraries: each passes what is sound, and fails what is wrong in just that."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.deployment import CalledLibrary
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict
from tests.acceptance.cases.servers.estate import MODELS, SERVICES, Estate, completion
from tests.acceptance.conftest import BRIEF, Answer, as_json, criterion

CLOSED = "http://127.0.0.1:9"
Serve = Callable[[Answer], str]
At = Callable[..., Site]


@pytest.fixture
def at(tmp_path: Path) -> At:
    """A site with records in a folder of its own."""
    numbers = itertools.count()

    def make(target: str = CLOSED, **named: Any) -> Site:
        deployment = replace(deployments.from_target(target), target_only=False, **named)
        return Site(deployment, BRIEF, tmp_path / f"run-{next(numbers)}", ())

    return make


def verdict(site: Site, asked: Criterion) -> Verdict:
    """The verdict, which has to come out the same again from the records that were stored."""
    check = CHECKS[asked.kind]
    evidence = check.measure(asked, site)
    found = check.judge(asked, evidence)
    lines = (site.folder / evidence.file).read_text(encoding="utf-8").splitlines()
    stored = Evidence(evidence.name, evidence.file, tuple(json.loads(line) for line in lines))
    assert check.judge(asked, stored) == found
    return found


def passes(site: Site, asked: Criterion, because: str = "") -> None:
    found = verdict(site, asked)
    assert (found.outcome, because in found.reason) == ("pass", True), found


def fails(site: Site, asked: Criterion, because: str) -> None:
    found = verdict(site, asked)
    assert (found.outcome, because in found.reason) == ("fail", True), found


def is_not_measurable(site: Site, asked: Criterion, because: str, hint: str = "") -> None:
    try:
        found = verdict(site, asked)
        outcome, reason, said = found.outcome, found.reason, found.hint
    except NotMeasurable as missing:
        outcome, reason, said = "not_measurable", str(missing), missing.hint
    assert (outcome, because in reason, hint in said) == ("not_measurable", True, True), (outcome, reason, said)


@pytest.fixture
def estate() -> Estate:
    return Estate()


@pytest.fixture
def gateway(serve: Serve, estate: Estate, at: At) -> Callable[..., Site]:
    """A site whose deployment names the estate for these roles."""
    address = serve(estate)
    return lambda *roles, **more: at(addresses={**dict.fromkeys(roles, address), **more})


def test_gateway_routing(gateway: At, estate: Estate) -> None:
    asked = criterion("gateway_routing", services=SERVICES)
    passes(gateway("gateway"), asked, "3 models answer, each in its own name")
    estate.renamed = {"phi-3-mini": "nous-hermes-2"}
    fails(gateway("gateway"), asked, "asked for phi-3-mini, nous-hermes-2 answered")
    estate.renamed, estate.unknown = {}, completion
    fails(gateway("gateway"), asked, "repeats the name that it is asked for")
    estate.models = MODELS[:2]
    fails(gateway("gateway"), asked, "lists no model of phi")
    estate.models = [*MODELS[:2], "dolphin"]
    fails(gateway("gateway"), asked, "lists no model of phi")
    estate.models = []
    fails(gateway("gateway"), asked, "gives 404, not 200")
    fails(gateway(gateway=CLOSED), asked, "ConnectError")


def test_a_target_that_lists_models_of_one_service_is_no_gateway(serve: Serve, estate: Estate, at: At) -> None:
    target = serve(estate)
    passes(at(target), criterion("gateway_routing", services=SERVICES))
    estate.models = ["hermes-2", "teknium/OpenHermes-2", "nous-hermes-2"]
    for kind in ("gateway_routing", "discovery"):
        is_not_measurable(
            at(target), criterion(kind, services=SERVICES), "shows no gateway", 'add gateway = "http://HOST'
        )
    estate.models = []
    is_not_measurable(at(target), criterion("discovery", services=SERVICES), "gives 404", 'add gateway = "http://HOST')


def test_a_service_is_known_by_what_it_lists_itself(serve: Serve, gateway: At, estate: Estate) -> None:
    estate.models = ["llama-large", "llama-small"]
    asked = criterion("gateway_routing", services=["chat"])
    fails(gateway("gateway"), asked, "lists no model of chat")
    own = serve(lambda method, path, body: as_json({"data": [{"id": "llama-small"}]}))
    site = gateway("gateway")
    site.deployment = replace(site.deployment, services={"chat": own})
    passes(site, asked, "llama-small")


def test_discovery(gateway: At, serve: Serve, estate: Estate) -> None:
    asked = criterion("discovery", services=SERVICES)
    passes(gateway("gateway"), asked)
    estate.models = MODELS[1:]
    fails(gateway("gateway"), asked, "does not list mixtral")
    registry: dict[str, Any] = {"services": {name: {"status": "healthy"} for name in SERVICES}}
    address = serve(lambda method, path, body: as_json(registry))
    passes(gateway(discovery=address), asked)
    registry["services"]["phi"]["status"] = "down"
    fails(gateway(discovery=address), asked, "phi as 'down'")
    registry.clear()
    fails(gateway(discovery=address), asked, "lists nothing")


def test_balancing(gateway: At, at: At, serve: Serve, estate: Estate) -> None:
    asked = criterion("balancing")
    passes(gateway("gateway"), asked, "24 requests over 2 replicas")
    estate.replicas = itertools.repeat("replica-a")
    fails(gateway("gateway"), asked, "all 24 requests were answered by one replica, replica-a 24")
    estate.replicas = itertools.repeat("")
    is_not_measurable(gateway("gateway"), asked, "says which replica gave it", "X-Served-By")
    estate.replicas = map(str, itertools.count())
    is_not_measurable(gateway("gateway"), asked, "says which replica gave it")
    estate.models, estate.broken = MODELS[:1], MODELS[0]
    fails(gateway("gateway"), asked, "24 of 24 requests")
    is_not_measurable(at(serve(estate)), asked, "does not say where the gateway is", "add gateway")


def test_a_replica_is_told_by_a_header() -> None:
    def answers(*names: str) -> Evidence:
        record = {"record": "answer", "url": CLOSED, "status": 200, "error": "", "json": {"system_fingerprint": "fp"}}
        records = ({**record, "headers": {"x-served-by": name}} for name in names)
        return Evidence("balancing", "b.jsonl", tuple(records))

    judge = CHECKS["balancing"].judge
    assert judge(criterion("balancing"), answers("a", "b", "a")).outcome == "pass"
    assert judge(criterion("balancing"), answers("a", "a", "a")).outcome == "fail"


def test_breaker(gateway: At, estate: Estate) -> None:
    asked = criterion("breaker")
    estate.broken = "phi-3-mini"
    site = gateway("gateway", broken="phi-3-mini")
    passes(site, asked, "refuses at once after 2 failures")
    estate.refusals = itertools.repeat(502)
    fails(gateway("gateway", broken="phi-3-mini"), asked, "did not come to refuse at once")
    estate.refusals = itertools.cycle([503, 503, 502])
    fails(gateway("gateway", broken="phi-3-mini"), asked, "did not come to refuse at once")
    estate.refusals = itertools.repeat(503)
    estate.models = ["phi-3-mini"]
    fails(gateway("gateway", broken="phi-3-mini"), asked, "affects others")
    estate.models, estate.broken = MODELS, ""
    is_not_measurable(gateway("gateway", broken="phi-3-mini"), asked, "answers with 200")
    is_not_measurable(gateway("gateway"), asked, "Signoff breaks nothing itself", "add broken")


def test_a_slow_refusal_is_no_open_breaker() -> None:
    def refusals(*seconds: float) -> Verdict:
        record = {"record": "refusal", "url": CLOSED, "status": 503, "error": ""}
        records = tuple({**record, "seconds": each} for each in seconds)
        return CHECKS["breaker"].judge(criterion("breaker"), Evidence("breaker", "b.jsonl", records))

    assert refusals(30.0, 0.01, 0.01, 0.01).outcome == "pass"
    assert refusals(30.0, 30.0, 30.0, 30.0).outcome == "fail"
    assert refusals(0.01, 0.01).outcome == "fail"


INFER = {"method": "POST", "address": None, "path": "/infer", "headers": {}, "body": None, "line": 1}


def test_fallback_chain(serve: Serve, at: At) -> None:
    sound: list[Any] = [{"response": "Hi", "source": "local"}, 200]
    degraded: list[Any] = [{"response": "Hi", "source": "local", "degraded": True}, 200]
    target = serve(lambda method, path, body: as_json(*sound))
    below = serve(lambda method, path, body: as_json(*degraded))
    asked = criterion("fallback_chain", request=INFER)

    def site() -> Site:
        return at(target, addresses={"degraded": below})

    passes(site(), asked, "the degraded one is marked: degraded: True")
    degraded[:] = [{"error": "no model is loaded"}, 503]
    passes(site(), asked, "is a 503: no model is loaded")
    degraded[:] = [{}, 503]
    fails(site(), asked, "503 without a reason in JSON")
    degraded[:] = [{"error": "boom"}, 500]
    fails(site(), asked, "neither a marked answer nor a 503")
    degraded[:] = [{"response": "Hi", "source": "local", "degraded": False}, 200]
    fails(site(), asked, "as if nothing were wrong")
    degraded[:] = [{"response": "I am a fallback", "status": "degraded"}, 200]
    passes(site(), asked)
    sound[:] = [{"response": "Hi"}, 200]
    fails(site(), asked, "does not say where it comes from")
    sound[:] = [{"response": "Hi", "source": "degraded_fallback"}, 200]
    fails(site(), asked, "calls itself degraded as well")
    is_not_measurable(at(target), asked, "where the degraded is", "add degraded")
    fails(at(target, addresses={"degraded": CLOSED}), asked, "degraded as well")


QUERY = {**INFER, "method": "GET", "address": "10.0.0.7:9090", "path": "/api/v1/query?query=requests_total"}


def test_prometheus_series(gateway: At, at: At, estate: Estate) -> None:
    asked = criterion("prometheus_series", request=QUERY)

    def answered(result: Any, code: int = 200, **more: Any) -> Site:
        data = {"resultType": "vector", "result": result}
        estate.more["/api/v1/query?query=requests_total"] = ({"status": "success", "data": data, **more}, code)
        return gateway("prometheus")

    series = {"metric": {"job": "hermes"}, "value": [1.0, "7"]}
    passes(answered([series]), asked, "1 series for requests_total")
    named = at(addresses={"10.0.0.7:9090": answered([series]).deployment.addresses["prometheus"]})
    passes(named, asked)
    fails(answered([]), asked, "knows no series for requests_total")
    fails(answered([series], status="error"), asked, "with status 'success'")
    fails(answered([], 400, error="parse error"), asked, "gives 400, not 200: parse error")
    assert verdict(answered([{"value": [1.0, "NaN"]}]), asked).outcome == "inconclusive"
    is_not_measurable(at(), asked, "where the prometheus is", "add prometheus")


def test_alert_rules(gateway: At, at: At, estate: Estate) -> None:
    asked = criterion("alert_rules", words=["latency", "memory"])
    slow = {"type": "alerting", "name": "HighLatency", "query": "latency_seconds > 2", "health": "ok"}
    large = {"type": "alerting", "name": "Large", "query": "up", "annotations": {"summary": "memory"}, "health": "ok"}

    def ruled(*rules: Any) -> Site:
        estate.more["/api/v1/rules"] = ({"status": "success", "data": {"groups": [{"rules": list(rules)}]}},)
        return gateway("prometheus")

    passes(ruled(slow, large), asked, "HighLatency, Large")
    passes(ruled({**slow, "name": "Slow", "query": "request_duration_seconds > 2"}, large), asked, "Slow, Large")
    fails(ruled(slow), asked, "mentions memory")
    fails(ruled(slow, {**large, "type": "recording"}), asked, "mentions memory")
    fails(ruled(slow, {**large, "health": "err", "lastError": "no such metric"}), asked, "cannot be evaluated: no such")
    fails(ruled(), asked, "has no alerting rule")
    estate.more.clear()
    fails(gateway("prometheus"), asked, "gives 404, not 200")
    is_not_measurable(at(), asked, "where the prometheus is", "add prometheus")


def test_dashboard(gateway: At, at: At, estate: Estate) -> None:
    asked, any_of = criterion("dashboard", uid="hermes"), criterion("dashboard", uid=None)
    dashboard: dict[str, Any] = {"title": "Hermes", "panels": [{"type": "row", "panels": [{"type": "stat"}]}]}
    estate.more["/api/dashboards/uid/hermes"] = ({"dashboard": dashboard, "meta": {}},)
    estate.more["/api/search?type=dash-db&limit=10"] = ([{"uid": "hermes"}],)
    passes(gateway("grafana"), asked, "'Hermes' has 1 panels: stat")
    passes(gateway("grafana"), any_of)
    dashboard["panels"] = [{"type": "row", "panels": []}, {"type": "text"}]
    fails(gateway("grafana"), asked, "no panel that shows data")
    fails(gateway("grafana"), any_of, "no panel that shows data")
    fails(gateway("grafana"), criterion("dashboard", uid="a/b"), "/a%2Fb gives 404, not 200")
    estate.more["/api/search?type=dash-db&limit=10"] = ([],)
    fails(gateway("grafana"), any_of, "finds no dashboard")
    estate.more["/api/dashboards/uid/hermes"] = ({"message": "Unauthorized"}, 401)
    is_not_measurable(gateway("grafana"), asked, "the grafana requires a key")
    is_not_measurable(at(), asked, "where the grafana is", "add grafana")


def limited(kind: str, value: float, unit: str, comparator: Any, **parameters: Any) -> Criterion:
    limit = Threshold(value, unit, comparator, None, kind)
    return replace(criterion(kind, **parameters), threshold=limit)


def test_disk(at: At, tmp_path: Path) -> None:
    site = at(files={"/opt/models": tmp_path})
    usage = shutil.disk_usage(tmp_path)
    passes(site, limited("disk", usage.total, "bytes", ">=", path="/opt/models"), "in all")
    fails(site, limited("disk", usage.total, "bytes", ">", path="/opt/models"), "bytes is asked for")
    fails(site, limited("disk", 10**6, "TB", ">=", path="/opt/models"), "1e+06 TB is asked for")
    about_memory = f"{usage.total} bytes of storage, 15 GB available memory"
    passes(site, replace(limited("disk", usage.total, "bytes", ">=", path="/opt/models"), text=about_memory), "in all")
    room = replace(limited("disk", usage.total, "bytes", ">=", path="/opt/models"), text="that much free space")
    fails(site, room, "free, >=")
    passes(site, limited("disk", usage.total, "bytes", ">=", path="/opt/models/to/come.gguf"), f"of {tmp_path} has")
    gone = at(files={"/opt/models": tmp_path / "gone"})
    is_not_measurable(gone, limited("disk", 1, "bytes", ">=", path="/opt/models"), "cannot be looked at")
    is_not_measurable(site, limited("disk", 1, "GB", "<=", path="/opt/models"), "limits the used space")
    is_not_measurable(site, limited("disk", 1, "GB", ">=", path="/data"), "names no folder", '"/data" = "FOLDER"')
    away = at("http://192.0.2.1:1", files={"/opt/models": tmp_path})
    is_not_measurable(away, limited("disk", 1, "GB", ">=", path="/opt/models"), "is another machine")


def test_file(at: At, tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside.txt"
    root.mkdir()
    outside.write_text("secret", encoding="utf-8")
    (root / "link.txt").symlink_to(outside)
    (root / "model.gguf").write_bytes(b"m" * 2_400_000)
    (root / "empty").write_bytes(b"")
    (root / "hollow").mkdir()

    def asked(name: str) -> Criterion:
        return criterion("file", path=f"/opt/models/{name}")

    site = at(files={"/opt/models": root})
    passes(site, asked("model.gguf"), "2,400,000 bytes")
    passes(site, replace(asked("model.gguf"), threshold=Threshold(2.4, "MB", "==", None, "size")))
    fails(site, replace(asked("model.gguf"), threshold=Threshold(2.5, "MB", "==", None, "size")), "== 2.5 MB")
    fails(site, replace(asked("model.gguf"), threshold=Threshold(2, "MB", "<=", None, "size")), "<= 2 MB is asked")
    passes(site, replace(asked("model.gguf"), parameters={**asked("model.gguf").parameters, "low": 2e6, "high": 3e6}))
    fails(site, criterion("file", path="/opt/models/model.gguf", low=3e6, high=4e6), "from 3,000,000 to 4,000,000")
    fails(site, asked("missing"), "does not exist")
    fails(site, asked("empty"), "is empty")
    fails(site, asked("hollow"), "is empty")
    is_not_measurable(site, asked("../outside.txt"), "leaves the folder")
    is_not_measurable(site, asked("link.txt"), "leaves the folder")
    is_not_measurable(site, criterion("file", path="/etc/passwd"), "names no folder")


def coverage_report(covered: int = 96, statements: int = 100, **totals: Any) -> dict[str, Any]:
    summary = {"covered_lines": covered, "num_statements": statements}
    share = 100 * covered / statements if statements else 100.0
    return {
        "meta": {"timestamp": "2026-01-31T10:00:00"},
        "files": {"a.py": {"summary": dict(summary)}},
        "totals": {**summary, "percent_covered": share, **totals},
    }


def test_coverage(at: At, tmp_path: Path) -> None:
    path = tmp_path / "coverage.json"
    asked = limited("coverage", 95, "%", ">")

    def site(report: Any) -> Site:
        path.write_text(json.dumps(report), encoding="utf-8")
        return at(files={"coverage.json": path})

    passes(site(coverage_report()), asked, "96.00 % of 100 statements, report of 2026-01-31")
    fails(site(coverage_report(95)), asked, "> 95 % is asked for")
    fails(site(coverage_report(0, 0)), asked, "measured no statement")
    fails(site(coverage_report(90, percent_covered=99.0)), asked, "its own counts give 90.00 %")
    fails(site(coverage_report(num_statements=1000, covered_lines=960)), asked, "its files hold 100")
    fails(site({"totals": {"percent_covered": "99"}}), asked, "states no percent_covered")
    is_not_measurable(site([]), asked, "no totals", "coverage json")
    is_not_measurable(at(files={"coverage.json": tmp_path / "none.json"}), asked, "there is no file", "coverage json")
    is_not_measurable(at(), asked, "names no report of coverage.py", 'add "coverage.json"')


JUNIT = '<testsuite name="pytest" tests="{tests}" timestamp="2026-01-31T10:00:00">{cases}</testsuite>'
SOUND_CASE = '<testcase classname="tests.unit.test_a" name="test_one"/>'


def test_test_report(at: At, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"

    def site(*cases: str, tests: int | None = None, names: str = "junit.xml", prolog: str = "") -> Site:
        text = JUNIT.format(tests=len(cases) if tests is None else tests, cases="".join(cases))
        path.write_text(prolog + text, encoding="utf-8")
        return at(files={names: path})

    asked = criterion("test_report", suite=None)
    failing = SOUND_CASE.replace("/>", '><failure message="1 != 2">trace</failure></testcase>')
    broken = SOUND_CASE.replace("/>", '><error message="no fixture"/></testcase>')
    skipped = SOUND_CASE.replace("/>", "><skipped/></testcase>")
    passes(site(SOUND_CASE, skipped), asked, "all 1 tests passed, 1 skipped, report of 2026-01-31")
    fails(site(SOUND_CASE, failing), asked, "1 of 2 tests failed, report of 2026-01-31: test_one: 1 != 2")
    fails(site(SOUND_CASE, broken), asked, "no fixture")
    fails(site(), asked, "no test ran")
    fails(site(skipped), asked, "no test ran")
    fails(site(SOUND_CASE, tests=5), asked, "claims 5 tests and holds 1")
    unit, load = criterion("test_report", suite="unit"), criterion("test_report", suite="load")
    passes(site(SOUND_CASE), unit)
    passes(site(SOUND_CASE.replace("unit", "e2e")), criterion("test_report", suite="end-to-end"))
    is_not_measurable(site(SOUND_CASE.replace("test_one", "test_upload")), load, "no test of a suite 'load'")
    is_not_measurable(site(SOUND_CASE), load, "holds no test of a suite 'load'", 'add "load" = "FILE.xml"')
    fails(site(failing, names="load"), load, "1 of 1 tests failed")
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>'
    is_not_measurable(site(SOUND_CASE, prolog=bomb), asked, "declares a document type")
    is_not_measurable(site("<testcase>"), asked, "no XML: mismatched tag")
    is_not_measurable(site(prolog='<?xml version="1.0" encoding="nowhere"?>'), asked, "unknown encoding: nowhere")
    is_not_measurable(site("<a>" * 99 + "</a>" * 99), asked, "nested more than 64 deep")
    is_not_measurable(at(), asked, "names no JUnit XML", 'add "junit.xml"')


def test_documentation_of_the_api(serve: Serve, at: At) -> None:
    operation: dict[str, Any] = {"summary": "Open a session", "responses": {"200": {"description": "It is open"}}}
    body: dict[str, Any] = {"openapi": "3.1.0", "paths": {"/sessions": {"post": operation, "parameters": []}}}
    target = serve(lambda method, path, _: as_json(body) if path == "/openapi.json" and body else as_json({}, 404))
    asked = criterion("documentation", of="api", topics=["sessions"])
    passes(at(target), asked, "all 1 operations are described")
    fails(at(target), criterion("documentation", of="api", topics=["billing"]), "is about billing")
    operation["responses"] = {}
    fails(at(target), asked, "describes no response of POST /sessions")
    del operation["summary"]
    fails(at(target), asked, "says nothing about POST /sessions")
    body["paths"] = {}
    fails(at(target), asked, "describes no operation")
    body.clear()
    is_not_measurable(at(target), asked, "gives 404", "add openapi")
    fails(at(target, addresses={"openapi": f"{target}/docs.json"}), asked, "gives 404, not 200")


def test_documentation_in_guides(at: At, tmp_path: Path) -> None:
    guide = tmp_path / "docs" / "operating.md"
    guide.parent.mkdir()
    asked = criterion("documentation", of="guides", topics=["installation", "troubleshooting"])
    text = "Take the package and start it. " * 6

    def site() -> Site:
        return at(files={"docs": guide.parent})

    fails(site(), asked, "holds no guide in Markdown")
    guide.write_text(f"# Installing\n\n{text}\n\n## Troubleshooting\n\n{text}\n", encoding="utf-8")
    passes(site(), asked, "1 guides with 2 written chapters")
    guide.write_text(f"# Installing\n\n{text}\n\n```sh\n# Troubleshooting\n```\n", encoding="utf-8")
    found = verdict(site(), asked)
    assert (found.outcome, "only the text of operating.md" in found.reason) == ("inconclusive", True), found
    guide.write_text(f"# Installing\n\n{text}\n\n# Troubleshooting\n\nSoon.\n", encoding="utf-8")
    fails(site(), asked, "about troubleshooting holds 1 words")
    guide.write_text(f"# Installing\n\n{text}\n\n# Troubleshooting\n\nTODO {text}\n", encoding="utf-8")
    fails(site(), asked, "says that it is unwritten")
    (tmp_path / "secret.md").write_text(f"# Troubleshooting\n\n{text}\n", encoding="utf-8")
    guide.write_text(f"# Installing\n\n{text}\n", encoding="utf-8")
    (guide.parent / "more.md").symlink_to(tmp_path / "secret.md")
    fails(site(), asked, "no heading mentions troubleshooting (1 guides")
    is_not_measurable(at(), asked, "names no folder of guides", 'add "docs"')


LISTED = ("house.services.Chat", "house.Talk", "house.services.check")


@pytest.fixture
def library(tmp_path: Path, at: At) -> Callable[..., Site]:
    """A site with a package of one module of this text."""

    def make(text: str, calls: tuple[str, ...] = LISTED, init: str = "") -> Site:
        package = tmp_path / "library" / "house"
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(init, encoding="utf-8")
        (package / "services.py").write_text(text, encoding="utf-8")
        return at(library=CalledLibrary(python="", paths=(package.parent,), calls=calls))

    return make


def test_library_class(library: Callable[..., Site], at: At) -> None:
    asked = criterion("library_class", **{"class": "Chat", "base": "Base"})
    sound = "class Base: ...\nclass Middle(Base): ...\nclass Chat(Middle): ...\n"
    passes(library(sound), asked, "house.services has the class Chat, derived from Base")
    passes(
        library(sound, init="from house.services import Chat as Talk"), criterion("library_class", **{"class": "Talk"})
    )
    fails(library("class Base: ...\nclass Chat: ...\n"), asked, "derives from object and not from Base")
    fails(library("class Base: ...\n"), asked, "no module of house defines a class Chat")
    fails(library(sound + "raise RuntimeError('no GPU')\n"), asked, "cannot be imported: RuntimeError: no GPU")
    fails(library("class Base: ...\nclass Chat(Base): ...\nChat = 7\n"), asked, "house.services: Chat is no class")
    fails(library(sound, calls=("other.Chat",)), asked, "no module of other")
    is_not_measurable(library(sound, calls=("house.f",)), asked, "does not list", '"house.services.Chat"')
    is_not_measurable(at(), asked, "names no interpreter", "[library]")


def test_library_result(library: Callable[..., Site], at: At) -> None:
    steps = [
        {"op": "import", "module": "house.services", "name": "check", "as": "check"},
        {"op": "print", "value": {"call": "check", "arguments": [], "keywords": {}}},
    ]
    asked = criterion("library_result", steps=steps, mentions=["store"])

    def gives(value: str) -> Site:
        return library(f"def check():\n    return {value}\n")

    passes(gives("'connected to the store, errors: 0'"), asked)
    passes(gives("{'store': 'well', 'errors': [], 'ok': True}"), asked)
    fails(gives("'connected'"), asked, "says nothing about store")
    fails(gives("None"), asked, "printed None")
    fails(gives("False"), asked, "printed False")
    fails(gives("'store: connection failed'"), asked, "printed store: connection failed")
    fails(gives("{'store': {'status': 'unhealthy'}}"), asked, "printed store: status: unhealthy")
    fails(gives("{'store': 'x', 'errors': ['timeout']}"), asked, "errors: ['timeout']")
    fails(gives("{'store': 'x', 'connected': False}"), asked, "connected: False")
    fails(gives("1 / 0"), asked, "ended with ZeroDivisionError")
    silent = criterion("library_result", steps=steps[:1], mentions=[])
    assert verdict(gives("1"), silent).outcome == "inconclusive"
    is_not_measurable(at(), asked, "names no interpreter", "[library]")
    is_not_measurable(gives("1"), criterion("library_result", steps=None, why="a loop"), "a loop")


def test_a_figure_names_the_process_that_it_is_of(serve: Serve, at: At) -> None:
    site = at(serve(lambda method, path, body: completion("m")))
    site.process_id = os.getpid()
    name = psutil.Process().name()
    for kind in ("memory", "cpu"):
        asked = criterion(kind)
        evidence = CHECKS[kind].measure(asked, site)
        process = list(evidence.of("process"))[-1]
        assert (process["pid"], process["text"]) == (os.getpid(), f"process {os.getpid()} ({name})")
    assert f"of process {os.getpid()} ({name})" in CHECKS["memory"].judge(criterion("memory"), evidence).reason


def test_a_forwarder_is_not_measured_in_the_place_of_a_service(at: At, tmp_path: Path) -> None:
    program = tmp_path / "docker-proxy"
    shutil.copy(shutil.which("sleep") or "", program)
    process = subprocess.Popen([program, "60"])
    try:
        site = at()
        site.process_id = process.pid
        for kind in ("memory", "cpu"):
            is_not_measurable(site, criterion(kind), f"process {process.pid} (docker-proxy) listens at {CLOSED}")
    finally:
        process.kill()
        process.wait()


def test_a_setting_names_the_address_that_reports_it(serve: Serve, at: At) -> None:
    target = serve(lambda method, path, body: as_json({"port": 11402, "max_model_len": 4096}))
    fails(at(target), criterion("config_value"), f"{target}/config reports 11402, the document says 11401")
    fails(at(target), criterion("engine_settings"), f"{target}/config: max_model_len is 4096, not 8192")
