"""The package `signoff`: in a checkout its folders are links, and each source file is loaded under one name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import signoff
from tests.loaded_modules import loaded_twice

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "signoff"
FOLDERS = ("acceptance", "coherence", "fixtures", "perf", "reference_services", "reports")
IMPORT_ALL = """
import importlib, json, pkgutil, sys
import signoff
for found in pkgutil.walk_packages(signoff.__path__, "signoff."):
    if not found.name.endswith("__main__"):
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            assert error.name.split(".")[0] in ("gguf", "llama_cpp", "locust", "vllm"), error
from tests.loaded_modules import loaded_twice
print(json.dumps([len([name for name in sys.modules if name.startswith("signoff.")]), loaded_twice()]))
"""


def test_the_package_is_links_to_the_folders_of_the_top_level() -> None:
    links = {path.name: path.resolve() for path in PACKAGE.iterdir() if path.is_symlink()}
    assert links == {name: ROOT / name for name in FOLDERS}
    assert {path.name for path in PACKAGE.iterdir()} - {"__pycache__"} == {*FOLDERS, "__init__.py", "py.typed"}


def test_no_source_file_is_loaded_under_two_names() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    count, twice = json.loads(done.stdout)
    assert count > 500
    assert twice == {}


def test_a_file_that_is_loaded_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "another_name", signoff)
    assert loaded_twice() == {"src/signoff/__init__.py": ["another_name", "signoff"]}
