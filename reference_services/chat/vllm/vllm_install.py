"""The installed vLLM: command, version, and flags."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from signoff.reference_services.chat.engine.engine import EngineError

HELP_TIMEOUT_S = 300
VERSION_TIMEOUT_S = 60
_ENTRY = re.compile(r"^ {1,4}(-.*)$", re.MULTILINE)
"""A line that begins an option; its description is further in."""
_NAME = re.compile(r"(?<![\w-])--[a-z][\w-]*")
_VERSION = "import importlib.metadata as metadata; print(metadata.version('vllm'))"
WHAT_TO_DO = (
    "install it (docs/services/vllm.md: on a machine with a GPU `pip install vllm`, without one `nox -s vllm` shows "
    "how), or name its command with the setting vllm_command"
)


@dataclass(frozen=True, slots=True)
class Install:
    """A vLLM on this machine: the program `vllm` and the version of its distribution."""

    command: Path
    version: str

    def known_flags(self) -> frozenset[str]:
        """The flags of `vllm serve`, from its own help, which takes its time: kept for this command and version.

        Raises EngineError if it cannot be asked.
        """
        kept = self._kept()
        if kept.is_file():
            return frozenset(json.loads(kept.read_text(encoding="utf-8")))
        found = flags_of(self._help())
        if "--max-model-len" not in found:
            raise EngineError(f"{self.command} serve --help=all shows no flags of vLLM; is it vLLM's command?")
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Another start may write the same at the same time.
        whole = kept.with_name(f"{kept.name}.{os.getpid()}")
        whole.write_text(json.dumps(sorted(found)), encoding="utf-8")
        whole.replace(kept)
        return found

    def _kept(self) -> Path:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "signoff"
        stamp = self.command.stat().st_mtime_ns
        name = hashlib.sha256(f"{self.command} {self.version} {stamp}".encode()).hexdigest()[:16]
        return folder / f"vllm-flags-{name}.json"

    def _help(self) -> str:
        return _said([str(self.command), "serve", "--help=all"], HELP_TIMEOUT_S)


def flags_of(text: str) -> frozenset[str]:
    """The names of all long flags that a help text lists."""
    return frozenset(name for entry in _ENTRY.findall(text) for name in _NAME.findall(entry))


def find(command: str) -> Install:
    """The vLLM of this command; of none, the one beside this interpreter or on the path. Raises EngineError."""
    beside = Path(sys.executable).parent / "vllm"
    found = shutil.which(command) if command else shutil.which(beside) or shutil.which("vllm")
    if found is None:
        what = f"vllm_command = {command!r}: there is no such program" if command else "vLLM is not installed here"
        raise EngineError(f"{what}; {WHAT_TO_DO}")
    path = Path(found).absolute()
    python = path.resolve().parent / "python"
    interpreter = python if python.exists() else path.parent / "python"
    if not interpreter.exists():
        raise EngineError(f"{path} has no interpreter beside it, so its version is unknown; {WHAT_TO_DO}")
    return Install(path, _said([str(interpreter), "-c", _VERSION], VERSION_TIMEOUT_S).strip())


def _said(command: list[str], timeout_s: float) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    except OSError as error:
        raise EngineError(f"{command[0]} cannot be run: {error.strerror}; {WHAT_TO_DO}") from None
    except subprocess.TimeoutExpired:
        raise EngineError(f"{' '.join(command)} took longer than {timeout_s:g} s") from None
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["it said nothing"]
        raise EngineError(f"{' '.join(command)} ended with exit code {done.returncode}: {last[0]}; {WHAT_TO_DO}")
    return done.stdout
