"""Every import path and every Python command that a shipped document names works, from the import paths' folder."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from signoff.acceptance.commands.documents.new_document import NewDocument, filled
from tests.reference_services.running import ROOT, Running, await_ready, environment, free_ports, start_service

FOLDER = ROOT / "reference_services" / "import_paths"
"""Where the documents say `cd /opt/citadel/hxp-enterprise-llm`."""
TASKS = sorted((ROOT / "fixtures/tasks").glob("*.md"))
SHORTER = {"duration=300": "duration=2"}
"""A stress test of five minutes is one of two seconds here; everything else is as the documents write it."""
_MODULE_PATH = re.compile(r"(?:hxp_enterprise_llm[./]|testing/|citadel_llm_)[\w./\[\]-]*")
_PROGRAM = re.compile(r'python3? -c "\n(.*?)\n"', re.DOTALL)
_FENCE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
_TESTS = re.compile(r"^python -m pytest (testing/.*)$", re.MULTILINE)
_MODULE = re.compile(r"^python -m (hxp_enterprise_llm[\w.]*)$", re.MULTILINE)
_DOTTED = re.compile(r"\bhxp_enterprise_llm(?:\.\w+)+")


def filled_in(text: str) -> str:
    """A template filled in for hermes-2. In a module, a path of tests and a metric it is hermes_2, as 1.3 writes it."""

    def one(match: re.Match[str]) -> str:
        return match.group().replace("[service_name]", "hermes_2")

    text = _MODULE_PATH.sub(one, text.replace("[service_type]", "ai_models").replace("[ServiceName]", "Hermes2"))
    return text.replace("[service_name]", "hermes-2").replace("[port]", "11401")


def documents() -> dict[str, str]:
    """The texts by name: those that are shipped, and one that `signoff new` writes."""
    texts = {file.stem: filled_in(file.read_text(encoding="utf-8")) for file in TASKS}
    return {**texts, "new": filled(NewDocument("hermes-2", 11401, date(2025, 1, 18), latency_ms=Decimal(1500)))}


DOCUMENTS = documents()


def programs() -> Iterator[tuple[str, str]]:
    """Each program with the document's name. What uses `config` comes after the block that makes one."""
    for name, text in DOCUMENTS.items():
        fences = [each for each in _FENCE.findall(text) if "hxp_enterprise_llm" in each]
        yield from ((name, each) for each in fences)
        for program in _PROGRAM.findall(text):
            needs_config = re.search(r"\bconfig\b", program) and not re.search(r"^config =", program, re.MULTILINE)
            if "hxp_enterprise_llm" in program:
                yield name, "".join([*(fences if needs_config else []), program])


def ids(found: list[tuple[str, str]]) -> list[str]:
    return [f"{name}-{number}" for number, (name, _) in enumerate(found)]


PROGRAMS = list(programs())
TESTS = [(name, line) for name, text in DOCUMENTS.items() for line in _TESTS.findall(text)]
MODULES = [(name, line) for name, text in DOCUMENTS.items() for line in _MODULE.findall(text)]


@pytest.fixture(scope="module")
def hermes_in_an_estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A service that runs, and the variables with which library code finds it."""
    running: Running = start_service(service="hermes-2", host="127.0.0.29")
    file = tmp_path_factory.mktemp("estate") / "estate.json"
    file.write_text(json.dumps({"services": [{"service": "hermes-2", "url": running.url}]}), encoding="utf-8")
    # The plugins that happen to be installed here cost each command seconds and are none of its business.
    yield environment(SIGNOFF_ESTATE=str(file), LOAD_DURATION_S="2", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    running.stop()


def command(arguments: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=FOLDER,
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_documents_have_commands_of_every_kind() -> None:
    assert {name for name, _ in PROGRAMS} == {"1.3-hermes-2", "template", "new"}
    assert len(PROGRAMS) >= 10
    assert len(TESTS) == 5
    assert MODULES == [("template", "hxp_enterprise_llm.services.ai_models.hermes_2.service")]
    assert not [text for _, text in (*PROGRAMS, *TESTS, *MODULES) if re.search(r"\[[a-zA-Z_]+\]", text)]


def test_every_module_that_a_document_names_can_be_imported(hermes_in_an_estate: dict[str, str]) -> None:
    named = sorted({each for text in DOCUMENTS.values() for each in _DOTTED.findall(text)})
    assert len(named) >= 12
    done = command(["-c", "\n".join(f"import {each}" for each in named)], hermes_in_an_estate)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("document", "program"), PROGRAMS, ids=ids(PROGRAMS))
def test_a_program_of_a_document_runs(document: str, program: str, hermes_in_an_estate: dict[str, str]) -> None:
    for long, short in SHORTER.items():
        program = program.replace(long, short)
    done = command(["-c", textwrap.dedent(program)], hermes_in_an_estate)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("document", "line"), TESTS, ids=ids(TESTS))
def test_the_tests_that_a_document_calls_pass(document: str, line: str, hermes_in_an_estate: dict[str, str]) -> None:
    done = command(["-m", "pytest", *line.split(), "-p", "no:cacheprovider"], hermes_in_an_estate)
    if "_scenarios.py" in line and "the client was late" in done.stdout:
        # On a busy machine the client cannot vouch for its figures: then nothing is judged, which is no pass either.
        assert done.returncode == 1
        assert re.search(r"^=+ 3 errors in", done.stdout, re.MULTILINE), done.stdout[-4000:]
        pytest.skip("the machine was too busy for the client to vouch for its figures, and the command says so")
    assert done.returncode == 0, done.stdout[-4000:]
    # A service is found by its module's name too.
    assert re.search(r"\b3 passed, 9 deselected" if "-k hermes_2" in line else r"\d+ passed", done.stdout)


@pytest.mark.parametrize(("document", "module"), MODULES, ids=ids(MODULES))
def test_a_module_that_a_document_runs_is_the_service(document: str, module: str) -> None:
    host = "127.0.0.29"
    port, metrics_port = free_ports(host)
    variables = environment(HERMES_2_HOST=host, HERMES_2_PORT=str(port), HERMES_2_METRICS_PORT=str(metrics_port))
    process = subprocess.Popen([sys.executable, "-m", module], cwd=FOLDER, env=variables, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://{host}:{port}", trust_env=False) as client:
            await_ready(client, process)
            assert client.get("/health").json()["model"] == "hermes-2"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_each_of_the_four_services_has_its_tests_at_the_documents_places(
    hermes_in_an_estate: dict[str, str],
) -> None:
    files = [str(file.relative_to(FOLDER)) for file in sorted((FOLDER / "testing").rglob("*.py"))]
    tests = [file for file in files if Path(file).name != "conftest.py"]
    assert len(tests) == 4 * 4 + 1
    done = command(["-m", "pytest", *tests, "--collect-only", "-q", "-p", "no:cacheprovider"], hermes_in_an_estate)
    assert done.returncode == 0, done.stdout
    for name in ("mixtral_8x7b", "hermes_2", "openchat_3_5", "phi_3_mini"):
        for path in ("ai_models_tests/test_{}.py", "test_{}_integration.py", "{}_scenarios.py", "{}_security.py"):
            assert path.format(name) in done.stdout


def test_outside_that_folder_nothing_of_it_can_be_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import hxp_enterprise_llm"], env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "ModuleNotFoundError" in done.stderr
