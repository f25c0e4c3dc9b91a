"""The page of a reading: complete, well formed, and harmless whatever the document holds."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from signoff.acceptance.checks import KINDS
from signoff.acceptance.errors import DocumentUnreadable
from signoff.acceptance.reading import Reading, read_documents
from signoff.acceptance.reading_page import reading_page

VOID = {"meta", "br", "link", "img", "hr", "input"}


class Page(HTMLParser):
    """Tags that do not match, ids, links and criteria of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.errors: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.criteria: list[str] = []
        self.parts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.errors += self._open
        self.text = " ".join(" ".join(self.parts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if "href" in values else []
        self.criteria += [values["data-criterion"]] if "data-criterion" in values else []
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.errors.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.parts.append(data)


def read(folder: Path, *texts: str) -> Reading:
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"task-{number}.md")
        paths[-1].write_text(text, encoding="utf-8")
    return read_documents(paths, KINDS)


def test_every_criterion_diagnostic_assumption_and_side_is_on_the_page(shipped: Reading) -> None:
    page = Page(reading_page(shipped))
    document = shipped.documents[0]
    assert page.errors == []
    assert page.criteria == [criterion.id for criterion in document.criteria]
    for diagnostic in document.diagnostics:
        assert " ".join(diagnostic.message.split()) in page.text
    for criterion in document.criteria:
        for assumption in criterion.assumptions:
            assert assumption in page.text
        if criterion.judge == "person":
            assert page.text.count(criterion.reason) >= 2, "beside its line, and among what a person has to judge"
    for conflict in shipped.conflicts:
        for side in conflict.sides:
            assert f"{Path(side.document).name}:{side.line}" in page.text


def test_every_link_leads_to_a_place_of_the_page_and_no_place_is_there_twice(tmp_path: Path) -> None:
    text = "# A\n\n## Success Criteria\n\n- [ ] latency < 1 s\n- [ ] latency < 2 s\n- [ ] looks good\n"
    page = Page(reading_page(read(tmp_path, text, text.replace("< 1 s", "< 3 s"))))
    assert page.errors == []
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


def test_a_page_loads_and_runs_nothing(tmp_path: Path) -> None:
    html = reading_page(read(tmp_path, "# <script>x</script>\n\n- [ ] <img src=x onerror=y> latency < 1 s\n"))
    assert "default-src 'none'; style-src 'sha256-" in html
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;img src=x onerror=y&gt;" in html
    assert "url(" not in html


def test_an_empty_reading_and_what_cannot_be_read_are_told(tmp_path: Path) -> None:
    error = DocumentUnreadable("x.md:1:1: this is a PDF", "export it as text")
    assert "this is a PDF" in Page(reading_page(Reading((), ()), [error])).text
    page = Page(reading_page(read(tmp_path, "Only prose.\n")))
    assert page.errors == []
    assert "holds no criterion" in page.text


def test_a_line_of_a_megabyte_makes_no_page_of_many(tmp_path: Path) -> None:
    html = reading_page(read(tmp_path, "# T\n\n- [ ] " + "word " * 200_000 + "\n"))
    assert len(html) < 200_000
