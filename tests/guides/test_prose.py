"""The prose check finds banned wordings where people read, and the project has none."""

from __future__ import annotations

import pytest

from tests.guides import prose

TABLE = prose.wordings(prose.TABLE.read_text(encoding="utf-8"))


def lines(passages: list[prose.Passage]) -> list[str]:
    return [line for passage in passages for line in prose.found(passage, TABLE)]


def test_the_project_has_no_banned_wording() -> None:
    assert prose.problems(prose.ROOT) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('"""Whether the client was innocent."""\n', 1),
        ('def f():\n    """Sound.\n\n    Tells its latencies.\n    """\n', 4),
        ('x = 1\nHELP = "offer a server a load and report"\n', 2),
        ('raise E(f"{x}: the answer speaks of {y}")\n', 1),
    ],
)
def test_docstrings_and_messages_are_read(text: str, line: int) -> None:
    (problem,) = lines(list(prose.of_python("perf/x.py", text)))
    assert problem.startswith(f"perf/x.py:{line}: ")
    assert ": write " in problem


@pytest.mark.parametrize("text", ["# told\nx = told(mend)\n", 'x = "mend"\n', '"""The key `told` stays."""\n'])
def test_identifiers_keys_and_comments_are_not(text: str) -> None:
    assert lines(list(prose.of_python("perf/x.py", text))) == []


def test_markdown_is_read_outside_code() -> None:
    text = "# Title\n\nOne line\nis told here.\n\n    is told\n\n`told`\n\n| a |\n|---|\n| stands in findings |\n"
    first, second = lines(list(prose.of_markdown("docs/x.md", text)))
    assert first.startswith("docs/x.md:4: 'told'")
    assert second.startswith("docs/x.md:12: 'stands in'")


def test_templates_are_read_outside_markup() -> None:
    text = '<p class="told">{{ told }}</p>\n<p>It is told.</p>\n'
    (problem,) = lines(list(prose.of_template("reports/templates/x.html.j2", text)))
    assert problem.startswith("reports/templates/x.html.j2:2: 'told'")


def test_a_word_with_a_meaning_of_its_own_is_allowed_where_the_table_says_so() -> None:
    assert lines([prose.Passage("coherence/dialogue.py", 1, "A fact that was told.")]) == []
    assert lines([prose.Passage("perf/dialogue.py", 1, "A fact that was told.")]) != []


def test_every_entry_bans_something_and_names_files_that_exist() -> None:
    assert all(wording.instead and not wording.pattern.search("") for wording in TABLE)
    assert [name for wording in TABLE for name in wording.allowed if not (prose.ROOT / name).exists()] == []


def test_guides_templates_and_every_package_are_read() -> None:
    names = {passage.file for passage in prose.passages(prose.ROOT, ())}
    tops = {name.split("/")[0] for name in names}
    assert {"README.md", "docs", "acceptance", "coherence", "perf", "reports", "reference_services", "training"} <= tops
    assert any(name.endswith(".j2") for name in names)
