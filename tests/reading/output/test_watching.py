"""`signoff read --watch` as people use it: a process in a terminal, files that change, Ctrl-C."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signoff.acceptance.commands.documents.watching import stamps

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60.0


class Screen:
    """What a watching process wrote so far."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.process, self._terminal, self.text = process, terminal, ""

    def wait(self, holds: Callable[[str], bool]) -> str:
        """The text as soon as it holds; what was shown before is forgotten."""
        end = time.monotonic() + PATIENCE_S
        while not holds(self.text):
            assert time.monotonic() < end, self.text
            if select.select([self._terminal], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self._terminal, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        found, self.text = self.text, ""
        return found


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    (tmp_path / "task.md").write_text("# First\n\n- [ ] Latency < 1 s\n", encoding="utf-8")
    terminal, child = pty.openpty()
    command = [sys.executable, "-m", "signoff.acceptance", "read", "task.md", "--watch"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=child, stderr=child, stdin=child)
    os.close(child)
    try:
        yield Screen(process, terminal)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def watching(text: str) -> bool:
    return "Ctrl-C ends" in text


def test_a_document_is_read_again_when_it_or_its_binding_changes_or_goes_away(screen: Screen, tmp_path: Path) -> None:
    document = tmp_path / "task.md"
    first = screen.wait(watching)
    assert first.startswith("\x1b[2J")
    assert "First" in first
    assert "\x1b[1m" in first, "a terminal gets colour"
    document.write_text("# Second\n\n- [ ] Latency < 1 s\n- [ ] Memory < 2 GB\n", encoding="utf-8")
    assert "Second" in screen.wait(lambda text: "Second" in text and watching(text))
    document.write_bytes(b"%PDF-1.7")
    assert "this is a PDF" in screen.wait(lambda text: "PDF" in text and watching(text))
    document.unlink()
    assert "no such file" in screen.wait(lambda text: "no such file" in text and watching(text))
    document.write_text("# Third\n\n- [ ] Latency < 1 s\n", encoding="utf-8")
    assert "Third" in screen.wait(lambda text: "Third" in text and watching(text))
    (tmp_path / "task.signoff.toml").write_text("[[nonsense]]\n", encoding="utf-8")
    assert "nonsense" in screen.wait(lambda text: "nonsense" in text and watching(text))


def test_ctrl_c_ends_a_watch_cleanly_with_the_code_of_the_last_reading(screen: Screen, tmp_path: Path) -> None:
    screen.wait(watching)
    (tmp_path / "task.md").write_text("Only prose.\n", encoding="utf-8")
    screen.wait(lambda text: "no-criteria" in text and watching(text))
    screen.process.send_signal(signal.SIGINT)
    assert screen.process.wait(PATIENCE_S) == 3
    assert "Traceback" not in screen.wait(lambda text: True)


def test_a_folder_is_watched_with_what_comes_and_goes_in_it(tmp_path: Path) -> None:
    assert stamps([tmp_path]) == {}
    (tmp_path / "a.md").write_text("- [ ] box\n", encoding="utf-8")
    one = stamps([tmp_path])
    assert [path.name for path in one] == ["a.md", "a.signoff.toml", "a.signoff.lock"]
    assert one[tmp_path / "a.signoff.toml"] is None
    (tmp_path / "b.md").write_text("- [ ] box\n", encoding="utf-8")
    assert stamps([tmp_path]) != one
