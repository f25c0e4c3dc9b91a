from __future__ import annotations

from collections.abc import Callable

from signoff.acceptance.reading import Document

Read = Callable[[str], Document]


def texts(document: Document) -> list[str]:
    return [statement.text for statement in document.statements]


def codes(document: Document) -> list[tuple[str, int]]:
    return [(found.code, found.line) for found in document.diagnostics]


def test_a_fence_that_is_never_closed_ends_at_the_next_heading_and_is_reported(read: Read) -> None:
    document = read('# T\n\n```bash\ncurl http://h:1/health\n# Expected: {"status": "ok"}\n\n## Next\n\n- [ ] a box\n')
    assert texts(document) == ['{"status": "ok"}', "a box"]
    assert ("fence-unclosed", 3) in codes(document)


def test_a_fence_closed_by_the_next_ones_end_does_not_swallow_what_is_between(read: Read) -> None:
    first, second = "```bash\nls\n", "```bash\ncurl http://h/x\n# Expected: fine\n```\n"
    document = read(f"# T\n{first}\n## Between\n- [ ] a box\n\n{second}\n- [ ] another\n")
    assert texts(document) == ["a box", "fine", "another"]
    assert ("fence-unclosed", 2) in codes(document)


def test_a_box_ends_a_fence_that_is_never_closed(read: Read) -> None:
    document = read("```\ncode\n\n- [ ] still asked for\n")
    assert texts(document) == ["still asked for"]


def test_a_comment_in_an_unclosed_fence_is_no_heading(read: Read) -> None:
    document = read("```bash\n# one comment\ncurl http://h/x\n# Expected: fine\n")
    assert texts(document) == ["fine"]


def test_longer_fences_hold_shorter_ones(read: Read) -> None:
    document = read("````markdown\n```bash\nls\n```\n````\n- [ ] box\n")
    assert texts(document) == ["box"]
    assert "fence-unclosed" not in {code for code, _ in codes(document)}


def test_tildes_and_fences_in_lists_are_read(read: Read) -> None:
    document = read("1. Look:\n   ~~~bash\n   curl http://h/x\n   # Expected: fine\n   ~~~\n2. Next\n")
    assert texts(document) == ["fine"]
    assert document.statements[0].line == 4


def test_boxes_keep_their_lines_in_nested_and_deep_lists(read: Read) -> None:
    document = read("- one\n  - [ ] two\n\n        - [x] three\n\n1. [ ] four\n* [ ] five\n+ [ ] six\n")
    found = [(statement.line, statement.text) for statement in document.statements]
    assert found == [(2, "two"), (4, "three"), (6, "four"), (7, "five"), (8, "six")]


def test_a_demand_over_two_lines_is_one_statement(read: Read) -> None:
    document = read("- [ ] memory stays\n  under 15 GB\n")
    assert texts(document) == ["memory stays under 15 GB"]
    assert document.statements[0].lines == (1, 2)
    assert document.line_kinds == ("statement", "statement")


def test_boxes_in_code_and_comments_are_not_judged_but_told(read: Read) -> None:
    document = read("- [ ] real\n\n```markdown\n- [ ] example\n```\n\n<!--\n- [ ] hidden\n-->\n")
    assert texts(document) == ["real"]
    assert [line for code, line in codes(document) if code == "demand-hidden"] == [4, 8]


def test_an_expectation_outside_of_a_fence_is_no_heading(read: Read) -> None:
    document = read("## Check\n\n# Expected: latency under 2 s\n\nMore.\n")
    assert [(s.type, s.text, s.section) for s in document.statements] == [("expected", "latency under 2 s", "check")]


def test_cells_divide_at_pipes_that_are_not_escaped(read: Read) -> None:
    document = read("| Step | Success Criteria |\n|---|---|\n| 1 | `a \\| b` works |\n")
    assert texts(document) == ["a | b works"]
