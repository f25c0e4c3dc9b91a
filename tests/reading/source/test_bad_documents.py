"""What people see of bad documents: golden files, renewed with SIGNOFF_UPDATE_GOLDEN=1."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.commands.console.colour import Palette
from signoff.acceptance.commands.documents.reading_text import diagnostics_text
from signoff.acceptance.errors import DocumentUnreadable
from signoff.acceptance.reading import Document, read_documents
from signoff.acceptance.reading.diagnostics.codes import CODES
from signoff.acceptance.reading.source.encoding import decoded
from signoff.acceptance.reading.source.source import MAX_BYTES, read_source

BAD = Path(__file__).parents[1] / "documents" / "bad"
NAMES = sorted(path.stem for path in BAD.glob("*.md"))


def shown(name: str) -> str:
    """The statements by place, and the diagnostics as a terminal shows them."""
    try:
        document = read_documents([Path(f"{name}.md")], KINDS).documents[0]
    except DocumentUnreadable as error:
        return f"unreadable: {error}\n  hint: {error.hint}\n"
    found = [f"{found.line}:{found.column} {found.type}" for found in document.statements]
    lines = [f"statements: {', '.join(found) or 'none'}", "", *diagnostics_text(document.diagnostics, Palette(False))]
    return "\n".join(lines).rstrip() + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_document_is_told_of_as_approved(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    golden = BAD / f"{name}.out"
    found = shown(name)
    if os.environ.get("SIGNOFF_UPDATE_GOLDEN"):
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


def test_there_are_bad_documents_enough_and_none_without_its_golden_file() -> None:
    assert len(NAMES) >= 60
    assert sorted(path.stem for path in BAD.glob("*.out")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_line_of_a_bad_document_is_dropped_and_each_diagnostic_helps(name: str) -> None:
    try:
        document = read_documents([BAD / f"{name}.md"], KINDS).documents[0]
    except DocumentUnreadable as error:
        assert error.hint  # noqa: PT017
        return
    assert document.dropped == 0
    for found in document.diagnostics:
        assert found.hint, found
        assert found.code in CODES
        assert 1 <= found.line <= max(document.lines, 1), found
        assert 1 <= found.column <= len(found.excerpt) + 1, found


def read_bytes(folder: Path, data: bytes) -> Document:
    path = folder / "task.md"
    path.write_bytes(data)
    return read_documents([path], KINDS).documents[0]


def test_a_line_of_a_megabyte_is_read_and_shown_around_its_mark(tmp_path: Path) -> None:
    words = b"word " * 200_000
    document = read_bytes(tmp_path, b"# T\n\n- [ ] " + words + b"under ~2 s\n" + b"- [ ] Latency < 1 s\n")
    assert [statement.line for statement in document.statements] == [3, 4]
    assert document.dropped == 0
    text = list(diagnostics_text(document.diagnostics, Palette(False)))
    assert max(len(line) for line in text) < 400


@pytest.mark.parametrize("character", [" ", "-", "*", "`", "[", "(", "|", ">", "#", "<", "{", "$", "'", "\\", "1", "a"])
def test_a_long_line_of_one_character_hides_nothing_behind_it(tmp_path: Path, character: str) -> None:
    # A pattern that goes back for every character would take hours here.
    for before in ("", "- [ ] ", "```bash\ncurl "):
        text = f"# T\n\n{before}{character * 40_000}\n\n## Success Criteria\n\n- [ ] Latency < 1 s\n"
        document = read_bytes(tmp_path, text.encode())
        assert document.statements[-1].text == "Latency < 1 s"
        assert document.dropped == 0


def test_ten_megabytes_are_read(tmp_path: Path) -> None:
    log = "an entry of a log that somebody pasted, in a line of a common length\n" * 90
    section = f"## Part\n\nSome prose that asks for nothing.\n\n```text\n{log}```\n\n- a bullet\n"
    count = 10 * 2**20 // len(section)
    document = read_bytes(tmp_path, (section * count + "\n## Success Criteria\n\n- [ ] Latency < 1 s\n").encode())
    assert document.dropped == 0
    assert document.statements[-1].line == document.lines


def test_more_than_sixteen_megabytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "task.md"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(DocumentUnreadable, match="no task document") as caught:
        read_source(path)
    assert caught.value.hint


def test_a_loop_of_links_and_a_folder_that_cannot_be_read_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = tmp_path / "loop.md"
    loop.symlink_to(loop)
    with pytest.raises(DocumentUnreadable, match="symbolic links"):
        read_documents([loop], KINDS)
    with pytest.raises(DocumentUnreadable, match="symbolic links"):
        read_documents([tmp_path], KINDS)

    def denied(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(DocumentUnreadable, match="Permission denied"):
        read_documents([tmp_path], KINDS)


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "task.md"
    path.write_text("- [ ] box\n", encoding="utf-8")

    def denied(path: Path, flags: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(DocumentUnreadable, match="Permission denied") as caught:
        read_documents([path], KINDS)
    assert caught.value.hint


def test_a_device_is_no_document() -> None:
    with pytest.raises(DocumentUnreadable, match="neither a file nor a folder"):
        read_documents([Path("/dev/zero")], KINDS)


def test_a_text_that_is_no_utf_8_is_read_as_windows_wrote_it() -> None:
    text, flaws = decoded("Größe und Maß\n- [ ] ein Kästchen".encode("cp1252"), "task.md")
    assert text == "Größe und Maß\n- [ ] ein Kästchen"
    assert [(flaw.code, flaw.line, flaw.column) for flaw in flaws] == [("encoding-not-utf-8", 1, 3)]
