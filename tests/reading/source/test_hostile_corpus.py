"""Whatever a document says, it is read and shown: nothing of it is run, opened or sent, and nothing is told to it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.measuring.site import UNSET
from signoff.acceptance.reading import read_documents

ROOT = Path(__file__).parents[3]
HOSTILE = Path(__file__).parents[1] / "documents" / "hostile"
PROBE = "probe-7c1f4e-of-the-environment"
OUTSIDE = "probe-93ab2d-of-a-file-outside"
LIBRARIES = tuple(
    str(Path(folder).resolve()) for folder in (sys.prefix, sys.base_prefix, *sysconfig.get_paths().values())
)


@dataclass(frozen=True)
class Watched:
    """What a watched process did and showed."""

    folder: Path
    code: str
    events: list[tuple[str, str]]
    shown: dict[str, str]
    reading: dict[str, Any]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    place = tmp_path_factory.mktemp("hostile")
    folder = place / "tasks"
    shutil.copytree(HOSTILE, folder)
    (place / "outside.json").write_text(json.dumps({"model": OUTSIDE}), encoding="utf-8")
    (folder / "link.json").symlink_to(place / "outside.json")
    report = place / "report.txt"
    keys = ("SIGNOFF_HOSTILE_PROBE", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "API_KEY")
    environment = {
        **os.environ,
        **dict.fromkeys(keys, PROBE),
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, str(Path(__file__).parent / "watched_reading.py"), str(report), str(folder)]
    done = subprocess.run(command, env=environment, cwd=place, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    first, *lines = report.read_text(encoding="utf-8").split("\n")
    names = ("reading.json", "reading.html", "reading.out")
    shown = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    events = [(name, argument) for name, _, argument in (line.partition("\t") for line in lines)]
    return Watched(folder, first.partition("\t")[2], events, shown, json.loads(shown["reading.json"]))


def test_the_corpus_is_large_and_every_line_of_it_is_read(watched: Watched) -> None:
    documents = watched.reading["documents"]
    assert watched.code == "0"
    assert len(documents) == len(list(HOSTILE.glob("*.md")))
    assert sum(document["explicit"] for document in documents) >= 200
    assert [document["dropped"] for document in documents] == [0] * len(documents)


def test_nothing_outside_of_the_documents_folder_is_opened(watched: Watched) -> None:
    opened = {argument for name, argument in watched.events if name in ("open", "os.listdir", "os.scandir")}
    assert any(argument.endswith("secrets-and-files.md") for argument in opened), "the hook sees what is opened"
    allowed = (str(watched.folder), str(ROOT / "src"), *LIBRARIES)
    # Importing looks through the folders of modules; a Python text that cannot be parsed has the file name "<unknown>".
    harmless = {str(ROOT), str(Path(__file__).parent), "<unknown>"}
    # A descriptor was opened by its path before, which is among these.
    paths = [argument for argument in sorted(opened - harmless) if not argument.isdecimal()]
    assert [argument for argument in paths if not argument.startswith(allowed)] == []


def test_nothing_is_run_sent_or_changed(watched: Watched) -> None:
    harmless = {"open", "os.listdir", "os.scandir", "import", "exec", "marshal.loads", "code.__new__"}
    done = [(name, argument) for name, argument in watched.events if name not in harmless]
    assert done == []


def test_no_code_but_that_of_modules_is_executed(watched: Watched) -> None:
    executed = {argument for name, argument in watched.events if name == "exec"}
    # Templates are code that jinja2 makes of our own files.
    own = [
        argument for argument in executed if not argument.startswith((*LIBRARIES, str(ROOT), "<frozen", "<template>"))
    ]
    assert own == []


def test_keys_of_the_environment_and_files_outside_show_up_nowhere(watched: Watched) -> None:
    for name, text in watched.shown.items():
        assert PROBE not in text, name
        assert OUTSIDE not in text, name
        assert "root:x:0:0" not in text, name


def test_no_criterion_for_a_machine_sends_what_changes_a_server_or_what_the_environment_holds(watched: Watched) -> None:
    requests = [
        criterion["parameters"]["request"]
        for document in watched.reading["documents"]
        for criterion in document["criteria"]
        if criterion["judge"] == "machine" and criterion["parameters"].get("request")
    ]
    assert len(requests) >= 10, "some of the corpus can be sent, or nothing is tested here"
    for request in requests:
        assert request["method"] in ("GET", "HEAD", "OPTIONS", "POST"), request
        assert not re.search(r"shutdown|restart|delete", request["path"]), request
        # In place of a header with a variable, the deployment's own key is sent.
        headers = {name: value for name, value in request["headers"].items() if not UNSET.search(value)}
        sent = json.dumps([request["path"], headers, request["body"]])
        assert not re.search(r"[$]\w|[$][{(]", sent), request
        assert "@" not in (request["address"] or ""), request


def test_destructive_commands_are_shown_as_such(watched: Watched) -> None:
    name = str(watched.folder / "commands-that-destroy.md")
    document = next(document for document in watched.reading["documents"] if document["path"] == name)
    meant = [command for command in document["commands"] if not command["destructive"]]
    destructive = {command["text"] for command in document["commands"] if command["destructive"]}
    assert {"rm -rf /", "rm -f ~/.ssh/known_hosts", "systemctl disable sshd", "pkill -9 python"} <= destructive
    assert len(meant) < len(document["commands"]) // 2


def test_the_page_holds_no_element_of_a_document(watched: Watched) -> None:
    page = watched.shown["reading.html"]
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert not re.search(r"<(?:img|svg|iframe|object|link|base|form)\b", page)
    assert not re.search(r"\bon(?:error|load|click)=(?!(?:alert|&#34;|&quot;))[\"']", page)
    assert set(re.findall(r"href=\"([^\"]{0,1})", page)) == {"#"}
    assert page.count("<style>") == 1
    assert page.count("<meta") == 3


@pytest.mark.parametrize("name", ["reading.out", "reading.html"])
def test_nothing_that_is_shown_moves_a_cursor_or_turns_a_line_around(watched: Watched, name: str) -> None:
    found = re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", watched.shown[name])
    assert found is None


def test_json_is_json_for_everybody(watched: Watched) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    json.loads(watched.shown["reading.json"], parse_constant=refuse)


def test_a_bomb_does_not_go_off(watched: Watched) -> None:
    assert len(watched.shown["reading.json"]) < 20 * 2**20


def test_the_corpus_reads_the_same_alone() -> None:
    for path in sorted(HOSTILE.glob("*.md")):
        document = read_documents([path], KINDS).documents[0]
        assert document.dropped == 0
        assert document.statements
