"""The module index is up to date, and every module has a line in it."""

from __future__ import annotations

import re

from tests.guides import module_index


def test_the_module_index_is_up_to_date() -> None:
    written = module_index.INDEX.read_text(encoding="utf-8") if module_index.INDEX.exists() else ""
    assert written == module_index.text(), "docs/modules.md is out of date: run `nox -s docs`"


def test_every_module_says_what_it_holds() -> None:
    files = [file for folder in module_index.rooms() for file in folder.glob("*.py")]
    assert [str(file) for file in files if not module_index.summary(file)] == []


def test_the_architecture_names_every_room_and_no_other() -> None:
    text = (module_index.ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"^\| `([\w/]+)/` \|", text, re.MULTILINE) if "/" in name}
    parts = [folder.relative_to(module_index.ROOT).parts for folder in module_index.rooms()]
    inner = [part[: 3 if part[:2] == ("acceptance", "reading") else 2] for part in parts if len(part) > 1]
    assert {"/".join(part) for part in inner if part != ("acceptance", "reading")} <= named
    assert [name for name in named if not (module_index.ROOT / name).is_dir()] == []
