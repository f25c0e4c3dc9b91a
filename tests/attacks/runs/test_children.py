"""Every child gets an environment that somebody decided on, and no module but one reads a key."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from signoff.acceptance import keys
from signoff.acceptance.errors import UsageError
from signoff.perf.load.load_process import client_environment
from signoff.perf.redaction import known_secrets

ROOT = Path(__file__).parents[3]
ROOMS = ("acceptance", "coherence", "perf", "reports")
STARTS = {"Popen", "run", "call", "check_call", "check_output", "getoutput", "posix_spawn", "posix_spawnp", "system"}
STARTS |= {"popen", "execv", "execve", "execvp", "execvpe", "spawnv", "spawnve", "fork", "create_subprocess_exec"}
ENVIRONMENTS = {
    "acceptance/checks/files/unit_file.py": "known_secrets.environment(bare=True)",
    "acceptance/commands/runs/serve.py": "_environment(known_secrets.environment(bare=True))",
    "acceptance/library/library_process.py": "_environment(library, folder)",  # a list of what is let in
    "acceptance/services/service.py": "keys.environment_of_service()",  # it reads its own key from there
    "acceptance/running/runner.py": "dict(environment)",  # made by commands/run.py
    "perf/distributed/carried_shard.py": "client_environment()",
    "perf/server_side/cold_start.py": "dict(known_secrets.environment() if env is None else env)",
    "perf/journeys/journey_run.py": "own",  # client_environment() without Locust's
    "perf/processes/lifeline.py": (  # a list of what the keeper needs
        "{name: value for name, value in os.environ.items() if name in NEEDED or name.startswith('PYTHON')}"
    ),
    "perf/load/load_process.py": "client_environment()",
    "perf/journeys/turns.py": "client_environment()",
}
"""What each module starts a child with."""
BECOMES = {"acceptance/commands/runs/serve.py": "_environment()"}
"""`signoff serve` becomes the service, which reads its own key."""
READ_THE_ENVIRONMENT = {
    "acceptance/commands/console/colour.py": "NO_COLOR, TERM",
    "acceptance/commands/runs/run.py": "",
    "acceptance/commands/runs/serve.py": "PYTHONPATH, and what the service gets",
    "acceptance/services/estate.py": "the key that was made up, to show it",
    "acceptance/keys.py": "the keys of a run",
    "acceptance/library/library_process.py": "what a library call may know",
    "perf/processes/lifeline.py": "what the keeper needs",
    "acceptance/services/service.py": "puts a key there that it made up",
    "perf/journeys/journey_locustfile.py": "the key of a journey that Locust runs",
    "perf/redaction/known_secrets.py": "what children inherit",
    "perf/load/load_process.py": "PYTHONPATH",
    "perf/distributed/locust_runner.py": "LOCUST_SKIP_MONKEY_PATCH",
}


def calls(source: str) -> list[tuple[str, str]]:
    """The calls of a source text that start a process: which, and the environment that they give it."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner, name = ast.unparse(node.func.value), node.func.attr
        if name not in STARTS or owner not in ("subprocess", "os", "asyncio") or (owner, name) == ("asyncio", "run"):
            continue
        given = next((ast.unparse(each.value) for each in node.keywords if each.arg == "env"), "")
        if owner == "os" and len(node.args) > 2:
            given = ast.unparse(node.args[2])
        found.append((f"{owner}.{name}", given))
    return found


def modules() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
    ]


def test_every_child_gets_an_environment_without_keys() -> None:
    found = {(name, how, given) for name, source in modules() for how, given in calls(source)}
    wrong = {
        each for each in found if each[2] != (BECOMES if each[1] == "os.execve" else ENVIRONMENTS).get(each[0], "")
    }
    assert wrong == set()
    assert {name for name, _, _ in found} == set(ENVIRONMENTS), "the list names a module that starts nothing"


def test_the_search_finds_a_child_with_everything() -> None:
    assert calls("import subprocess\nsubprocess.Popen(['x'])") == [("subprocess.Popen", "")]
    assert calls("os.execve(a, b, os.environ)") == [("os.execve", "os.environ")]


def test_no_module_but_these_looks_into_the_environment() -> None:
    found = {name for name, source in modules() if "environ[" in source or "os.environ" in source or "getenv" in source}
    assert found <= set(READ_THE_ENVIRONMENT)


def test_a_child_inherits_no_variable_that_holds_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_KEY", "sk-canary-0123")
    monkeypatch.setenv("ELSEWHERE", "redis://u:sk-canary-0123@h")
    monkeypatch.setenv("WEAK", "x")
    monkeypatch.setenv("FLAG", "x")
    monkeypatch.setenv("HF_TOKEN", "another")
    assert "CANARY_KEY" in known_secrets.environment()
    keys.value("CANARY_KEY")
    keys.value("WEAK")
    found = known_secrets.environment()
    assert found.keys() & {"CANARY_KEY", "ELSEWHERE", "WEAK", "FLAG", "HF_TOKEN"} == {"FLAG", "HF_TOKEN"}
    assert client_environment().keys() & {"CANARY_KEY", "ELSEWHERE", "WEAK", "FLAG", "HF_TOKEN"} == {"FLAG"}
    assert "PATH" in found
    keys.withdraw()
    assert os.environ.keys() & {"CANARY_KEY", "ELSEWHERE", "WEAK"} == set()
    assert keys.value("CANARY_KEY") == "sk-canary-0123"
    assert keys.environment_of_service()["ELSEWHERE"] == "redis://u:sk-canary-0123@h"
    assert len(known_secrets.warnings()) == 1
    assert "the secret of WEAK has less than 8 characters" in known_secrets.warnings()[0]


def test_keys_go_through_a_pipe_to_who_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_KEY", "sk-canary-0123")
    keys.value("CANARY_KEY")
    keys.withdraw()
    with keys.handed_on() as pipe:
        keys.forget()
        known_secrets.forget()
        assert keys.value("CANARY_KEY") == ""
        keys.take(os.dup(pipe))
    assert keys.value("CANARY_KEY") == "sk-canary-0123"
    assert known_secrets.redacted("sk-canary-0123") != "sk-canary-0123"
    monkeypatch.setenv("LONG_KEY", "k" * 20_000)
    keys.value("LONG_KEY")
    keys.withdraw()
    with pytest.raises(UsageError, match="the keys of this run have more than"), keys.handed_on():
        pass


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({"Authorization": "Bearer s3cret-0123"}, "s3cret-0123"),
        ({"Authorization": "Basic dXNlcjpzM2NyZXQtMDEyMw=="}, "s3cret-0123"),
        ({"X-Auth-Token": "s3cret-0123"}, "s3cret-0123"),
        ({"Cookie": "session=s3cret-0123"}, "session=s3cret-0123"),
    ],
)
def test_what_is_sent_as_a_credential_is_known(headers: dict[str, str], secret: str) -> None:
    known_secrets.remember_headers({"X-Tenant": "blue-tenant-1", **headers})
    assert known_secrets.redacted(f"it was {secret}, blue-tenant-1") == "it was [api key], blue-tenant-1"


def test_the_password_of_a_url_is_known() -> None:
    known_secrets.remember_url("http://user:s3cret%2F0123@h:1/?api_key=other-9876&model=small-model-1")
    assert known_secrets.redacted("s3cret/0123 s3cret%2F0123 other-9876 small-model-1") == (
        "[api key] [api key] [api key] small-model-1"
    )
