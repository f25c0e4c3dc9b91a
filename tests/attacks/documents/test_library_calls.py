"""A `python -c` of a document calls what the deployment lists, and nothing else."""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import tomllib
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from signoff.acceptance import deployment as deployments
from signoff.acceptance.checks import KINDS
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.deployment import Library
from signoff.acceptance.errors import DeploymentUnreadable, NotMeasurable
from signoff.acceptance.library import library_call, library_steps
from signoff.acceptance.library.library_process import PASSED_ON
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.profile import PROFILES
from signoff.acceptance.reading import read_documents
from signoff.acceptance.reading.facts.library import read_library_call
from signoff.acceptance.reading.source.library_names import called_names, resolved, would_call
from tests.acceptance.conftest import criterion
from tests.prepared import prepared_process

ROOT = Path(__file__).parents[3]
DEPLOYMENTS = sorted((ROOT / "fixtures/deployments").glob("*.toml"))
GUARD = "from signoff.reference_services.chat.vllm.vllm_guard import main as check_health\n"
FOLDER, SHELL = "{victim}", "['{victim}', 'sh', '-c', 'touch {marker}']"

ATTACKS = {
    "the alias of the issue": f"{GUARD}check_health({SHELL})",
    "printed": f"{GUARD}print(check_health({SHELL}))",
    "assigned": f"{GUARD}status = check_health({SHELL})\nprint(status)",
    "by keyword": f"{GUARD}check_health(arguments={SHELL})",
    "as an argument of a listed class": (
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import Hermes2Service\n"
        f"{GUARD}service = Hermes2Service(check_health({SHELL}))\nprint(service.get_model_info())"
    ),
    "a class of ours as the alias": (
        "from signoff.reference_services.chat.vllm.vllm_guard import main as Hermes2Service\n"
        f"Hermes2Service({SHELL})"
    ),
    "the module that holds it": (
        f"from signoff.reference_services.chat.vllm import vllm_guard as health\nhealth.main({SHELL})"
    ),
    "the package that holds it": f"from signoff.reference_services import chat\nchat.vllm_guard.main({SHELL})",
    "os of a listed module's module": (
        "from signoff.reference_services.chat.vllm import vllm_guard as health\nhealth.os.system('touch {marker}')"
    ),
    "subprocess of the module": (
        "from signoff.reference_services.chat.vllm.vllm_guard import subprocess as check_health\n"
        "check_health.run(['touch', '{marker}'])"
    ),
    "shutil of the module": (
        "from signoff.reference_services.chat.vllm.vllm_guard import shutil as health\nhealth.rmtree('{victim}')"
    ),
    "a listed module's import": (
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import run_as as check_health\n"
        "check_health('hermes-2', '__main__')"
    ),
    "an attribute of a listed class": (
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import Hermes2Service\n"
        "Hermes2Service.__init__.__globals__.get('os')"
    ),
    "the globals of a method": (
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import Hermes2Service\n"
        "service = Hermes2Service()\nservice.get_model_info.__globals__.get('contextlib')"
    ),
    "subclasses": (
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import Hermes2Service\n"
        "print(Hermes2Service.__base__.__subclasses__())"
    ),
    "an engine of an instance": (
        "from hxp_enterprise_llm.services.ai_models.hermes_2.service import Hermes2Service\n"
        "service = Hermes2Service()\nservice.engine.load()"
    ),
    "getattr": f"{GUARD}getattr(check_health, '__call__')({SHELL})",
    "import": "import os as health\nhealth.system('touch {marker}')",
    "plain import": "import os\nos.system('touch {marker}')",
    "__import__": "__import__('os').system('touch {marker}')",
    "exec": "exec('open(\"{marker}\", \"w\")')",
    "eval": "print(eval('open(\"{marker}\", \"w\")'))",
    "open": "open('{marker}', 'w')",
    "builtins": "from builtins import exec as check\ncheck('open(\"{marker}\", \"w\")')",
    "os by name": "from os import system as test_connection\ntest_connection('touch {marker}')",
    "posix": "from posix import system as test_connection\ntest_connection('touch {marker}')",
    "runpy": "from runpy import run_path as check\ncheck('{victim}/evil.py')",
    "importlib": "from importlib import import_module as check\n"
    "print(check('signoff.reference_services.chat.vllm.vllm_guard'))",
    "pickle": "from pickle import loads as check\ncheck('cos\\nsystem\\n(S\"touch {marker}\"\\ntR.')",
    "rebinding by a walrus": f"{GUARD}(health := check_health)({SHELL})",
    "rebinding by assignment": f"{GUARD}health = check_health\nhealth({SHELL})",
    "rebinding of a listed name": (
        "from hxp_enterprise_llm.services.conversation.session_manager import SessionManager\n"
        f"from signoff.reference_services.chat.vllm.vllm_guard import main as SessionManager\nSessionManager({SHELL})"
    ),
    "rebinding by a call": (
        "from hxp_enterprise_llm.services.conversation.session_manager import SessionManager\n"
        f"main = SessionManager()\n{GUARD}main = check_health({SHELL})"
    ),
    "a comprehension": f"{GUARD}[check_health({SHELL}) for _ in [1]]",
    "a lambda": f"{GUARD}(lambda: check_health({SHELL}))()",
    "a decorator": f"{GUARD}@check_health\ndef health(): pass",
    "a class body": f"{GUARD}class Health: check_health({SHELL})",
    "an f-string": f"{GUARD}print(f'{{{{check_health({SHELL})}}}}')".replace("'{victim}'", '"{victim}"'),
    "star arguments": f"{GUARD}check_health(*[{SHELL}])",
    "double star": f"{GUARD}check_health(**{{{{'arguments': {SHELL}}}}})",
    "with": f"{GUARD}with check_health({SHELL}): pass",
    "assert": f"{GUARD}assert check_health({SHELL})",
    "a conditional": f"{GUARD}check_health({SHELL}) if 1 else 0",
    "await": f"{GUARD}await check_health({SHELL})",
    "a star import": f"from signoff.reference_services.chat.vllm.vllm_guard import *\nmain({SHELL})",
    "a relative import": f"from .chat.vllm_guard import main\nmain({SHELL})",
    "a chain of calls": f"{GUARD}check_health({SHELL}).bit_length()",
    "fullwidth letters": f"from signoff.reference_services.chat.vllm.vllm_guard import ｍain as check\ncheck({SHELL})",
    "a subscript": f"{GUARD}[check_health][0]({SHELL})",
    "del and again": f"{GUARD}check_health({SHELL})\ndel check_health",
}  # fmt: skip


@pytest.fixture(scope="module", params=DEPLOYMENTS, ids=[file.stem for file in DEPLOYMENTS])
def shipped(request: pytest.FixtureRequest) -> deployments.Deployment:
    return deployments.load(request.param)


@pytest.mark.parametrize("name", ATTACKS)
def test_no_program_of_a_document_runs_a_command_or_deletes_a_folder(
    name: str, shipped: deployments.Deployment, tmp_path: Path
) -> None:
    victim, marker = tmp_path / "victim", tmp_path / "marker"
    victim.mkdir()
    (victim / "evil.py").write_text(f"open({str(marker)!r}, 'w')", encoding="utf-8")
    code = ATTACKS[name].format(victim=victim, marker=marker)
    site = Site(replace(shipped, target="http://127.0.0.1:9"), PROFILES["quick"], tmp_path / "run", ())
    asked = criterion("library_result", **read_library_call(code, []).parameters())
    with pytest.raises(NotMeasurable) as refused:
        library_call.measure(asked, site)
    assert refused.value.hint
    assert not marker.exists()
    assert (victim / "evil.py").exists()


@pytest.mark.parametrize("file", DEPLOYMENTS, ids=[file.stem for file in DEPLOYMENTS])
def test_the_attack_as_a_document_is_judged_neither_pass_nor_fail(file: Path, tmp_path: Path) -> None:
    victim, marker = tmp_path / "victim", tmp_path / "marker"
    victim.mkdir()
    document = tmp_path / "task.md"
    code = ATTACKS["printed"].format(victim=victim, marker=marker)
    document.write_text(
        f'# Task\n\n## Testing\n```bash\npython -c "\n{code}\n"\n# Expected: The service is healthy\n```\n',
        encoding="utf-8",
    )
    site = Site(deployments.load(file), PROFILES["quick"], tmp_path / "run", ())
    for found in read_documents([document], KINDS).documents[0].criteria:
        if found.judge == "machine":
            with pytest.raises(NotMeasurable):
                CHECKS[found.kind].measure(found, site)
    assert victim.exists()
    assert not marker.exists()


HOUSE = """
import os
import subprocess
import sys
import time
from house import shadows
print("noise at import")
def give(value=None, *more, **named):
    return [value, list(more), named]
def run(command):
    return os.system(command)
def maker():
    return Client("made")
def function():
    return os.system
def module():
    return os
def kind():
    return Client
class Meta(type):
    def __getattr__(cls, name):
        return os.system
class Client(metaclass=Meta):
    system = os.system
    child = None
    def __init__(self, name=""):
        self.name = name
        self.hidden = os.system
        self.os = os
    def ping(self, word="pong"):
        return word
    def fetch(self, command):
        return os.system(command)
    @property
    def prop(self):
        return os.system
    @classmethod
    def of(cls, name):
        return cls(name)
    @staticmethod
    def add(a, b):
        return a + b
    def __call__(self, command):
        return os.system(command)
    def __getattr__(self, name):
        return os.system
class Derived(Client):
    def fetch(self, command):
        return os.system(command)
def derived():
    return Derived()
def plain():
    return Plain()
class Plain:
    def ping(self):
        return "plain"
    def shadowed(self):
        return "the class's own"
def shadowing():
    found = Plain()
    found.shadowed = os.system
    return found
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    (folder / "house" / "side").mkdir(parents=True)
    (folder / "house" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "house" / "m.py").write_text(HOUSE, encoding="utf-8")
    (folder / "house" / "shadows.py").write_text("import os as health\n", encoding="utf-8")
    (folder / "house" / "side" / "__init__.py").write_text(
        "import pathlib, os\npathlib.Path(os.environ['HOME'], 'ran').touch()\ndef f(): return 1\n", encoding="utf-8"
    )
    return folder


@pytest.fixture
def called(house: Path, tmp_path: Path) -> Callable[..., Any]:
    """What a program prints in the house library where these names of `house` are listed."""

    def call(code: str, *names: str, **bounds: float) -> Any:
        library = Library("", (house,), tuple(f"house.{name}" for name in names), **bounds)
        site = Site(
            replace(deployments.from_target("http://127.0.0.1:9"), library=library), PROFILES["quick"], tmp_path, ()
        )
        evidence = library_call.measure(criterion("library_result", **read_library_call(code, []).parameters()), site)
        record = next(evidence.of("call"))
        return record["error"] or [item["value"] for item in record["printed"]]

    return call


Called = Callable[..., Any]


@pytest.mark.parametrize(
    ("code", "names", "printed"),
    [
        ("from house.m import give\nprint(give(1, 'a', key=[2]))", ["m.give"], [[1, ["a"], {"key": [2]}]]),
        ("from house.m import give as g\nprint(g(g(1)))", ["m.give"], [[[1, [], {}], [], {}]]),
        ("from house import m\nprint(m.give(1))", ["m.give"], [[1, [], {}]]),
        ("from house.m import Client\nc = Client('x')\nprint(c.ping())", ["m.Client", "m.Client.ping"], ["pong"]),
        ("from house.m import Client as C\nc = C.of('x')\nprint(c.ping('y'))", ["m.Client.of", "m.Client.ping"], ["y"]),
        ("from house.m import Client\nprint(Client.add(1, 2))", ["m.Client.add"], [3]),
        ("from house.m import maker\nx = maker()\nprint(x.ping())", ["m.maker", "m.Client.ping"], ["pong"]),
        ("from house.m import derived\nx = derived()\nprint(x.ping())", ["m.derived", "m.Client.ping"], ["pong"]),
        ("from house.m import derived\nx = derived()\nprint(x.ping())", ["m.derived", "m.Derived.ping"], ["pong"]),
        ("from house.m import shadowing\nx = shadowing()\nprint(x.shadowed())", ["m.shadowing", "m.Plain.shadowed"],
         ["the class's own"]),
        ("from house.side import f\nprint(f())", ["side.f"], [1]),
    ],
)  # fmt: skip
def test_what_is_listed_is_called(called: Called, code: str, names: list[str], printed: list[Any]) -> None:
    assert called(code, *names) == printed


EVERYTHING = [
    "m.give",
    "m.maker",
    "m.function",
    "m.module",
    "m.kind",
    "m.derived",
    "m.plain",
    "m.shadowing",
    "m.Client",
    "m.Client.ping",
    "m.Client.fetch",
    "m.Client.prop",
    "m.Client.of",
]


@pytest.mark.parametrize(
    "code",
    [
        "from house.m import run\nrun('touch {marker}')",
        "from house.m import os\nos.system('touch {marker}')",
        "from house import m\nm.os.system('touch {marker}')",
        "from house import m\nm.subprocess.run(['touch', '{marker}'])",
        "from house import shadows\nshadows.health.system('touch {marker}')",
        "from house.m import shadows\nshadows.health.system('touch {marker}')",
        "from house.m import Client\nClient.system('touch {marker}')",
        "from house.m import Client\nClient.whatever('touch {marker}')",
        "from house.m import Client\nc = Client()\nc.hidden('touch {marker}')",
        "from house.m import Client\nc = Client()\nc.anything('touch {marker}')",
        "from house.m import Client\nc = Client()\nc.os.system('touch {marker}')",
        "from house.m import Client\nc = Client()\nc('touch {marker}')",
        "from house.m import Client\nc = Client()\nc.prop('touch {marker}')",
        "from house.m import Client\nc = Client()\nc.__call__('touch {marker}')",
        "from house.m import Client\nc = Client()\nc.__init__.__globals__.get('os')",
        "from house.m import derived\nd = derived()\nd.fetch('touch {marker}')",
        "from house.m import plain\np = plain()\np.ping()",
        "from house.m import function\nf = function()\nf('touch {marker}')",
        "from house.m import function, give\nprint(give(function()))",
        "from house.m import kind, give\nprint(give(kind()))",
        "from house.m import Client, give\nprint(give(Client))",
        "from house.m import Client, give\nprint(give(Client('x')))",  # it can be called itself
        "from house.m import module\nm = module()\nm.system('touch {marker}')",
        "from house.m import maker\nx = maker()\nx.hidden('touch {marker}')",
        "from house.m import give\ng = give('touch {marker}')\ng.append(1)",
        "from house.m import give as run\nfrom house.m import run\nrun('touch {marker}')",
    ],
)
def test_what_a_listed_call_reaches_is_listed_itself_or_refused(called: Called, code: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    with pytest.raises(NotMeasurable) as refused:
        called(code.format(marker=marker), *EVERYTHING)
    assert refused.value.hint
    assert not marker.exists()


def test_a_method_that_is_listed_of_another_class_is_refused(called: Called, tmp_path: Path) -> None:
    code = f"from house.m import Client\nc = Client()\nc.fetch('touch {tmp_path / 'marker'}')"
    with pytest.raises(NotMeasurable, match=r"calls fetch of a house\.m\.Client"):
        called(code, "m.Client", "m.Client.ping", "m.Plain.fetch")
    assert not (tmp_path / "marker").exists()


def test_a_module_runs_only_on_the_way_to_a_listed_name(called: Called, tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable, match=r"imports house\.side\.f"):
        called("from house.side import f\nprint('x')", "m.give")
    with pytest.raises(NotMeasurable, match=r"imports house\.side\b"):
        called("from house import side\nprint('x')", "m.give")


def test_a_refusal_names_what_to_list(called: Called) -> None:
    with pytest.raises(NotMeasurable) as refused:
        called("from house.m import Client as C\nc = C()\nprint(c.ping())", "m.give")
    assert '"house.m.Client", "house.m.Client.ping"' in refused.value.hint


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("from a.b import main as check_health\nprint(check_health())", "human_judgement"),
        ("from a.b import main as get_model_info\nprint(get_model_info())", "human_judgement"),
        ("from a.b import main as create_session\nprint(create_session())", "human_judgement"),
        ("from a.b import check_health as main\nprint(main())", "library_result"),
        ("from a.b import Client as C\nsession = C()\nprint(session.render())", "human_judgement"),
        ("from a.b import SessionManager as C\nx = C()\nprint(x.render())", "library_session"),
        ("from a.b import main as check_health\nfor _ in range(3): check_health()", "human_judgement"),
        ("import a.main as check_health\nprint(check_health())", "human_judgement"),
    ],
)
def test_the_imported_name_decides_what_checks_a_call(call: str, kind: str, tmp_path: Path) -> None:
    document = tmp_path / "task.md"
    document.write_text(
        f'# T\n## Testing\n```bash\npython -c "\n{call}\n"\n# Expected: Everything is well\n```\n', encoding="utf-8"
    )
    (found,) = read_documents([document], KINDS).documents[0].criteria
    assert found.kind == kind


def test_an_alias_in_the_python_block_of_a_document_is_resolved_too(tmp_path: Path) -> None:
    document = tmp_path / "task.md"
    document.write_text(
        "# T\n## Configuration\n```python\nfrom a.b import main as Settings\nconfig = Settings(port=1)\n```\n"
        '## Testing\n```bash\npython -c "\nfrom a.c import check\nprint(check(config))\n"\n'
        "# Expected: All is well\n```\n",
        encoding="utf-8",
    )
    found = next(
        each for each in read_documents([document], KINDS).documents[0].criteria if each.kind == "library_result"
    )
    assert would_call(found.parameters["steps"])[0] == ["a.b.main(port=1)", "a.c.check(config)"]


# What a callable finds around it.

PROBE = """
import json, os, pathlib, resource, subprocess, sys, time
def around():
    folder = pathlib.Path.cwd()
    return {"cwd": str(folder), "files": sorted(p.name for p in folder.iterdir()), "env": dict(os.environ),
            "mode": oct(folder.stat().st_mode & 0o777), "path": sys.path, "fds": sorted(os.listdir("/proc/self/fd")),
            "leads": os.getsid(0) == os.getpid(), "stdin": sys.stdin.read(), "limits": [
                resource.getrlimit(each)[1] for each in
                (resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)]}
def write():
    pathlib.Path("left").write_text("x")
    return len(list(pathlib.Path.cwd().iterdir()))
def noise():
    os.write(1, b"noise")
    subprocess.run(["echo", "noise"])
    os.write(2, b"complaint")
    print("noise")
    return "quiet"
def hog(size):
    return len(bytearray(size))
def long(count):
    return "x" * count
def deep():
    found = []
    for _ in range(100000):
        found = [found]
    return found
def leave(code):
    sys.exit(code)
def vanish(code):
    os._exit(code)
def fail(text):
    raise ValueError(text)
def wait(marker):
    for command in (["sleep", "300"], ["setsid", "sleep", "300"], ["setsid", "sh", "-c", "setsid sleep 300 & exit"]):
        subprocess.Popen(command)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(300)
        os._exit(0)
    time.sleep(300 if marker else 0)
    return 1
def file(size):
    with open("large", "wb") as stream:
        stream.truncate(size)
        stream.seek(size)
        stream.write(b"x")
"""


@pytest.fixture
def probe(called: Called, house: Path) -> Callable[..., Any]:
    (house / "house" / "p.py").write_text(PROBE, encoding="utf-8")

    def listed(program: str, **bounds: float) -> Any:
        name = program.partition("(")[0]
        return called(f"from house.p import {name}\nprint({program})", f"p.{name}", **bounds)

    return listed


def test_a_callable_finds_an_empty_folder_and_no_key(
    probe: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OUR_KEY", "OPENAI_API_KEY", "HERMES_2_API_KEYS", "PYTHONSTARTUP", "LD_PRELOAD_X", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, "canary-5c1f")
    (found,) = probe("around()")
    assert found["files"] == []
    assert found["mode"] == "0o700"
    assert found["env"]["HOME"] == found["env"]["TMPDIR"] == found["cwd"]
    assert set(found["env"]) <= {*PASSED_ON, "HOME", "TMPDIR", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
    assert "canary-5c1f" not in str(found)
    assert not Path(found["cwd"]).exists()
    assert not {str(ROOT / "acceptance"), str(ROOT / "src/signoff/acceptance")} & set(found["path"])
    assert (found["leads"], found["stdin"]) == (True, "")
    assert found["limits"] == [4_000_000_000, 256 * 2**20, 0]
    assert probe("write()") == [1]


def test_what_a_library_prints_beside_its_answer_is_not_the_answer(probe: Callable[..., Any]) -> None:
    assert probe("noise()") == ["quiet"]


def test_memory_files_and_answers_are_bounded(probe: Callable[..., Any]) -> None:
    with pytest.raises(NotMeasurable, match=r"more than 0\.5 GB of memory"):
        probe("hog(1000000000)", memory_gb=0.5)
    assert probe("hog(1000000)", memory_gb=0.5) == [1_000_000]
    assert "File too large" in probe("file(300000000)")
    assert probe("long(1000000)") == [None]  # the text is cut, and there is no value
    assert "RecursionError" in probe("deep()") or probe("deep()") == [None]


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("leave(0)", "SystemExit: 0"),
        ("leave('bye')", "SystemExit: bye"),
        ("vanish(0)", "ended without an answer, with exit code 0"),
        ("vanish(7)", "ended without an answer, with exit code 7"),
        ("fail('a')", "ValueError: a"),
    ],
)
def test_an_end_without_an_answer_is_an_error(probe: Callable[..., Any], program: str, error: str) -> None:
    assert error in probe(program)


def sleeping(folder: str) -> list[int]:
    """The processes that have this folder in their environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if folder in process.environ().get("PYTHONPATH", "") and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


@pytest.mark.parametrize("waits", ["True", "False"])
def test_nothing_that_a_callable_started_is_left(probe: Callable[..., Any], house: Path, waits: str) -> None:
    begin = time.monotonic()
    found = probe(f"wait({waits})", timeout_s=2.0 if waits == "True" else 60.0)
    assert found == ("no answer within 2 s" if waits == "True" else [1])
    assert sleeping(str(house)) == []
    assert time.monotonic() - begin < 30


def test_the_calls_end_with_whoever_asked_for_them(house: Path, tmp_path: Path) -> None:
    (house / "house" / "p.py").write_text(PROBE, encoding="utf-8")
    library = f"Library('', (__import__('pathlib').Path({str(house)!r}),), ('house.p.wait',))"
    operations = [
        {"op": "import", "module": "house.p", "name": "wait"},
        {"op": "call", "id": 0, "target": "", "module": "house.p", "path": ["wait"], "keywords": {},
         "arguments": [{"literal": True}]},
    ]  # fmt: skip
    program = (
        "from signoff.acceptance.deployment import Library\n"
        "from signoff.acceptance.library.library_process import answer_of\n"
        f"answer_of({library}, {operations!r})"
    )
    asking = subprocess.Popen(
        [sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}
    )
    deadline = time.monotonic() + 30
    while len(sleeping(str(house))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sleeping(str(house))
    asking.kill()
    asking.wait()
    while (left := groups(sleeping(str(house)))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def groups(processes: list[int]) -> list[int]:
    """Those that lead or share the session of the calls; what left it on purpose is ended by whoever asked alone."""
    found = []
    for pid in processes:
        with contextlib.suppress(OSError, psutil.Error):
            if "library_steps" in " ".join(psutil.Process(os.getsid(pid)).cmdline()):
                found.append(pid)
            else:
                os.kill(pid, signal.SIGKILL)
    return found


# What a program may hold.

LARGE = {
    "a repeated list": "[0] * 10 ** 9",
    "a tower of powers": "10 ** 10 ** 10",
    "a shift": "1 << 10 ** 9",
    "a repeated text": "'x' * 10 ** 9",
    "a long text": repr("x" * 9_000),
    "a long list": repr([0] * 5_000),
    "a deep list": "[" * 30 + "]" * 30,
    "a very deep list": "[" * 5_000 + "]" * 5_000,
    "a deep mapping": "{'a': " * 30 + "0" + "}" * 30,
    "a deep sum": "+".join(["1"] * 5_000),
    "many signs": "-" * 9_000 + "1",
    "a long chain": "a" + ".a" * 7_000,
    "a hexadecimal integer": "0x" + "f" * 9_000,
    "a decimal integer": "9" * 4_000,
    "a long decimal integer": "9" * 9_000,
    "a float beyond": "1e999",
    "a complex number": "1j",
    "bytes": "b'x'",
    "a set": "{1}",
    "an ellipsis": "...",
    "an f-string": "f'{give}'",
    "a format": "'{0.__class__}'.format(1)",
    "a nested call": "give(" * 150 + ")" * 150,
    "a comprehension": "[0 for _ in range(10 ** 9)]",
    "a generator": "(0 for _ in [0])",
    "a lambda": "lambda: 0",
    "a walrus": "(x := 5)",
    "a name of builtins": "print",
    "an attribute": "give.__globals__",
    "a starred list": "*[1, 2]",
    "a mapping spread": "**{'a': 1}",
    "an await": "(await give())",
    "a text of half a megabyte": repr("x" * 500_000),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_or_computed_argument_is_refused_at_once(called: Called, name: str) -> None:
    begin = time.monotonic()
    with bounded_memory(1_000_000_000), pytest.raises(NotMeasurable):
        called(f"from house.m import give\nprint(give({LARGE[name]}))", "m.give")
    assert time.monotonic() - begin < 30


@contextlib.contextmanager
def bounded_memory(more: int) -> Iterator[None]:
    """So that a regression cannot take the machine down."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize(
    "steps",
    [
        [{"op": "exec", "code": "1"}],
        [{"op": "call"}],
        ["import os"],
        [{"op": "import", "module": 1, "name": [], "as": {}}],
        [{"op": "import", "module": "house.m", "name": "give", "as": "g"},
         {"op": "call", "function": "g", "target": None, "arguments": [{"literal": "x" * 9_000}], "keywords": {}}],
        [{"op": "import", "module": "house.m", "name": "give", "as": "g"},
         {"op": "call", "function": "g.__globals__.get", "target": None, "arguments": [], "keywords": {}}],
        [{"op": "import", "module": "house.m.give.__globals__", "name": "os", "as": "g"}],
        [{"op": "print", "value": {"variable": "os"}}],
        [{"op": "print", "value": {}}],
    ],
)  # fmt: skip
def test_steps_that_a_binding_file_makes_up_are_refused_too(house: Path, tmp_path: Path, steps: Any) -> None:
    library = Library("", (house,), ("house.m.give",))
    deployment = replace(deployments.from_target("http://127.0.0.1:9"), library=library)
    with pytest.raises(NotMeasurable):
        library_call.measure(
            criterion("library_result", steps=steps), Site(deployment, PROFILES["quick"], tmp_path, ())
        )


# The law: whatever a program is, what gets called is listed.

PARTS = ["a", "b", "C", "D", "os", "m", "sub", "f", "g"]
dotted = st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map(".".join)
argument = st.one_of(
    st.integers(0, 9).map(str), st.sampled_from(PARTS), dotted.map(lambda name: f"{name}()"), st.just("'x'")
)
lines = st.one_of(
    st.tuples(dotted, st.sampled_from(PARTS), st.sampled_from(PARTS)).map(
        lambda found: f"from law.{found[0]} import {found[1]} as {found[2]}"
    ),
    st.tuples(st.sampled_from(PARTS), dotted, argument).map(lambda found: f"{found[0]} = {found[1]}({found[2]})"),
    st.tuples(dotted, argument).map(lambda found: f"print({found[0]}({found[1]}))"),
    st.tuples(dotted, argument).map(lambda found: f"{found[0]}(key={found[1]})"),
)


class Everything(dict[str, Any]):
    """A world in which each name is a module, a class or a function; a call is written down under its whole name."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __missing__(self, name: str) -> Any:
        calls, last = self.calls, name.rpartition(".")[2]
        if last in ("C", "D"):
            methods = {each: (lambda *given, _each=each, **named: calls.append(f"{name}.{_each}")) for each in "fgm"}
            self[name] = type(last, (), {"__init__": lambda *given, **named: calls.append(name), **methods})
        elif last in ("f", "g"):
            self[name] = lambda *given, **named: calls.append(name)
        else:
            self[name] = Module(name, self)
        return self[name]


class Module:
    """A module of that world."""

    def __init__(self, name: str, world: Everything) -> None:
        self.__dict__.update(name=name, world=world)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.world[f"{self.name}.{name}"]


@given(program=st.lists(lines, min_size=1, max_size=6).map("\n".join), data=st.data())
def test_whatever_a_program_is_only_listed_names_are_called(program: str, data: st.DataObject) -> None:
    found = read_library_call("\n".join([*(f"from law.a import {name}" for name in PARTS), program]), [])
    if found.steps is None:
        return
    operations = resolved(found.steps)
    wanted = sorted({*called_names(operations), *(f"law.a.C.{name}" for name in "fgm"), "law.a.os.f", "law.os.g"})
    names = data.draw(st.lists(st.sampled_from(wanted), unique=True))
    # On the way to something listed, so that what is imported is not refused for that alone.
    imported = [f"{each['module']}.{each['name']}.more" for each in operations if each["op"] == "import"]
    world = Everything()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(importlib, "import_module", lambda name: world[name])
        patched.setattr(library_steps, "sys", types.SimpleNamespace(modules=world))
        patched.setattr(library_steps.pkgutil, "resolve_name", lambda name: world[name])
        with contextlib.suppress(library_steps.Refused, TypeError, AttributeError):
            library_steps.run(operations, [*names, *imported])
    made = world.calls
    event(f"{len(made)} calls")
    assert set(made) <= set(names)


# No way round.


def test_one_module_starts_the_process_and_nothing_else_runs_foreign_code() -> None:
    wrong = []
    for file in sorted((ROOT / "acceptance").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        name = str(file.relative_to(ROOT))
        if "library_steps.py" in text and Path(name).name not in ("library_process.py", "library_steps.py"):
            wrong.append(f"{name} names the program")
        wrong += [f"{name} calls {call}" for call in running_calls(text) if name not in ALLOWED]
    assert wrong == []


ALLOWED = {
    "acceptance/library/library_steps.py": "what a deployment lists, in the process of its own",
    "acceptance/commands/__init__.py": "the commands of Signoff, by a list of its own",
    "acceptance/checks/registry.py": "the checks, by the kinds that are declared beside them",
}


def running_calls(text: str) -> list[str]:
    """The calls in a source text that run code by its name or text."""
    names = [ast.unparse(node.func) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return [
        name
        for name in names
        if name in ("exec", "eval", "compile", "__import__", "os.system", "importlib.import_module", "import_module")
        or name.startswith(("runpy.", "pkgutil.", "pickle."))
    ]


def test_such_calls_would_be_found() -> None:
    assert running_calls("import importlib\ndef f(x):\n    return importlib.import_module(x)") == [
        "importlib.import_module"
    ]
    assert running_calls("print(eval('1'))") == ["eval"]


# What a user sees.


def signoff(*arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return prepared_process.run("signoff.acceptance", *arguments, env=variables, timeout=120)


def test_a_list_of_packages_is_refused_with_the_new_form(tmp_path: Path) -> None:
    file = tmp_path / "deployment.toml"
    file.write_text('target = "http://127.0.0.1:9"\n[library]\npackages = ["my_library"]\n', encoding="utf-8")
    task = tmp_path / "task.md"
    task.write_text("# T\n## Testing\n- [ ] The service is healthy\n", encoding="utf-8")
    done = signoff("run", str(task), "--deployment", str(file), "--out", str(tmp_path / "runs"))
    assert done.returncode == 4
    assert "[library] packages admitted every callable" in done.stderr
    (form,) = re.findall(r"calls = \[.*\]", done.stderr)
    pasted = tomllib.loads(f'target = "http://127.0.0.1:9"\n[library]\n{form}\n')
    assert pasted["library"]["calls"] == [
        "my_library.MODULE.FUNCTION", "my_library.MODULE.CLASS", "my_library.MODULE.CLASS.METHOD",
    ]  # fmt: skip
    file.write_text(f'target = "http://127.0.0.1:9"\n[library]\n{form}\n', encoding="utf-8")
    assert deployments.load(file).library is not None


def test_a_run_makes_what_is_listed_and_says_what_is_not(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    sound = (
        "from hxp_enterprise_llm.services.conversation.session_manager import SessionManager as M\n"
        "m = M()\ni = m.create_session()\nprint(m.get_session(i))"
    )
    unlisted = (
        "from hxp_enterprise_llm.services.integration.database.postgresql import PostgreSQLConnector\n"
        "c = PostgreSQLConnector()\nprint(c.test_connection())"
    )
    attack = ATTACKS["the alias of the issue"].format(victim=tmp_path / "victim", marker=tmp_path / "marker")
    fences = [
        f'```bash\npython -c "\n{code}\n"\n# Expected: Everything is well\n```\n' for code in (sound, unlisted, attack)
    ]
    (tmp_path / "task.md").write_text("# T\n## Testing\n" + "".join(fences), encoding="utf-8")
    shipped = (ROOT / "fixtures/deployments/1.3-hermes-2.toml").read_text(encoding="utf-8")
    library = shipped[shipped.index("[library]") : shipped.index("# What this deployment cannot show")]
    paths = f'["{ROOT}/reference_services/import_paths"]'
    library = re.sub(r"paths = .*", f"paths = {paths}", library)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    target = f"http://127.0.0.1:{server.server_address[1]}"
    (tmp_path / "deployment.toml").write_text(f'target = "{target}"\n{library}', encoding="utf-8")
    done = signoff("run", str(tmp_path / "task.md"), "--deployment", str(tmp_path / "deployment.toml"), "--out",
                   str(tmp_path / "runs"))  # fmt: skip
    server.shutdown()
    server.server_close()
    (results,) = (tmp_path / "runs").glob("*/results.json")
    first, second, third = json.loads(results.read_text(encoding="utf-8"))["criteria"]
    assert (first["kind"], first["outcome"]) == ("library_session", "pass"), done.stdout
    assert (second["kind"], second["outcome"]) == ("library_result", "not_measurable")
    assert "PostgreSQLConnector, which the deployment does not list" in second["reason"]
    assert "postgresql.PostgreSQLConnector.test_connection" in done.stdout
    assert third["outcome"] == "awaiting_person"
    assert (tmp_path / "victim").exists()
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize(
    "name", ["hxp", "", "a.", ".a", "a..b", "a.b()", "a.*", "a. b", "a._b", "a.b.__init__", "a.1", "*", "a-b.c"]
)
def test_a_module_a_pattern_or_a_private_name_is_no_entry_of_the_list(tmp_path: Path, name: str) -> None:
    file = tmp_path / "deployment.toml"
    file.write_text(f'target = "http://127.0.0.1:9"\n[library]\ncalls = ["{name}"]\n', encoding="utf-8")
    with pytest.raises(DeploymentUnreadable, match="no public callable"):
        deployments.load(file)


def test_shipped_deployments_list_names_of_the_documents_library_and_no_others() -> None:
    for file in DEPLOYMENTS:
        library = deployments.load(file).library
        assert library is None or (library.packages == ("hxp_enterprise_llm",) and library.calls)


def test_the_reading_says_what_would_be_called(tmp_path: Path) -> None:
    task, result = tmp_path / "task.md", tmp_path / "reading.json"
    code = "from hxp_enterprise_llm.orca import Client as rm\nclient = rm(3)\nprint(client.ping('x', deep=[1]))"
    task.write_text(
        f'# T\n## Testing\n```bash\npython -c "\n{code}\n"\n# Expected: A healthy answer\n```\n'
        "```bash\nrm -rf /srv\n```\n",
        encoding="utf-8",
    )
    done = signoff("read", str(task), "--json", str(result))
    assert "would call hxp_enterprise_llm.orca.Client(3)" in done.stdout
    assert "would call hxp_enterprise_llm.orca.Client.ping('x', deep=[1])" in done.stdout
    listed = tomllib.loads(done.stdout[done.stdout.index("\n  [library]") : done.stdout.index("]\n\n") + 1])
    assert listed["library"]["calls"] == ["hxp_enterprise_llm.orca.Client", "hxp_enterprise_llm.orca.Client.ping"]
    never = done.stdout[done.stdout.index("read, never run") :]
    assert "rm -rf /srv" in never
    assert "python -c" not in never.split("\n\n")[0]
    (found,) = json.loads(result.read_text())["documents"][0]["criteria"]
    assert found["would_call"] == [
        "hxp_enterprise_llm.orca.Client(3)", "hxp_enterprise_llm.orca.Client.ping('x', deep=[1])",
    ]  # fmt: skip


def test_a_new_deployment_lists_what_the_new_document_calls(tmp_path: Path) -> None:
    done = signoff("new", "--out", str(tmp_path / "t.md"), "--service", "orca-2", "--port", "8000", "--deployment",
                   str(tmp_path / "d.toml"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    (criteria,) = [document.criteria for document in read_documents([tmp_path / "t.md"], KINDS).documents]
    wanted = {name for found in criteria for name in would_call(found.parameters.get("steps"))[1]}
    text = (tmp_path / "d.toml").read_text(encoding="utf-8")
    listed = text[text.index("# [library]") :].replace("# ", "").split("]\n\n")[0] + "]"
    assert set(tomllib.loads(listed)["library"]["calls"]) == wanted
