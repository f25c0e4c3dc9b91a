from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from signoff.acceptance.checks import KINDS
from signoff.acceptance.errors import DocumentUnreadable
from signoff.acceptance.reading import read_all, read_documents
from signoff.acceptance.reading.source.source import from_bytes, read_source


def test_a_byte_order_mark_and_windows_line_ends_do_not_show() -> None:
    source = from_bytes(b"\xef\xbb\xbf# Title\r\n- [ ] box\r\n", "task.md")
    assert source.lines == ("# Title", "- [ ] box")


def test_utf_8_read_as_mac_roman_is_repaired_as_a_whole() -> None:
    damaged = "✅ done, 1 → 2".encode().decode("mac_roman").encode()
    source = from_bytes(damaged, "task.md")
    assert source.repaired
    assert source.lines == ("✅ done, 1 → 2",)


def test_a_column_counts_the_characters_that_are_on_disk() -> None:
    damaged = "| ✅ | text |".encode().decode("mac_roman")
    source = from_bytes(damaged.encode(), "task.md")
    offset = source.lines[0].index("text")
    assert damaged[source.column(1, offset) - 1 :].startswith("text")


def test_clean_text_with_accents_is_left_alone() -> None:
    source = from_bytes("Größe: 15 GB – café ✅".encode(), "task.md")
    assert not source.repaired
    assert "encoding-mixed" not in {flaw.code for flaw in source.flaws}


def test_text_that_is_damaged_in_part_is_reported_and_not_touched() -> None:
    mixed = "ok\nclean ✅\n" + "✅ damaged".encode().decode("mac_roman")
    source = from_bytes(mixed.encode(), "task.md")
    assert not source.repaired
    assert [(flaw.code, flaw.line) for flaw in source.flaws] == [("encoding-mixed", 3)]


@given(st.text(alphabet=st.characters(exclude_characters="\x00\r\ufeff\ufffd", exclude_categories=["Cs"]), min_size=1))
def test_every_text_survives_the_damage(text: str) -> None:
    clean = from_bytes(text.encode(), "task.md")
    assume(not clean.repaired)
    damaged = from_bytes(text.encode().decode("mac_roman").encode(), "task.md")
    assert damaged.lines == clean.lines


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"ok\na\x00\x00\x00", "2:2: a NUL byte"),
        (b"\xe9\xe8", "1:1: a byte that is no UTF-8"),
        (b"%PDF-1.7 and more", "1:1: this is a PDF"),
        (bytes(range(256)), "1:1: a NUL byte"),
    ],
)
def test_what_is_not_text_is_refused_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(DocumentUnreadable, match=said) as caught:
        from_bytes(data, "task.md")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("data", "line", "code"),
    [
        ("# Tür\n- [ ] box\n".encode("utf-16"), "# Tür", "encoding-utf-16"),
        ("# Title\n- [ ] box\n".encode("utf-16-le"), "# Title", "encoding-utf-16"),
        ("# Tür\n- [ ] box\n".encode("utf-32"), "# Tür", "encoding-utf-16"),
        ("# Tür und Maß\n- [ ] box\n".encode("cp1252"), "# Tür und Maß", "encoding-not-utf-8"),
        ("# Tür\n- [ ] box\n".encode() + b"\xe2\x89", "# Tür", "encoding-truncated"),
        ("# Tür\n- [ ] box \n".encode() + b"a \xe2\x89 b\n", "# Tür", "encoding-broken"),
        (b"# Ti\0tle\n- [ ] box\n", "# Ti\ufffdtle", "nul-byte"),
        ("# Tür\r- [ ] box\r".encode(), "# Tür", "line-end-cr"),
        ("# T\n\ufeff- [ ] box\n".encode(), "# T", "bom-inside"),
        ("# T\n- [ ] a\u202eb\n".encode(), "# T", "character-hidden"),
    ],
)
def test_damage_is_read_through_and_told(data: bytes, line: str, code: str) -> None:
    source = from_bytes(data, "task.md")
    assert source.lines[0] == line
    assert source.lines[1].startswith("- [ ] ")
    assert [flaw.code for flaw in source.flaws] == [code]
    assert all(flaw.hint for flaw in source.flaws)


@pytest.mark.parametrize("encoding", ["mac_roman", "cp1252"])
def test_a_byte_order_mark_that_was_damaged_with_the_text_is_no_part_of_it(encoding: str) -> None:
    damaged = b"\xef\xbb\xbf# T\xc3\xbcr \xe2\x89\xa4 1\n".decode(encoding)
    source = from_bytes(damaged.encode(), "task.md")
    assert source.lines == ("# Tür ≤ 1",)
    assert damaged[source.column(1, source.lines[0].index("≤")) - 1 :].rstrip() == "≤ 1".encode().decode(encoding)


def test_what_only_some_programs_take_for_a_line_end_ends_no_line() -> None:
    source = from_bytes("a\x0cb\u2028c\x85d\ne\n".encode(), "task.md")
    assert source.lines == ("a b c d", "e")
    assert source.raw == ("a\x0cb\u2028c\x85d", "e")


def test_no_such_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(DocumentUnreadable, match="no such file"):
        read_source(tmp_path / "nothing.md")


def test_a_folder_means_its_documents_sorted(tmp_path: Path) -> None:
    for name in ("b.md", "a.txt", "c.toml"):
        (tmp_path / name).write_text("- [ ] box\n", encoding="utf-8")
    reading = read_documents([tmp_path, tmp_path / "b.md"], KINDS)
    assert [Path(document.path).name for document in reading.documents] == ["a.txt", "b.md"]


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentUnreadable, match="holds no document"):
        read_documents([tmp_path], KINDS)


def test_one_bad_file_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("- [ ] box\n", encoding="utf-8")
    (tmp_path / "bad.md").write_bytes(b"%PDF-1.7")
    reading, unreadable = read_all([tmp_path, tmp_path / "none.md", tmp_path / "good.md"], KINDS)
    assert [Path(document.path).name for document in reading.documents] == ["good.md"]
    assert [str(error).rsplit("/", 1)[-1] for error in unreadable] == [
        "bad.md:1:1: this is a PDF, not a text",
        "none.md: no such file",
    ]


@pytest.mark.parametrize("before", ["", "- [ ] a", "- [ ] latency < 1 s\n- [ ] b"])
def test_a_byte_order_mark_moves_no_broken_byte(before: str) -> None:
    plain = before.encode() + b"\xe9 " + b"and words behind it, so that it is a text " * 3 + b"\n"
    for data in (plain, codecs.BOM_UTF8 + plain, codecs.BOM_UTF8 + "\u00e9\n".encode() + plain):
        source = from_bytes(data, "task.md")
        assert any("byte 0xe9" in flaw.message for flaw in source.flaws)
    marked, unmarked = from_bytes(codecs.BOM_UTF8 + plain, "task.md"), from_bytes(plain, "task.md")
    assert marked.lines == unmarked.lines
    assert [flaw.line for flaw in marked.flaws] == [flaw.line for flaw in unmarked.flaws]
