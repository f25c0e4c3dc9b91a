"""The scrape configuration, rules and dashboards of the estate, held against what the services really expose."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from signoff.acceptance import deployment as deployments
from signoff.acceptance.services import estate
from signoff.reference_services.health import estate_file
from signoff.reference_services.operations import scraping
from tests.prepared.prepared_process import DEVNULL, PreparedProcess
from tests.reference_services.gateway_process import Gateway, until
from tests.reference_services.running import ROOT, await_ready, environment, free_ports, start_service

OPERATIONS = ROOT / "reference_services/operations"
DASHBOARDS = sorted((OPERATIONS / "dashboards").glob("*.json"))
MODELS = ("mixtral-8x7b", "hermes-2", "openchat-3.5", "phi-3-mini")
HOST = "127.0.0.27"
TARGETS = (*MODELS, "gateway", "health")
NOT_INSTALLED = "Debian's package prometheus is not installed"
_ASIDE = re.compile(r'\{[^}]*\}|"[^"]*"|\[[^\]]*\]|\b(?:by|without|on|ignoring)\s*\([^)]*\)')
_NAME = re.compile(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\()\b(?!\s*\()")
_OPERATORS = {"by", "without", "on", "ignoring", "and", "or", "unless", "bool"}
_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)", re.MULTILINE)


def rules(file: str) -> list[dict[str, Any]]:
    read = yaml.safe_load((OPERATIONS / file).read_text(encoding="utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    """Every expression of the rules and of the dashboards."""
    found = [rule["expr"] for file in ("names.yml", "alerts.yml") for rule in rules(file)]
    for file in DASHBOARDS:
        panels = json.loads(file.read_text(encoding="utf-8"))["panels"]
        found += [target["expr"] for panel in panels for target in panel["targets"]]
    return found


def metrics_of(expression: str) -> set[str]:
    return {name for name in _NAME.findall(_ASIDE.sub(" ", expression)) if name not in _OPERATORS}


def start_health(estate_file: Path) -> tuple[PreparedProcess, str]:
    port, _ = free_ports(HOST)
    arguments = (f"--host={HOST}", f"--port={port}", f"--estate={estate_file}")
    process = PreparedProcess("signoff.reference_services.health", *arguments, env=environment(), stderr=DEVNULL)
    with httpx.Client(base_url=f"http://{HOST}:{port}", trust_env=False) as client:
        await_ready(client, process)
    return process, f"http://{HOST}:{port}"


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The four model services, a gateway and the health of them all, by name: where each tells its metrics.

    `estate` is the file that lists them.
    """
    running = {name: start_service(service=name, host=HOST) for name in MODELS}
    behind = {name: {"models": [name], "replicas": [each.url]} for name, each in running.items()}
    health: PreparedProcess | None = None
    front = Gateway(tmp_path_factory.mktemp("front") / "gateway.yaml", {"services": behind})
    try:
        # A counter with labels tells nothing before the first request.
        for name in MODELS:
            asked = {"model": name, "messages": [{"role": "user", "content": "Greet."}], "max_tokens": 2}
            assert httpx.post(f"{front.url}/v1/chat/completions", json=asked, trust_env=False).status_code == 200
        metrics = {**{name: each.metrics_url for name, each in running.items()}, "gateway": f"{front.url}/metrics"}
        file = tmp_path_factory.mktemp("estate") / "estate.json"
        started = [{"service": name, "url": url.removesuffix("/metrics")} for name, url in metrics.items()]
        services = [
            {**each, "url": running[each["service"]].url, "name": "hermes"} if each["service"] == "hermes-2" else each
            for each in started
        ]
        apart = {"hermes-metrics": metrics["hermes-2"].removesuffix("/metrics")}
        file.write_text(json.dumps({"services": services, "addresses": apart}), encoding="utf-8")
        health, url = start_health(file)
        yield {**metrics, "health": f"{url}/metrics", "estate": str(file)}
    finally:
        if health is not None:
            health.terminate()
            health.wait(60)
        front.stop()
        for each in running.values():
            each.stop()


def test_every_metric_of_a_rule_or_a_panel_is_one_that_a_service_exposes(urls: dict[str, str]) -> None:
    exposed = {"up"} | {rule["record"] for rule in rules("names.yml")}
    for name, url in urls.items():
        if name == "estate":
            continue
        exposed |= set(_SAMPLE.findall(httpx.get(url, trust_env=False).text))
    asked = {name for expression in expressions() for name in metrics_of(expression)}
    assert len(asked) > 40
    assert asked - exposed == set()


def test_names_are_found_in_expressions_and_nothing_else_is() -> None:
    assert metrics_of('sum by (service) (rate(vllm:a_total{b=~"c.."}[5m])) > 0.9 * 4e9 and on (d) up == 0') == {
        "vllm:a_total",
        "up",
    }


def test_the_scraped_addresses_are_those_of_the_estate() -> None:
    read = yaml.safe_load((OPERATIONS / "prometheus.yml").read_text(encoding="utf-8"))
    targets = {t for job in read["scrape_configs"] for each in job["static_configs"] for t in each["targets"]}
    shipped = deployments.load(estate.FILE)
    urls = {start.url for start in shipped.starts if start.service not in ("hermes-2", "switch", "prometheus")}
    assert {f"http://{target}" for target in targets} == urls | {shipped.addresses["hermes-metrics"]}


def test_each_service_has_a_dashboard_under_the_uid_of_the_documents_whose_panels_ask_something() -> None:
    read = [json.loads(file.read_text(encoding="utf-8")) for file in DASHBOARDS]
    assert {each["uid"] for each in read} == {f"{name}-dashboard" for name in (*MODELS, "gateway")}
    assert [each["uid"] for each in read] == [file.stem for file in DASHBOARDS]
    for each in read:
        assert len({panel["id"] for panel in each["panels"]}) == len(each["panels"]) >= 8
        assert all(panel["title"] and panel["targets"] for panel in each["panels"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason=NOT_INSTALLED)
def test_promtool_finds_configuration_rules_and_panels_sound(tmp_path: Path) -> None:
    panels = [expression for expression in expressions() if "$" not in expression]
    checked = tmp_path / "panels.yml"
    recorded = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(panels)]
    checked.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}), encoding="utf-8")
    for command in (["check", "config", str(OPERATIONS / "prometheus.yml")], ["check", "rules", str(checked)]):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("prometheus") is None, reason=NOT_INSTALLED)
def test_a_real_prometheus_scrapes_the_estate_and_evaluates_every_rule(urls: dict[str, str], tmp_path: Path) -> None:
    listed = estate_file.read(Path(urls["estate"]))
    file = scraping.write(tmp_path / "operations", scraping.render(listed, urls["health"], interval_s=1))
    port, _ = free_ports(HOST)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={file}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address={HOST}:{port}",
            ],
            stdout=log,
            stderr=log,
            env={**os.environ, "GOMAXPROCS": "1"},
        )
    client = httpx.Client(base_url=f"http://{HOST}:{port}", trust_env=False, timeout=60)

    def ask(path: str, **query: str) -> Any:
        try:
            return client.get(f"/api/v1/{path}", params=query).json()["data"]
        except (httpx.TransportError, ValueError, KeyError):
            time.sleep(0.05)
            return None

    try:
        until(lambda: (found := ask("query", query="sum(up)")) and value(found) == len(TARGETS), "all targets are up")
        for name in MODELS:
            prefix = re.sub(r"\W", "_", name)
            query = f"citadel_llm_{prefix}_requests_total"
            until(partial(is_one, ask, query), query)
            memory = ask("query", query=f"citadel_llm_{prefix}_memory_usage_bytes")
            assert 20e6 < value(memory) < 500e6
        evaluated = until(
            lambda: (groups := ask("rules")) and all(rule["health"] == "ok" for rule in every(groups)) and groups,
            "every rule was evaluated",
        )
        alerts = [rule for rule in every(evaluated) if rule["type"] == "alerting"]
        assert len(alerts) == len(rules("alerts.yml"))
        assert [rule["name"] for rule in alerts if rule["state"] == "firing"] == []
        names = {name for expression in expressions() for name in metrics_of(expression)} | set(of_documents())
        assert len(names) > 40
        # A record that stands on another, or on a rate, is there after the second scrape.
        until(lambda: not names - set(ask("label/__name__/values") or ()), "every name has data")
        assert {each["labels"]["job"] for each in ask("targets")["activeTargets"]} == {"models", "gateway", "health"}
        for expression in expressions():
            answer = client.get("/api/v1/query", params={"query": expression})
            assert answer.status_code == 200, answer.text
    finally:
        client.close()
        process.terminate()
        process.wait(30)


def is_one(ask: Callable[..., Any], query: str) -> bool:
    found = ask("query", query=query)
    return bool(found) and value(found) == 1


def value(found: Any) -> float:
    return float(found["result"][0]["value"][1]) if found["result"] else float("nan")


def of_documents() -> list[str]:
    """The names that the documents ask Prometheus for, their placeholder filled with each model service."""
    texts = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "fixtures/tasks").glob("*.md"))]
    found = {name for text in texts for name in re.findall(r"citadel_llm_[\w\[\]]+", text)}
    assert len(found) >= 3
    return [name.replace("[service_name]", re.sub(r"\W", "_", model)) for name in sorted(found) for model in MODELS]


def every(groups: Any) -> list[dict[str, Any]]:
    return [rule for group in groups["groups"] for rule in group["rules"]]


def test_the_rendered_configuration_of_the_shipped_estate_is_the_shipped_one() -> None:
    shipped = yaml.safe_load((OPERATIONS / "prometheus.yml").read_text(encoding="utf-8"))
    rendered = scraping.render(estate_file.read(estate_file.SHIPPED), "http://127.0.0.10:8080")

    def targets(read: dict[str, Any]) -> dict[str, set[tuple[str, str]]]:
        return {
            job["job_name"]: {
                (target, each.get("labels", {}).get("service", ""))
                for each in job["static_configs"]
                for target in each["targets"]
            }
            for job in read["scrape_configs"]
        }

    assert targets(rendered) == targets(shipped)
    assert rendered["rule_files"] == shipped["rule_files"]
