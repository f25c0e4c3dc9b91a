"""Python files beside a document, or in its place, are never run: a folder of documents may be somebody else's."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENT = "# T\n\n```bash\ncurl http://localhost:8000/health\n# Expected: 200\n```\n"
HEALTHY = b'{"status": "healthy"}'
NAMES = ("__init__.py", "conftest.py", "sitecustomize.py", "test_it.py", "json.py", "acceptance.py")


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(HEALTHY)))
        self.end_headers()
        self.wfile.write(HEALTHY)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def target() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(folder: Path, target: str, *named: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "signoff.acceptance", "run", *named, "--target", target],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, timeout=60,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def plant(folder: Path, name: str) -> None:
    mark = folder.parent / "it-ran"
    (folder / name).write_text(f"open({str(mark)!r}, 'a').write(__name__)\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "task.md").write_text(DOCUMENT, encoding="utf-8")
    for name in NAMES:
        plant(folder, name)
    return folder


@pytest.mark.parametrize("named", ["task.md", "."])
def test_nothing_that_lies_beside_a_document_is_run(folder: Path, target: str, named: str) -> None:
    done = run(folder, target, named)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (folder.parent / "it-ran").exists()


def test_a_python_file_in_the_place_of_a_document_is_refused(folder: Path, target: str) -> None:
    done = run(folder, target, "test_it.py")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "test_it.py" in done.stderr
    assert not (folder.parent / "it-ran").exists()
