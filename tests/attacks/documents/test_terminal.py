"""What is foreign stays text on a terminal: documents, names of files, deployments, answers, arguments, variables.

Every command is started with texts that would fill the clipboard, clear the screen, hide or reorder what is shown. Of
what it prints no byte may be one that a terminal obeys; with colour only our own sequences may be.
"""

from __future__ import annotations

import ast
import json
import os
import pty
import re
import select
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.commands.runs.night_text import night_text
from signoff.acceptance.reading import read_documents
from signoff.perf.nights import history
from signoff.reports.stored import stored_run
from signoff.reports.terminal import STYLES, show
from tests.acceptance.conftest import as_json, server_of
from tests.prepared import prepared_process
from tests.reports import hermes_run

ROOT = Path(__file__).parents[3]
CLIPBOARD = "\x1b]52;c;cm0gLXJmIH4=\x07"
HARM = f"x{CLIPBOARD}\x1b[2J\x1b[31m\x9b2J\x9d52;c;eA==\x9c\r\b\x7f\u202e\u2066\u2028\u2029\u061c\ufeff\u200by"
HARM_IN_TOML = json.dumps(HARM).replace("\x7f", "\\u007f")
NAME = HARM + os.fsdecode(b"\xff\x9b")
UNBRACKETED = HARM.replace("[", "").replace("]", "")  # pytest cannot run a path with brackets
NOT_UTF_8 = os.fsdecode(b"\x9b\xff")
OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
OURS = re.compile("\x1b\\[(?:0|" + "|".join(STYLES.values()) + ")m")
LINE = HARM.replace("\r", "")
DOCUMENT = f"""# Task 7.7: {HARM} Service

**Service Owner**: {LINE}

Latency is 1 s {LINE} and the port of the service is `{LINE}`

## Configuration

```yaml
service: {HARM_IN_TOML}
port: 8700
tensor_parallel_size: 1
model_path: {HARM_IN_TOML}
served_model_name: {HARM_IN_TOML}
```

```json
{{"port": 8701, "tensor_parallel_size": 2, "model_path": "/opt/other", "served_model_name": "other {HARM_IN_TOML[1:]}}}
```

```bash
export PORT=8701
rm -rf /opt/{LINE}
curl -X GET http://127.0.0.1:8700/health
# Expected: {{"status": "healthy", "model": "small-1", {HARM_IN_TOML}: {HARM_IN_TOML}, "a": "\\ud800"}}
curl -X GET http://127.0.0.1:8700/{LINE}
# Expected: {LINE}
curl -X GET http://127.0.0.1:8700/health
# Expected: {{"status": {HARM_IN_TOML}, "model": "small-1"}}
```

## Success Criteria

- [ ] The service {LINE} is delightful in every respect
- [ ] Mean latency below {LINE} 500 ms
- [ ] Mean latency < 900 ms
- [ ] Port 8700 answers
- [ ] Server configured with tensor_parallel_size 1
- [ ] [service_name] {LINE}
"""
# Without a figure to be measured under load.
BRIEF = re.sub(r"- \[ \] Mean latency.*\n", "", DOCUMENT)
TOML = f"""name = {HARM_IN_TOML}
target = "TARGET"

[out_of_reach]
{HARM_IN_TOML} = {HARM_IN_TOML}
"""
HEALTH = {"status": HARM, "model": HARM, HARM: HARM}


@dataclass(frozen=True)
class Place:
    """Where a command is started: a folder with hostile files, and the address of a hostile server."""

    folder: Path
    target: str

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        return prepared_process.run(
            "signoff.acceptance",
            *self.filled(arguments),
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1", "NO_COLOR": "", **environment},
            timeout=120,
            text=False,
        )

    def filled(self, arguments: tuple[str, ...]) -> list[str]:
        return [each.replace("TARGET", self.target) for each in arguments]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    def answer(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        if path == "/v1/models":
            return as_json({"data": [{"id": HARM}]})
        if method == "POST":
            return 500, "text/plain", HARM.encode()
        return 200, "application/json", json.dumps(HEALTH, ensure_ascii=False).encode()

    server = server_of(answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("hostile")
    target = f"http://127.0.0.1:{server.server_port}"
    (folder / "task.md").write_text(DOCUMENT, encoding="utf-8")
    (folder / f"{NAME}.md").write_text(BRIEF, encoding="utf-8")
    (folder / f"{NOT_UTF_8}.md").write_text(BRIEF, encoding="utf-8")
    (folder / f"{UNBRACKETED}.md").write_text(BRIEF, encoding="utf-8")
    history.append(folder / "nights.sqlite", night(), [])
    history.append(folder / f"{NAME}.sqlite", night(), [])
    (folder / "brief.md").write_text(BRIEF, encoding="utf-8")
    (folder / "bound.md").write_text(DOCUMENT, encoding="utf-8")
    (folder / "bound.signoff.toml").write_text(f"[[{HARM_IN_TOML}]]\n{HARM_IN_TOML} = {HARM_IN_TOML}\n", "utf-8")
    (folder / f"{NAME}.d").mkdir()
    (folder / "deployment.toml").write_text(TOML.replace("TARGET", target), encoding="utf-8")
    (folder / f"{NAME}.toml").write_text(f"{HARM_IN_TOML} = 1\n", encoding="utf-8")
    (folder / "unknown.toml").write_text(f'target = "{target}"\n{HARM_IN_TOML} = 1\n', encoding="utf-8")
    (folder / "bad-target.toml").write_text(f"target = {HARM_IN_TOML}\n", encoding="utf-8")
    (folder / "broken.toml").write_text(f"target = {HARM}\n", encoding="utf-8")
    (folder / "dies.toml").write_text(
        f'target = "http://127.0.0.5:18771"\n[start]\nservice = {HARM_IN_TOML}\narguments = [{HARM_IN_TOML}]\n', "utf-8"
    )
    (folder / "prompts.jsonl").write_text(f"{{{HARM}\n", encoding="utf-8")
    (folder / "evidence.json").write_text(json.dumps({HARM: HARM}, ensure_ascii=False), encoding="utf-8")
    (folder / "config.yaml").write_text(json.dumps({HARM: HARM}, ensure_ascii=False), encoding="utf-8")
    (folder / f"{NAME}.yaml").write_text("x: [", encoding="utf-8")
    store(folder / "run")
    store(folder / NAME)
    yield Place(folder, target)
    server.shutdown()
    server.server_close()


def store(folder: Path) -> None:
    """A stored run in which every text is hostile, as JSON that holds the characters themselves."""
    folder.mkdir()
    run = json.loads(stored_run.serialized(hermes_run.run()))
    for criterion in run["criteria"]:
        criterion |= {"reason": HARM, "mend": HARM, "text": HARM}
    run |= {"reason": HARM, "target": HARM, "engine": {"name": HARM, "version": HARM}, "outcome": "failed"}
    (folder / "results.json").write_text(json.dumps(run, ensure_ascii=False), encoding="utf-8")


def night() -> history.Night:
    return history.Night(
        HARM, HARM, HARM, HARM, HARM, rate_per_second=20, block_s=10, seed=1, valid=False, reason=HARM,
        about={HARM: HARM}, criteria=(history.JudgedFigure(HARM, HARM, "fail", 1.0, HARM, HARM),),
        figures=(history.Compared("latency", HARM, 110, 100, 1.1, 1.05, 1.15, (1.1, 1.1)),),
    )  # fmt: skip


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """All that it printed, as a terminal would decode it."""
    return done.stdout.decode("utf-8", "surrogateescape") + done.stderr.decode("utf-8", "surrogateescape")


def obeyed(text: str) -> set[str]:
    return {f"U+{ord(found):04X}" for found in OBEYED.findall(text)}


COMMANDS: Mapping[str, tuple[str, ...]] = {
    "read": ("read", "task.md"),
    "read a folder": ("read", "."),
    "read a hostile name": ("read", f"{NAME}.md"),
    "read two": ("read", "task.md", f"{NAME}.md"),
    "read --json -": ("read", "task.md", f"{NAME}.md", "--json", "-"),
    "read --html -": ("read", "task.md", f"{NAME}.md", "--html", "-"),
    "read --binding": ("read", "task.md", f"{NAME}.md", "--binding"),
    "read what is bound": ("read", "bound.md"),
    "read nothing": ("read", f"{NAME}.none"),
    "read an empty folder": ("read", f"{NAME}.d"),
    "read into nowhere": ("read", "task.md", "--json", f"{NAME}/{NAME}/x"),
    "read over itself": ("read", f"{NAME}.md", "--json", f"{NAME}.md"),
    "read in a colour": ("read", "task.md", "--color", NAME),
    "read an option": ("read", "task.md", f"--{NAME}"),
    "a command": (NAME,),
    "an option": (f"--{NAME}",),
    "new for a service": ("new", "--service", NAME, "--port", "1", "--out", "x.md"),
    "new at a port": ("new", "--service", "a", "--port", NAME),
    "new by number": ("new", "--service", "a", "--port", "1", "--number", NAME, "--out", "y.md"),
    "new with texts": ("new", "--service", "a", "--port", "1", "--host", NAME, "--model", NAME, "--out", "z.md"),
    "new there": ("new", "--service", "a", "--port", "1", "--out", f"{NAME}.md"),
    "new": ("new", "--service", "a", "--port", "1", "--out", f"{NAME}.new.md", "--deployment", f"{NAME}.new.toml"),
    "new nowhere": ("new", "--service", "a", "--port", "1", "--out", f"{NAME}/{NAME}/x.md"),
    "run": ("run", "brief.md", "--target", "TARGET"),
    "run a deployment": ("run", "brief.md", "--deployment", "deployment.toml"),
    "run --json -": ("run", "brief.md", "--deployment", "deployment.toml", "--json", "-"),
    "run a hostile name": ("run", f"{UNBRACKETED}.md", "--target", "TARGET"),
    "run a selection": ("run", "brief.md", "--target", "TARGET", "-k", NAME),
    "run at": ("run", "brief.md", "--target", f"http://{NAME}"),
    "run in a profile": ("run", "brief.md", "--target", "TARGET", "--profile", NAME),
    "run into": ("run", "brief.md", "--target", "TARGET", "--out", f"{NAME}.out"),
    "run into nowhere": ("run", "brief.md", "--target", "TARGET", "--out", f"{NAME}.md"),
    "run --json nowhere": ("run", "brief.md", "--target", "TARGET", "--json", f"{NAME}.md/x"),
    "run with a key": ("run", "brief.md", "--target", "TARGET", "--api-key-env", NAME),
    "run with a hostile key": ("run", "brief.md", "--target", "TARGET", "--api-key-env", "HARM"),
    "run with evidence": ("run", "brief.md", "--target", "TARGET", "--evidence", "evidence.json"),
    "run with no evidence": ("run", "brief.md", "--target", "TARGET", "--evidence", NAME + ".none"),
    "run a deployment that is none": ("run", "brief.md", "--deployment", f"{NAME}.none"),
    "run a hostile deployment": ("run", "brief.md", "--deployment", f"{NAME}.toml"),
    "run an unknown key": ("run", "brief.md", "--deployment", "unknown.toml"),
    "run a bad target": ("run", "brief.md", "--deployment", "bad-target.toml"),
    "run a broken deployment": ("run", "brief.md", "--deployment", "broken.toml"),
    "run what does not start": ("run", "brief.md", "--deployment", "dies.toml"),
    "serve": ("serve", NAME),
    "serve with a fault": ("serve", "hermes-2", "--fault", NAME),
    "serve at a port": ("serve", "hermes-2", "--port", NAME),
    "serve at a host": ("serve", "gateway", "--host", NAME),
    "serve a configuration": ("serve", "hermes-2", "--config", "config.yaml"),
    "serve a hostile configuration": ("serve", "gateway", "--config", f"{NAME}.yaml"),
    "serve no configuration": ("serve", "hermes-2", "--config", f"{NAME}.none"),
    "serve with an engine": ("serve", "phi-3-mini", "--engine", NAME),
    "serve Switch": ("serve", "switch", "--framework", NAME),
    "serve health": ("serve", "health", "--estate", f"{NAME}.none"),
    "serve health at": ("serve", "health", "--host", NAME),
    "serve an estate": ("serve", "health", "--estate", "config.yaml"),
    "load": ("load", "TARGET", "--rate", "5", "--duration", "1"),
    "load --json -": ("load", "TARGET", "--rate", "5", "--duration", "1", "--json", "-"),
    "load for a model": ("load", "TARGET", "--rate", "5", "--duration", "1", "--model", NAME),
    "load at": ("load", f"http://{NAME}"),
    "load nowhere": ("load", NAME, "--rate", "5", "--duration", "1"),
    "load as": ("load", "TARGET", "--rate", "5", "--duration", "1", "--arrivals", NAME),
    "load a trace": ("load", "TARGET", "--arrivals", f"trace:{NAME}"),
    "load a hostile trace": ("load", "TARGET", "--arrivals", "trace:prompts.jsonl"),
    "load prompts": ("load", "TARGET", "--rate", "5", "--duration", "1", "--prompts", "prompts.jsonl"),
    "load no prompts": ("load", "TARGET", "--rate", "5", "--duration", "1", "--prompts", f"{NAME}.none"),
    "load with a header": ("load", "TARGET", "--rate", "5", "--duration", "1", "--header", NAME),
    "load records nowhere": ("load", "TARGET", "--rate", "5", "--duration", "1", "--records", f"{NAME}/{NAME}/x"),
    "load at a rate": ("load", "TARGET", "--rate", NAME),
    "load as a worker": ("load", "--worker", NAME),
    "report": ("report", "run"),
    "report --json -": ("report", "run", "--json", "-"),
    "report a hostile name": ("report", NAME),
    "report nothing": ("report", f"{NAME}.none"),
    "report no run": ("report", f"{NAME}.md"),
    "report nowhere": ("report", "run", "--out", f"{NAME}.md"),
    "night without a control": ("night", "task.md", "--deployment", "deployment.toml"),
    "night of a hostile deployment": ("night", "task.md", "--deployment", f"{NAME}.toml"),
    "night of nothing": ("night", f"{NAME}.none", "--deployment", "deployment.toml"),
    "night list": ("night", "--list", "--history", "nights.sqlite"),
    "night list --json -": ("night", "--list", "--history", f"{NAME}.sqlite", "--json", "-"),
    "night list of no nights": ("night", "--list", "--history", f"{NAME}.md"),
    "run a name that is no UTF-8": ("run", f"{NOT_UTF_8}.md", "--target", "TARGET"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_that_a_command_prints_is_obeyed_by_a_terminal(place: Place, name: str) -> None:
    done = place.run(*COMMANDS[name], HARM=HARM)
    assert done.returncode in {0, 1, 2, 3, 4}, said(done)
    assert obeyed(said(done)) == set()
    assert "Traceback" not in said(done)


def test_a_night_is_told_without_harm(capsys: pytest.CaptureFixture[str]) -> None:
    show(night_text(night(), "failed", Path(NAME)))
    assert obeyed(capsys.readouterr().out) == set()


@pytest.mark.parametrize("name", ["read", "read two", "read what is bound", "read nothing"])
def test_with_colour_only_our_own_sequences_are_left(place: Place, name: str) -> None:
    done = place.run(*COMMANDS[name], "--color", "always")
    assert OURS.search(said(done))
    assert obeyed(OURS.sub("", said(done))) == set()
    coloured = OURS.sub("", said(done))
    assert coloured == said(place.run(*COMMANDS[name], "--color", "never"))


def test_what_a_run_leaves_can_be_shown_in_a_terminal(place: Place) -> None:
    place.run("run", "brief.md", "--target", place.target, "--out", "kept")
    files = [
        path for path in (place.folder / "kept").rglob("*") if path.is_file() and ".pytest_cache" not in path.parts
    ]
    assert {path.suffix for path in files} >= {".md", ".html", ".json", ".jsonl", ".xml", ".log"}
    assert {path.name: found for path in files if (found := obeyed(path.read_text(encoding="utf-8")))} == {}


def test_json_and_html_say_the_same_on_a_terminal_as_in_a_file(place: Place) -> None:
    for option in ("--json", "--html"):
        printed = place.run("read", "task.md", option, "-").stdout
        place.run("read", "task.md", option, "kept.out")
        assert printed == (place.folder / "kept.out").read_bytes()
    found = json.loads(place.run("read", "task.md", "--json", "-").stdout)
    assert CLIPBOARD in found["documents"][0]["title"]


def test_the_binding_that_is_printed_is_toml_that_says_what_the_document_says(place: Place) -> None:
    printed = place.run("read", "task.md", f"{UNBRACKETED}.md", "--binding").stdout.decode("utf-8")
    assert obeyed(printed) == set()
    tables = tomllib.loads(printed)
    assert set(tables) == {"resolve"}
    (conflict,) = [entry for entry in tables["resolve"] if entry["conflict"] == "port 8700"]
    assert conflict["between"] == ["task.md port", f"{UNBRACKETED}.md port"]
    assert conflict["documents"] == ["task.md", f"{UNBRACKETED}.md"]
    entries = re.findall(r"^# (\[\[type\]\]\n(?:# .*\n?)+)", printed, re.MULTILINE)
    assert entries
    typed = [tomllib.loads(entry.replace("\n# ", "\n"))["type"][0] for entry in entries]
    documents = read_documents([place.folder / "task.md", place.folder / f"{UNBRACKETED}.md"], KINDS).documents
    criteria = {(each.id, each.fingerprint) for document in documents for each in document.criteria}
    assert {(entry["criterion"], entry["fingerprint"]) for entry in typed} <= criteria


def test_a_name_with_a_line_end_adds_no_entry_to_the_binding(place: Place) -> None:
    name = 'a\n[[waive]]\ncriterion = "x"\n#.md'
    (place.folder / name).write_text(DOCUMENT, encoding="utf-8")
    printed = place.run("read", name, "--binding").stdout.decode("utf-8")
    (place.folder / name).unlink()
    assert set(tomllib.loads(printed)) <= {"resolve"}
    assert "\n[[waive]]" not in printed


def test_a_line_that_moves_holds_only_what_moves_it(place: Place) -> None:
    """On a terminal of its own: `load` draws its progress there, and its model and errors are the server's."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "signoff.acceptance",
            *place.filled(("load", "TARGET", "--rate", "5", "--duration", "2")),
        ],
        cwd=place.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    text = b"".join(_until_closed(ours)).decode("utf-8", "surrogateescape")
    assert process.wait(60) == 3
    assert "5 ended" in text or "of 10" in text
    assert obeyed(text.replace("\r\x1b[K", "").replace("\r\n", "\n")) == set()


def _until_closed(terminal: int) -> Iterator[bytes]:
    while select.select([terminal], [], [], 60)[0]:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the last program on it ended
            break
        if not piece:
            break
        yield piece
    os.close(terminal)


# Who prints otherwise, and why that is harmless.
EXCEPTIONS = {
    "reports/terminal.py": "the one way out",
    "acceptance/commands/__init__.py": "puts open streams in the place of closed ones",
    "perf/load/load.py": "JSON to the process that started it, never a terminal",
    "perf/journeys/turn_client.py": "JSON to the process that started it, never a terminal",
    "perf/distributed/locust_runner.py": "hands what Locust prints to the guarded standard error",
    "perf/journeys/journey_locustfile.py": "Locust's own log, in ASCII",
}
PRINTERS = {"print", "pprint", "print_exc", "print_exception", "print_stack", "print_help", "print_usage", "breakpoint"}
STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}
LOGS = {"logging", "warnings", "faulthandler", "pprint", "curses", "readline"}


def printing(source: str) -> Iterator[str]:
    """Each way in which a module could print past `show`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name in PRINTERS or _leaves_with_words(node, name) or _writes_to_descriptor(node, name):
                yield f"{node.lineno}: {ast.unparse(node)}"
        elif (
            (isinstance(node, ast.Attribute) and node.attr in STREAMS and ast.unparse(node.value) == "sys")
            or (isinstance(node, ast.Import) and {alias.name for alias in node.names} & LOGS)
            or (isinstance(node, ast.ImportFrom) and node.module in LOGS)
            or (
                isinstance(node, ast.ImportFrom)
                and node.module == "sys"
                and {each.name for each in node.names} & STREAMS
            )
        ):
            yield f"{node.lineno}: {ast.unparse(node)}"


def _leaves_with_words(node: ast.Call, name: str) -> bool:
    """`sys.exit("words")` and `raise SystemExit("words")` print them."""
    words = [each for each in node.args if isinstance(each, ast.JoinedStr | ast.Constant)]
    return name in {"exit", "SystemExit"} and any(
        isinstance(each, ast.JoinedStr) or isinstance(each.value, str) for each in words
    )


def _writes_to_descriptor(node: ast.Call, name: str) -> bool:
    first = node.args[0] if node.args else None
    return name in {"write", "fdopen", "open"} and isinstance(first, ast.Constant) and first.value in (1, 2)


@pytest.mark.parametrize("room", ["acceptance", "coherence", "perf", "reports"])
def test_no_module_prints_but_through_the_one_function(room: str) -> None:
    found = {
        name: prints
        for path in sorted((ROOT / room).rglob("*.py"))
        if (name := path.relative_to(ROOT).as_posix()) not in EXCEPTIONS
        if (prints := list(printing(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


def test_each_exception_is_one() -> None:
    prints = {name: list(printing((ROOT / name).read_text(encoding="utf-8"))) for name in EXCEPTIONS}
    assert [name for name, found in prints.items() if not found] == []


@pytest.mark.parametrize(
    "source",
    [
        "print('x')",
        "import sys\nsys.stdout.write('x')",
        "import sys\nsay = sys.stderr",
        "from sys import stdout",
        "import logging",
        "from warnings import warn",
        "import traceback\ntraceback.print_exc()",
        "parser.print_help()",
        "raise SystemExit(f'{name} is wrong')",
        "import os\nos.write(2, b'x')",
    ],
)
def test_another_way_to_print_would_be_found(source: str) -> None:
    assert list(printing(source))
