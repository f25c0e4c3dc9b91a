"""Whatever a document, a server or a model said stays text in both documents."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.reports.document.result_document import documents, result_document
from signoff.reports.forms.html import html
from signoff.reports.forms.markdown import escape, markdown
from signoff.reports.plain_text import line, link, visible
from signoff.reports.stored.conflict import Conflict, Side
from signoff.reports.stored.stored_run import Engine, LogEntry, StoredRun
from tests.reports import hermes_run, page

HOSTILE = [
    "<script>alert(1)</script>",
    "</td></tr></table><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "{{ 7 * 7 }} {% raw %} {# no #}",
    "a | b \\| c \\\\| d",
    "| --- | --- |\n| x | y |",
    "`code` ``` ~~~ **bold** _em_ [a](javascript:alert(1)) ![i](http://x/y.png) <http://x>",
    "https://example.org www.example.org someone@example.org",
    "\n\n# heading\n\n<div>\n- list\n1. one\n> quote\n---\n",
    "&lt;b&gt; &amp; &#60; &nbsp;",
    "\x1b[31mred\x1b[0m \x9b31m",
    "user\u202egnp.exe\u2066 \u200b zero",
    "nul \x00 and \ud800 surrogate",
    "-->]]><!--",
    "x" * 200_000,
    "\\" * 50,
]
UNSEEN = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x200B, 0x202E, 0x2066, 0xFEFF)} - {"\n"}


def poisoned(text: str) -> StoredRun:
    """The run with this text in every place that others can write to."""
    criteria = tuple(
        replace(
            item,
            id=f"{text}/{number}",
            text=text,
            reason=text,
            kind=text if number == 7 else item.kind,
            hint=text,
            assumptions=(text,),
            evidence=(text, "javascript:alert(1)", "../../etc/passwd", "/etc/passwd", "//x/y"),
            detail={text: text, "nested": {text: [text]}},
            waiver={"owner": text, "reason": text, "expires": text},
            threshold=item.threshold and replace(item.threshold, unit=text, subject=text, statistic=text),
            measured=item.measured and replace(item.measured, unit=text),
        )
        for number, item in enumerate(hermes_run.criteria())
    )
    run = hermes_run.run()
    document = replace(
        run.documents[0],
        title=text,
        header={"Architecture Component": text, text: text},
        service_name=text,
        diagnostics=(text, {"line": text, "message": text}, {text: text}),
        counts={text: text},
    )
    return replace(
        run,
        criteria=criteria,
        documents=(document,),
        engine=Engine(name=text, version=text),
        target=text,
        machine={text: text},
        versions={text: text},
        profile=text,
        reason=text,
        outcome="invalid",
        run_id=text,
        conflicts=(
            Conflict(
                kind=text,
                subject=text,
                resolution={text: text},
                sides=(Side(document=run.documents[0].path, line=1, value={text: text}),),
            ),
        ),
        log=(LogEntry(at=text, what=text, result=text, note=text),),
        out_of_reach={"cpu": text},
        retries=[text],
        started=text,
        finished=text,
    )


CLEAN = result_document(hermes_run.run(), documents(hermes_run.run())[0])


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_the_page_stays_a_page(text: str):
    run = poisoned(text)
    written = html(result_document(run, documents(run)[0]))
    written.encode("utf-8")
    read = page.read_page(written)
    assert not read.errors
    assert set(read.tags) <= set(page.read_page(html(CLEAN)).tags)
    assert not [name for _, name, _ in read.attributes if name.startswith("on") or name in {"src", "style"}]
    assert len(read.criteria) == len(run.criteria)
    assert not UNSEEN & set(written)
    for _, name, value in read.attributes:
        if name == "href":
            assert value.startswith("#") or not (":" in value or ".." in value or value.startswith("/"))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_the_markdown_stays_a_document_of_the_same_shape(text: str):
    run = poisoned(text)
    written = markdown(result_document(run, documents(run)[0]))
    written.encode("utf-8")
    found = page.tokens(written)
    kinds = {token.type for token in found}
    assert not kinds & {"html_block", "html_inline", "image", "fence", "code_block", "blockquote_open", "hr"}
    assert not UNSEEN & set(written)
    for token in found:
        if token.type == "link_open":
            assert not str(token.attrs["href"]).startswith(("/", "..", "javascript", "http"))
    tables = page.cells(written)
    assert all(len(row) == len(table[0]) for _, table in tables for row in table)
    rows = [row for _, table in tables if table[0][:2] == ["Line", "Criterion"] for row in table[1:]]
    assert len(rows) == len(run.criteria)
    headings = [token for token in found if token.type == "heading_open" and token.tag == "h2"]
    assert len(headings) == markdown(CLEAN).count("\n## ")


@settings(max_examples=300)
@given(st.text(max_size=60) | st.text(alphabet="|\\`*_[]()<>&#!~$-+=.:/@1w \n", max_size=40))
def test_escaped_markdown_reads_as_the_text_itself(text: str):
    shown = line(text)
    table = page.cells(f"| a | b |\n|---|---|\n| {escape(text)} | end |\n")
    assert table[0][1][1] == [shown.strip(" "), "end"]
    if shown:
        kinds = [token.type for token in page.tokens(escape(text))]
        assert kinds[0] == "paragraph_open"
        assert set(kinds) <= {"paragraph_open", "inline", "text", "text_special", "paragraph_close"}


@given(st.text())
def test_visible_text_holds_nothing_that_cannot_be_seen_or_written(text: str):
    shown = visible(text)
    shown.encode("utf-8")
    assert not (UNSEEN - {"\t", "\r"}) & set(shown)
    assert visible(shown) == shown


def test_a_long_line_is_cut_with_a_notice():
    assert line("x" * 5000).endswith("… (3,500 more characters in results.json)")


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("evidence/load.jsonl", "evidence/load.jsonl"),
        ("evidence/a b#1?.jsonl", "evidence/a%20b%231%3F.jsonl"),
        ('evidence/"x<y>.jsonl', "evidence/%22x%3Cy%3E.jsonl"),
        ("../x", None),
        ("a/../../x", None),
        ("/etc/passwd", None),
        ("//host/x", None),
        ("C:\\x", None),
        ("javascript:alert(1)", None),
        ("http://x/y", None),
        ("", None),
        ("a\x00b", None),
        ("a//b", None),
    ],
)
def test_only_files_below_the_run_are_linked(path: str, address: str | None):
    assert link(path) == address
