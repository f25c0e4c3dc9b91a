"""Every line belongs to exactly one statement, a configuration block or prose."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import Document, read_documents

PIECES = [
    "# Title\n",
    "## Success Criteria\n",
    "### Performance Requirements\n",
    "Some prose,\nin two lines.\n",
    "- a bullet with 20 ms latency\n",
    "1. a step\n   with more\n",
    "    indented far\n",
    "> quoted\n> - [ ] box in a quote\n",
    "| Step | Success Criteria |\n|------|------|\n| 1 | model loaded |\n",
    "| Principle | Status | Notes |\n|---|---|---|\n| Measurable | x | 15GB memory |\n",
    '```bash\ncurl http://h:1/health\n# Expected: {"status": "ok"}\n```\n',
    "```bash\nfor i in 1 2; do\n  time curl http://h/x\ndone\n# Expected: < 2 s\n# Expected: fine\n```\n",
    "```bash\necho don't\n# Expected: said\n```\n",
    "```bash\nAPP_PORT=1\n# note\nAPP_MEMORY_GB=2\n```\n",
    "```yaml\nservice: {name: app, port: 1}\n```\n",
    "```yaml\na: [\n```\n",
    "```python\nconfig = C(port=1, memory_gb=2)\n```\n",
    "```\nnever closed\n",
    "```text\ncode\n```\n",
    "~~~\n",
    "<!-- - [ ] hidden -->\n",
    "<div>\n\n- [ ] in a div\n\n</div>\n",
    "[name]: http://example.org\n[name]: http://example.org/again\n",
    "---\n",
    "Setext\n======\n",
    "- [ ]\n",
    "-\n",
    "\n",
    "\t- [ ] after a tab\n",
    "**Name:** value\n",
    "# Expected: outside\n",
    "The server must answer. It\nmust not wait. It may rest.\n",
    "- It must answer. It must stream.\n  It is small.\n",
    "| Model | Port | Latency |\n|---|---|---|\n| a | 1 | 2 s |\n",
    "| Setting | Value |\n|---|---|\n| port | 1 |\n",
    "<table>\n<tr><th>Metric</th><th>Target</th></tr>\n<tr><td>a</td><td>2 s</td></tr>\n</table>\n",
    "Given a\nWhen b\nThen c\nAnd d\n",
    '```console\n$ curl http://h/x\n{"a": 1}\n$ ls # => b\n```\n',
    '```bash\ncat > a.json <<E\n{"port": 1}\nE\nvllm serve m --port 1 \\\n  --max-model-len 2\n# Expected: up\n```\n',
    '```http\nGET /x HTTP/1.1\n\nHTTP/1.1 200 OK\n\n{"a": 1}\n```\n',
    "```python\nassert a; assert b\n```\n",
    "```toml\n[a]\nport = [\n1,\n]\n```\n",
    "```ini\n[Service]\nExecStart=vllm serve m --port 1\n```\n",
    "---\nport: 1\n---\n",
]


def read_text(text: str) -> Document:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "task.md"
        path.write_bytes(text.encode())
        return read_documents([path], KINDS).documents[0]


def account_is_whole(document: Document) -> None:
    assert len(document.line_kinds) == document.lines
    owned = {line for statement in document.statements for line in statement.lines}
    places = [(statement.line, statement.column) for statement in document.statements]
    assert len(places) == len(set(places)), "two statements stand in one place"
    assert {line for line, kind in enumerate(document.line_kinds, 1) if kind == "statement"} == owned
    assert document.dropped == 0
    assert all(statement.line in statement.lines for statement in document.statements)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=30).map(lambda text: text + "\n"), max_size=12))
@example(["[name]: http://example.org\n", "[name]: http://example.org/again\n"])
@example(["-\n", "\n", "\ttext\n"])
def test_no_line_is_lost_and_none_counts_twice(pieces: list[str]) -> None:
    text = "".join(pieces).replace("\0", "")
    account_is_whole(read_text(text))


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(PIECES), max_size=8), st.lists(st.sampled_from(PIECES), max_size=8))
def test_a_box_is_judged_or_told_of_whatever_stands_around_it(before: list[str], after: list[str]) -> None:
    text = "".join(before) + "\n## Marked\n\n- [ ] the marked box\n\n" + "".join(after)
    document = read_text(text)
    line = text.split("\n").index("- [ ] the marked box") + 1
    judged = {statement.line for statement in document.statements if statement.type == "checkbox"}
    reported = {found.line for found in document.diagnostics if found.code == "demand-hidden"}
    assert line in judged | reported


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(PIECES), max_size=10))
def test_every_statement_asks_for_something(pieces: list[str]) -> None:
    document = read_text("".join(pieces))
    assert {(s.line, s.column) for s in document.statements} == {(c.line, c.column) for c in document.criteria}
    assert all(criterion.reason for criterion in document.criteria if criterion.judge == "person")


def test_a_line_that_nothing_claims_would_be_counted(monkeypatch) -> None:
    from signoff.acceptance.reading import reading
    from signoff.acceptance.reading.source.block_parser import Blocks, read_blocks

    def forgetful(lines):
        found = read_blocks(lines)
        return Blocks(tuple(block for block in found.blocks if block.line != 3), found.flaws)

    monkeypatch.setattr(reading, "read_blocks", forgetful)
    document = read_text("# T\n\nforgotten\n\n- [ ] box\n")
    assert document.dropped == 1
    assert ("line-dropped", 3) in {(found.code, found.line) for found in document.diagnostics}
