"""`signoff new`: whatever sensible figures it is given, its document reads cleanly and says one thing everywhere."""

from __future__ import annotations

import math
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.acceptance.checks import KINDS
from signoff.acceptance.commands import main
from signoff.acceptance.commands.documents.new_document import NewDocument, filled
from signoff.acceptance.deployment import load
from signoff.acceptance.errors import UsageError
from signoff.acceptance.reading import Reading, read_documents

TEMPLATE = Path(__file__).parents[3] / "fixtures" / "tasks" / "template.md"
HUMAN_SECTIONS = {
    "smart-st-validation",
    "hard-dependencies-must-complete-100",
    "external-infrastructure-requirements",
    "quality-assurance",
}
DAY = date(2026, 11, 21)

words = st.from_regex(r"[a-z]{2,10}[0-9]{0,2}", fullmatch=True)
services = st.lists(words, min_size=1, max_size=3).map("-".join)
models = st.one_of(services, st.tuples(words, services).map("/".join))
ports = st.integers(min_value=1024, max_value=65535)


def decimals(least: str, most: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(least), Decimal(most), places=2)


@st.composite
def documents(draw: st.DrawFn) -> NewDocument:
    latency_ms = draw(decimals("1", "20000"))
    return NewDocument(
        service=draw(services),
        port=draw(ports),
        created=DAY,
        model=draw(models),
        host=draw(st.one_of(st.ip_addresses(v=4).map(str), st.just("llm-01.example.org"))),
        service_type=draw(st.sampled_from(("ai_models", "infrastructure", "integration"))),
        metrics_port=draw(ports),
        memory_gb=draw(decimals("0.1", "2000")),
        cores=draw(decimals("0.1", "256")),
        latency_ms=latency_ms,
        rate=draw(decimals("0.01", "500")),
        load_s=draw(decimals("1", "7200")),
        context=draw(st.integers(min_value=64, max_value=2_000_000)),
        number=draw(st.from_regex(r"[0-9]{1,2}\.[0-9]{1,2}", fullmatch=True)),
    )


def read(document: NewDocument, folder: Path) -> Reading:
    path = folder / "task.md"
    path.write_text(filled(document), encoding="utf-8")
    return read_documents([path], KINDS, DAY)


def headings(text: str) -> list[str]:
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^## (.*)$", outside, re.MULTILINE)


@settings(max_examples=60, deadline=None)
@given(document=documents())
def test_any_sensible_figures_give_a_document_that_reads_cleanly(
    tmp_path_factory: pytest.TempPathFactory, document: NewDocument
) -> None:
    reading = read(document, tmp_path_factory.mktemp("new"))
    (found,) = reading.documents
    assert [d for d in found.diagnostics if d.severity != "note"] == []
    assert reading.conflicts == ()
    assert found.dropped == 0
    assert found.service_name == document.service
    people = [c for c in found.criteria if c.judge != "machine"]
    assert {c.id.split("/")[0] for c in people} <= HUMAN_SECTIONS, [(c.line, c.text, c.reason) for c in people]


@settings(max_examples=60, deadline=None)
@given(document=documents())
def test_every_figure_has_one_value_wherever_it_stands(
    tmp_path_factory: pytest.TempPathFactory, document: NewDocument
) -> None:
    (found,) = read(document, tmp_path_factory.mktemp("new")).documents
    stated: dict[str, set[float]] = {}
    for criterion in found.criteria:
        limit = criterion.threshold
        if limit is not None and criterion.judge == "machine":
            stated.setdefault(limit.subject, set()).add(limit.value)
            assert limit.comparator in (("<", "<=") if limit.subject in _MOST else (">=",)), criterion.text
    assert stated == {
        "latency": {float(document.latency_ms)},
        "throughput": {float(document.rate)},
        "memory": {float(document.memory_gb)},
        "cpu": {float(document.cores)},
        "context_length": {float(document.context)},
        "load_time": {float(document.load_s)},
    }
    configured = {setting.name: setting.value for setting in found.configuration}
    assert configured["port"] == document.port
    assert configured["model_name"] == (document.model or document.service)
    assert float(configured["target_throughput_rps"]) == float(document.rate)
    assert [c.parameters["port"] for c in found.criteria if c.kind == "port"] == [document.port] * 2


_MOST = {"latency", "memory", "cpu", "load_time"}


@given(document=documents())
def test_the_engine_accepts_what_is_computed_for_it(document: NewDocument) -> None:
    assert document.max_num_batched_tokens >= document.context
    assert document.max_num_batched_tokens >= document.max_num_seqs
    in_progress = document.rate * document.latency_ms / 1000
    assert document.in_flight >= in_progress
    assert document.max_num_seqs >= in_progress * Decimal("1.25") - 1
    assert math.log2(document.max_num_seqs).is_integer()


@given(document=documents())
def test_the_benchmark_can_reach_the_rate_that_it_expects(document: NewDocument) -> None:
    command = re.search(r"^ab -n (\d+) -c (\d+) ", filled(document), re.MULTILINE)
    assert command is not None
    requests, at_once = int(command[1]), int(command[2])
    assert at_once * 1000 / document.latency_ms >= document.rate
    assert requests >= at_once


def test_nothing_is_left_to_fill_in_and_the_sections_are_the_templates() -> None:
    text = filled(NewDocument("phi-3-mini", 11403, DAY))
    assert not re.search(r"\[[A-Za-z]", text.replace("[ ]", ""))
    assert "{{" not in text
    assert "{%" not in text
    order = headings(TEMPLATE.read_text(encoding="utf-8"))
    places = [order.index(heading) for heading in headings(text)]
    assert places == sorted(places)
    assert len(places) >= 10


def test_a_metrics_port_of_its_own_is_configured_and_asked() -> None:
    apart = filled(NewDocument("hermes-2", 11401, DAY, metrics_port=11402))
    shared = filled(NewDocument("hermes-2", 11401, DAY))
    assert "HERMES_2_METRICS_PORT=11402" in apart
    assert "prometheus_port: 11402" in apart
    assert apart.count("127.0.0.1:11402/metrics") == 2
    assert "METRICS_PORT" not in shared
    assert shared.count("127.0.0.1:11401/metrics") == 2


def test_the_command_writes_a_document_and_says_what_it_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "--service", "hermes-2", "--port", "11401", "--rate", "7.50", "--date", "2026-11-21"]) == 0
    text = (tmp_path / "hermes-2.md").read_text(encoding="utf-8")
    assert "**Created:** 2026-11-21" in text
    assert "HERMES_2_TARGET_THROUGHPUT_RPS=7.5\n" in text
    said = capsys.readouterr().out
    assert re.fullmatch(r"hermes-2\.md: \d+ criteria, \d+ for a machine to judge\n", said)


def test_the_deployment_beside_it_names_every_address_that_the_document_asks(tmp_path: Path) -> None:
    out, where = tmp_path / "task.md", tmp_path / "where.toml"
    ports = ["--port", "11401", "--metrics-port", "11402"]
    assert main(["new", "--service", "hermes-2", *ports, "--out", str(out), "--deployment", str(where)]) == 0
    deployment = load(where)
    assert deployment.target == "http://127.0.0.1:11401"
    (document,) = read_documents([out], KINDS).documents
    asked = {command.request["address"] for command in document.commands if command.request is not None}
    assert asked == {"127.0.0.1:11401", *deployment.addresses}


def test_what_is_there_is_kept_until_force_is_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "task.md"
    out.write_text("precious", encoding="utf-8")
    arguments = ["new", "--service", "hermes-2", "--port", "11401", "--out", str(out)]
    assert main(arguments) == 4
    assert out.read_text(encoding="utf-8") == "precious"
    assert "--force" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0
    assert out.read_text(encoding="utf-8").startswith("# Task 1.1")


def test_a_deployment_that_is_there_keeps_the_document_from_being_written(tmp_path: Path) -> None:
    out, where = tmp_path / "task.md", tmp_path / "where.toml"
    where.write_text("precious", encoding="utf-8")
    arguments = ["new", "--service", "hermes-2", "--port", "11401", "--out", str(out), "--deployment", str(where)]
    assert main(arguments) == 4
    assert not out.exists()
    assert main([*arguments[:-1], str(out), "--force"]) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "0"], "--port 0"),
        (["--port", "65536"], "--port 65536"),
        (["--port", "-1"], "-1"),
        (["--port", "http"], "'http' is not a whole number"),
        (["--service", "two words"], "'two words'"),
        (["--service", "$(reboot)"], "'$(reboot)'"),
        (["--service", "a;b"], "'a;b'"),
        (["--service", "../up"], "'../up'"),
        (["--service", "a" * 64], "cannot be used in commands"),
        (["--model", "a/../../b"], "'a/../../b'"),
        (["--model", "a`id`"], "'a`id`'"),
        (["--host", "host/path"], "'host/path'"),
        (["--host", "[::1]"], "IPv4"),
        (["--type", "os; import"], "'os; import'"),
        (["--number", "one"], "'one'"),
        (["--memory-gb", "0"], "--memory-gb 0"),
        (["--memory-gb", "nan"], "'nan' is not a plain number"),
        (["--memory-gb", "1e9"], "'1e9' is not a plain number"),
        (["--cores", "5000"], "--cores 5000"),
        (["--latency-ms", "0.5"], "--latency-ms 0.5"),
        (["--load-s", "0"], "--load-s 0"),
        (["--rate", "100001"], "--rate 100001"),
        (["--rate", "5000", "--latency-ms", "5000"], "25000 requests at once"),
        (["--context", "3"], "--context 3"),
        (["--metrics-port", "70000"], "--metrics-port 70000"),
        (["--assigned-to", "a\nb"], "--assigned-to"),
        (["--priority", "[High/Low]"], "--priority"),
        (["--date", "tomorrow"], "'tomorrow' is not a date"),
        (["--out", "no/such/folder/task.md"], "no/such/folder/task.md"),
        (["--deployment", "no/such/folder/here.toml"], "no/such/folder/here.toml"),
    ],
)
def test_senseless_values_are_refused_with_a_hint_and_nothing_is_written(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    required = ["--service", "hermes-2", "--port", "11401"]
    try:
        code = main(["new", *required, *arguments])
    except SystemExit as ended:
        code = int(str(ended.code))
    error = capsys.readouterr().err
    assert code == 4
    assert said in error
    assert "hint:" in error
    assert list(tmp_path.iterdir()) == []


def test_help_has_an_example_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["new", "--help"])
    example = re.search(r"^example: signoff (.*)$", capsys.readouterr().out, re.MULTILINE)
    assert example is not None
    monkeypatch.chdir(tmp_path)
    assert main(example[1].split()) == 0


def test_a_value_that_only_a_caller_can_give_is_checked_too() -> None:
    with pytest.raises(UsageError, match="no plain text"):
        NewDocument("hermes-2", 11401, DAY, assigned_to="team | row")
