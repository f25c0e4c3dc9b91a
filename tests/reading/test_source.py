from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from acceptance.errors import DocumentUnreadable
from acceptance.reading import read_documents
from acceptance.reading.source import from_bytes, read_source


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


@given(st.text(alphabet=st.characters(exclude_characters="\x00\r\ufeff", exclude_categories=["Cs"]), min_size=1))
def test_every_text_survives_the_damage(text: str) -> None:
    clean = from_bytes(text.encode(), "task.md")
    assume(not clean.repaired)
    damaged = from_bytes(text.encode().decode("mac_roman").encode(), "task.md")
    assert damaged.lines == clean.lines


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"fine\nnot \xff text", "2:5: byte 0xff"),
        (b"a\x00b", "1:2: a NUL byte"),
        ("# T".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_not_text_is_refused_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(DocumentUnreadable, match=said) as caught:
        from_bytes(data, "task.md")
    assert caught.value.mend


def test_no_such_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(DocumentUnreadable, match="no such file"):
        read_source(tmp_path / "nothing.md")


def test_a_folder_means_its_documents_sorted(tmp_path: Path) -> None:
    for name in ("b.md", "a.txt", "c.toml"):
        (tmp_path / name).write_text("- [ ] box\n", encoding="utf-8")
    reading = read_documents([tmp_path, tmp_path / "b.md"])
    assert [Path(document.path).name for document in reading.documents] == ["a.txt", "b.md"]


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentUnreadable, match="holds no document"):
        read_documents([tmp_path])
