"""The failing cases of what surrounds the services: gateway, monitoring, what is left after a stop."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.measuring import stopped
from signoff.acceptance.measuring.site import Site
from signoff.perf.processes.process_identity import identify
from tests.acceptance.cases.case import Case, Stage
from tests.acceptance.cases.servers.chat import Chat
from tests.acceptance.cases.servers.estate import MODELS, SERVICES, Estate
from tests.acceptance.conftest import as_json, criterion

Built = tuple[Site, Criterion]
QUERY = "/api/v1/query?query=requests_total"
SERIES = {"metric": {"job": "hermes"}, "value": [1.0, "7"]}


def in_an_estate(
    role: str, asked: Criterion, change: Callable[[Estate, Any], None], **addresses: str
) -> Callable[[Stage, Any], Built]:
    """An estate to which the twin's thing is done, which the deployment names for this role."""

    def built(stage: Stage, thing: Any) -> Built:
        estate = Estate()
        change(estate, thing)
        url = stage.serve(lambda method, path, body, session: estate(method, path, body))
        return stage.site("http://127.0.0.1:9", addresses={role: url, **addresses}), asked

    return built


def _answers_as(estate: Estate, name: str) -> None:
    estate.renamed = {"phi-3-mini": name}


def _lists(estate: Estate, models: list[str]) -> None:
    estate.models = models


def _replicas(estate: Estate, names: list[str]) -> None:
    estate.replicas = itertools.cycle(names)


def _refuses_with(estate: Estate, status: int) -> None:
    estate.broken, estate.refusals = "phi-3-mini", itertools.repeat(status)


def _finds(estate: Estate, series: list[Any]) -> None:
    estate.more[QUERY] = ({"status": "success", "data": {"resultType": "vector", "result": series}},)


def _has_rule(estate: Estate, about: str) -> None:
    rule = {"type": "alerting", "name": "Rule", "query": f"{about} > 2", "health": "ok"}
    estate.more["/api/v1/rules"] = ({"status": "success", "data": {"groups": [{"rules": [rule]}]}},)


def _has_panel(estate: Estate, kind: str) -> None:
    body = {"dashboard": {"title": "Hermes", "panels": [{"type": kind}]}, "meta": {}}
    estate.more["/api/dashboards/uid/hermes"] = (body,)


def _falls_back(stage: Stage, is_marked: bool) -> Built:
    request = {"method": "POST", "address": None, "path": "/infer", "headers": {}, "body": None, "line": 1}
    sound = {"response": "Hi", "source": "local"}
    target = stage.serve(lambda *_: as_json(sound))
    below = stage.serve(lambda *_: as_json({**sound, "degraded": is_marked}))
    return stage.site(target, addresses={"degraded": below}), criterion("fallback_chain", request=request)


def _at_port(stage: Stage, is_open: bool) -> Built:
    target = stage.serve(Chat()) if is_open else "http://127.0.0.1:9"
    port = int(target.rsplit(":", 1)[1])
    return stage.site(target), criterion("port", port=port)


def _after_a_stop(kind: str) -> Callable[[Stage, bool], Built]:
    """A process that served a port, and that ended when it was stopped, or did not."""

    def built(stage: Stage, ends: bool) -> Built:
        stage.patch.setattr(stopped, "GRACE_S", 0.2)
        target, process = stage.start("tests.acceptance.cases.servers.growing_server", "prompts")
        site = stage.site(target)
        identity = identify(process.pid)
        assert identity is not None
        site.stopped = (identity,)
        if ends:
            process.kill()
            process.wait()
        return site, criterion(kind, **({"port": int(target.rsplit(":", 1)[1])} if kind == "port_free" else {}))

    return built


CASES: Mapping[str, Case[Any]] = {
    "port": Case(_at_port, sound=True, broken=False),
    "gateway_routing": Case(
        in_an_estate("gateway", criterion("gateway_routing", services=SERVICES), _answers_as),
        sound="phi-3-mini",
        broken="nous-hermes-2",
    ),
    "discovery": Case(
        in_an_estate("gateway", criterion("discovery", services=SERVICES), _lists), sound=MODELS, broken=MODELS[1:]
    ),
    "balancing": Case(
        in_an_estate("gateway", criterion("balancing"), _replicas),
        sound=["replica-a", "replica-b"],
        broken=["replica-a"],
    ),
    "breaker": Case(
        in_an_estate("gateway", criterion("breaker"), _refuses_with, broken="phi-3-mini"), sound=503, broken=502
    ),
    "fallback_chain": Case(_falls_back, sound=True, broken=False),
    "prometheus_series": Case(
        in_an_estate(
            "prometheus",
            criterion("prometheus_series", request={"method": "GET", "address": None, "path": QUERY, "headers": {}}),
            _finds,
        ),
        sound=[SERIES],
        broken=[],
    ),
    "alert_rules": Case(
        in_an_estate("prometheus", criterion("alert_rules", words=["latency"]), _has_rule),
        sound="latency_seconds",
        broken="errors_total",
    ),
    "dashboard": Case(
        in_an_estate("grafana", criterion("dashboard", uid="hermes"), _has_panel), sound="stat", broken="text"
    ),
    "port_free": Case(_after_a_stop("port_free"), sound=True, broken=False),
    "service_gone": Case(_after_a_stop("service_gone"), sound=True, broken=False),
}
