"""The wheel in a fresh environment, beside `fixtures`, whose import name is that of a folder of ours."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TASK = """# Task 1: a small server

## Requirements

- `GET /health` answers 200.

## Testing

```bash
curl -s http://localhost:8000/health
# Expected: {"status": "ok"}
```
"""


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"status": "ok"}'
        self.send_response(200 if self.path == "/health" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@dataclass(frozen=True)
class Place:
    """An environment with the wheel in it, and an empty folder to work in."""

    python: Path
    site_packages: Path
    gained: frozenset[str]
    folder: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST_", "UV_"))}
        return subprocess.run(
            [str(self.python.with_name(program)), *arguments],
            cwd=self.folder, env=kept,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip


def uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "uv", "--quiet", *arguments]
    kept = {name: value for name, value in os.environ.items() if name != "UV_PROJECT_ENVIRONMENT"}
    return subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    environment, needed = folder / "environment", folder / "needed.txt"
    python = environment / "bin" / "python"
    exported = uv(
        "export", "--frozen", "--no-default-groups", "--group=neighbours", "--extra=services", "--no-emit-project",
        f"--output-file={needed}",
    )  # fmt: skip
    assert exported.returncode == 0, exported.stderr
    assert uv("venv", f"--python={sys.executable}", str(environment)).returncode == 0
    others = uv("pip", "install", f"--python={python}", "--require-hashes", f"--requirement={needed}")
    if others.returncode:
        assert "Failed to fetch" in others.stderr or "error sending request" in others.stderr, others.stderr
        pytest.skip("the package index cannot be reached")
    (site_packages,) = (environment / "lib").glob("python*/site-packages")
    before = {path.name for path in site_packages.iterdir()}
    own = uv("pip", "install", f"--python={python}", "--offline", "--no-deps", str(wheel))
    assert own.returncode == 0, own.stderr
    gained = {path.name for path in site_packages.iterdir()} - before
    work = folder / "work"
    work.mkdir()
    (work / "TASK.md").write_text(TASK, encoding="utf-8")
    return Place(python, site_packages, frozenset(gained), work)


def test_one_package_of_ours_is_at_the_top_level(place: Place) -> None:
    assert {name for name in place.gained if not name.endswith(".dist-info")} == {"signoff"}
    assert not any(path.is_symlink() for path in (place.site_packages / "signoff").rglob("*"))


def test_a_neighbour_with_the_name_of_a_folder_is_itself(place: Place) -> None:
    done = place.run("python", "-c", "import fixtures, signoff; print(fixtures.TempDir.__module__)")
    assert (done.stdout.strip(), done.returncode) == ("fixtures._fixtures.tempdir", 0), done.stderr


def test_the_training_of_the_recall_model_is_left_out(place: Place) -> None:
    package = place.site_packages / "signoff"
    assert not (package / "training").exists()
    assert (package / "fixtures" / "models" / "recall" / "model.safetensors").is_file()


def test_every_other_file_of_the_folders_is_there(place: Place) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    folders = {path.name for path in (ROOT / "src" / "signoff").iterdir() if path.is_symlink()}
    names = {name for name in listed.stdout.split("\0") if name.partition("/")[0] in folders and (ROOT / name).exists()}
    assert {name for name in names if not (place.site_packages / "signoff" / name).is_file()} == set()


def test_read(place: Place) -> None:
    done = place.run("signoff", "read", "TASK.md", "--json", "read.json")
    assert done.returncode == 0, done.stderr
    (document,) = json.loads((place.folder / "read.json").read_text(encoding="utf-8"))["documents"]
    assert document["criteria"] != []


def test_a_new_document_comes_from_its_template(place: Place) -> None:
    done = place.run("signoff", "new", "--service", "hermes-2", "--port", "11401", "--out", "new.md")
    assert done.returncode == 0, done.stderr


def test_run_against_a_target(place: Place, target: str) -> None:
    done = place.run("signoff", "run", "TASK.md", "--target", target, "--out", "runs", "--json", "run.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((place.folder / "run.json").read_text(encoding="utf-8"))["outcome"] == "passed"
    assert list(place.folder.glob("runs/*/*.html")) != []


def test_pytest_against_a_target(place: Place, target: str) -> None:
    done = place.run("pytest", "TASK.md", "--target", target, "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)
    wrong = place.run("pytest", "TASK.md", "--target", f"{target}/elsewhere", "-p", "no:cacheprovider")
    assert wrong.returncode == 1


@pytest.mark.parametrize("service", ["hermes-2", "gateway", "switch", "health"])
def test_a_shipped_service_can_be_started(place: Place, service: str) -> None:
    done = place.run("signoff", "serve", service, "--list")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["chat", "gateway", "gateway.announce", "switch", "switch.prepare", "health"])
def test_a_program_of_the_guides_is_there(place: Place, module: str) -> None:
    done = place.run("python", "-m", f"signoff.reference_services.{module}", "--help")
    assert done.returncode == 0, done.stderr
    assert f"python -m signoff.reference_services.{module}" in done.stdout


def test_the_lock_file_names_the_public_index_alone() -> None:
    """Of what CI installs every file is known by its hash, whatever the machine is on which the lock was made."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    sources = {json.dumps(each["source"]) for each in packages}
    assert sources == {'{"registry": "https://pypi.org/simple"}', '{"editable": "."}'}
    files = [file for each in packages for file in [*each.get("wheels", []), *filter(None, [each.get("sdist")])]]
    assert all(file["url"].startswith("https://files.pythonhosted.org/") for file in files)
    assert all(file["hash"].startswith("sha256:") for file in files)
