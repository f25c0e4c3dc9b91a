"""The result document: nothing missing, everywhere the same, and as it was last approved to look."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.reports.document.demands import SECTIONS
from signoff.reports.document.outcome import OUTCOME_WORDS, SIMULATED_PASS
from signoff.reports.document.result_document import ResultDocument, documents, result_document
from signoff.reports.forms.html import html
from signoff.reports.forms.markdown import markdown
from signoff.reports.forms.result_files import result_name, write_results
from signoff.reports.stored.stored_reading import StoredReading
from signoff.reports.stored.stored_run import Engine, StoredDocument, StoredRun, from_json, to_json
from signoff.reports.stored.verdict import OUTCOMES
from tests.reports import hermes_run, page

DATA = Path(__file__).parent / "data"
HOMES = {kind: heading for _, heading, kinds in SECTIONS for kind in kinds}
KEYS = {kind: key for key, _, kinds in SECTIONS for kind in kinds}
TEMPLATE_HEADINGS = [
    "Implementation Summary",
    "Performance Metrics Achieved",
    "Integration Status",
    "Lessons Learned",
    "Next Steps",
]


def made(run: StoredRun) -> ResultDocument:
    return result_document(run, documents(run)[0])


def rows_of_markdown(text: str) -> list[tuple[str, str, str]]:
    """Section, id and outcome of each criterion row."""
    words = {f"{word.sign} {word.word}": outcome for outcome, word in OUTCOME_WORDS.items()}
    words[f"{SIMULATED_PASS.sign} {SIMULATED_PASS.word}"] = "pass"
    return [
        (heading, row[1], words[row[5].removesuffix(" (waived)")])
        for heading, table in page.cells(text)
        if table[0][:2] == ["Line", "Criterion"]
        for row in table[1:]
    ]


def test_each_criterion_has_its_row_in_the_section_of_its_statement_and_in_no_other():
    run = hermes_run.run()
    document = made(run)
    on_page = page.read_page(html(document)).criteria
    in_markdown = rows_of_markdown(markdown(document))
    assert sorted(on_page) == sorted(
        (KEYS.get(item.statement, "other"), item.id, item.outcome) for item in run.criteria
    )
    assert sorted(in_markdown) == sorted(
        (HOMES.get(item.statement, "Other Demands"), item.id, item.outcome) for item in run.criteria
    )


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(OUTCOMES), st.sampled_from([*KEYS, "prose", "", "unheard"])), max_size=15))
def test_json_html_and_markdown_hold_the_same_verdicts(drawn: list[tuple[str, str]]):
    pattern = hermes_run.criteria()[0]
    criteria = tuple(
        replace(pattern, id=f"x/{n}", line=n // 2, outcome=outcome, statement=statement)
        for n, (outcome, statement) in enumerate(drawn)
    )
    run = hermes_run.run(criteria=criteria, outcome="invalid")
    document = made(run)
    stored = Counter((item.id, item.outcome) for item in run.criteria)
    assert Counter(row[1:] for row in page.read_page(html(document)).criteria) == stored
    assert Counter(row[1:] for row in rows_of_markdown(markdown(document))) == stored
    assert sum(count for _, count in document.shares) == len(criteria)


def test_every_part_of_a_criterion_is_on_the_page():
    run = hermes_run.run()
    document = made(run)
    read = page.read_page(html(document))
    text = read.text.replace("\u00a0", " ")
    links = {value for tag, name, value in read.attributes if (tag, name) == ("a", "href")}
    for row in document.rows:
        assert row.text in text
        assert row.reason in text
        assert row.hint in text
        assert row.judged_as in text
        assert row.requirement in text
        assert row.target in text
        assert all(note in text for note in (*row.standing, *row.assumed))
        assert row.measured is None or row.measured.value in text
        assert set(row.stored.evidence) <= links


def test_the_headings_of_the_template_stand_in_its_order_in_both_documents():
    document = made(hermes_run.run())
    in_markdown = re.findall(r"^## (.*)$", markdown(document), re.MULTILINE)
    on_page = re.findall(r"<h2[^>]*>([^<]*?)\s*<", html(document))
    assert [heading for heading in in_markdown if heading in TEMPLATE_HEADINGS] == TEMPLATE_HEADINGS
    assert [heading.replace("\\", "") for heading in in_markdown] == on_page
    for name in ("Completion Date", "Implementation Duration", "Architecture Component", "Modular Library Module"):
        assert f"**{name}:**" in markdown(document)
        assert f"<dt>{name}</dt>" in html(document)


def test_what_the_document_does_not_ask_is_said_and_not_left_out():
    text = markdown(made(hermes_run.run()))
    assert "| Database connectivity | not required by this document |" in text
    assert "| Vector database connectivity | not required by this document |" in text


@pytest.mark.parametrize("engine", [Engine(name="simulated"), Engine(name="vllm", version="0.6.3"), Engine()])
def test_a_model_is_approved_on_a_real_engine_only(engine: Engine):
    document = made(hermes_run.passing_run(engine))
    real = engine.name == "vllm"
    assert ("Approved" in document.approval.decisions) == real
    assert "Refused" in document.approval.decisions
    for text in (html(document), markdown(document)):
        assert ("says nothing about a model" in text) == engine.is_simulated
        assert ("Approval is not possible on this run" in text) == (not real)


def test_a_pass_on_the_simulated_engine_says_so_beside_each_verdict():
    simulated = made(hermes_run.passing_run(Engine(name="simulated")))
    real = made(hermes_run.passing_run(Engine(name="vllm", version="0.6.3")))
    passes = sum(row.outcome == "pass" for row in simulated.rows)
    for text in (html(simulated), markdown(simulated)):
        assert text.count("pass, simulated") >= passes > 0
    for text in (html(real), markdown(real)):
        assert "pass, simulated" not in text


@pytest.mark.parametrize("outcome", sorted(set(OUTCOMES) - {"pass", "attested"}))
def test_nothing_open_or_failed_can_be_approved(outcome: str):
    run = hermes_run.passing_run()
    first = replace(run.criteria[0], outcome=outcome)
    assert "Approved" not in made(replace(run, criteria=(first, *run.criteria[1:]))).approval.decisions


def test_a_verdict_is_never_told_by_colour_alone():
    text = html(made(hermes_run.run()))
    chips = re.findall(
        r'<span class="chip (\w+)"><span class="sign" aria-hidden="true">(.)</span>([\w, ]+)</span>', text
    )
    assert len(chips) > len(hermes_run.criteria())
    assert {(word.tone, word.sign, word.word) for word in OUTCOME_WORDS.values()} <= set(chips)


def test_the_page_is_one_file_that_loads_nothing_and_runs_nothing():
    text = html(made(hermes_run.run()))
    read = page.read_page(text)
    assert not read.errors
    assert not {"script", "iframe", "img", "link", "object", "form"} & set(read.tags)
    assert not [name for _, name, _ in read.attributes if name in {"src", "style"} or name.startswith("on")]
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    policy = next(value for _, name, value in read.attributes if name == "content" and "default-src" in value)
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in style.group(1)


def test_every_anchor_leads_somewhere_and_every_id_is_unique():
    read = page.read_page(html(made(hermes_run.run())))
    ids = [value for _, name, value in read.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = {value[1:] for tag, name, value in read.attributes if name == "href" and value.startswith("#")}
    assert targets <= set(ids)


def test_tables_are_headed_for_those_who_listen():
    read = page.read_page(html(made(hermes_run.run())))
    assert read.tags["caption"] == read.tags["table"] == read.tags["thead"]
    assert sum(1 for tag, name, _ in read.attributes if (tag, name) == ("th", "scope")) == read.tags["th"]
    assert read.tags["main"] == read.tags["nav"] == read.tags["header"] == read.tags["h1"] == 1


def test_both_documents_are_written_for_each_task_document_under_its_own_name(tmp_path: Path):
    run = hermes_run.run()
    first, *rest = run.criteria
    run = replace(run, criteria=(first, *(replace(item, document="other/notes.md") for item in rest)))
    written = write_results(run, tmp_path)
    assert [path.name for path in written] == [
        "1.3_Hermes-2_Implementation_Results.html",
        "1.3_Hermes-2_Implementation_Results.md",
        "notes_Implementation_Results.html",
        "notes_Implementation_Results.md",
    ]
    shown = [row for path in written[::2] for row in page.read_page(path.read_text()).criteria]
    assert sorted(row[1] for row in shown) == sorted(item.id for item in run.criteria)


def test_two_documents_of_one_name_do_not_overwrite_each_other(tmp_path: Path):
    run = hermes_run.run(documents=(StoredDocument(path="a/x.md"), StoredDocument(path="b/x.md")), criteria=())
    assert len({path.name for path in write_results(run, tmp_path)}) == 4


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (StoredDocument(path="a.md", service_name="Hermes-2", task_number="1.3"), "1.3_Hermes-2"),
        (StoredDocument(path="a.md", header={"Task Number": "1.3", "Task Title": "Hermes-2 Model"}), "1.3_Hermes-2"),
        (StoredDocument(path="a.md", title="Suite - Task 1.3: Hermes-2 Model Deployment"), "1.3_Hermes-2"),
        (StoredDocument(path="x/1.4-openchat.md"), "1.4-openchat"),
        (StoredDocument(path="a.md", service_name="../../etc/passwd", task_number="/"), "etc-passwd"),
        (StoredDocument(path="a.md", service_name="a\x00b c", task_number="1"), "1_a-U+0000-b-c"),
    ],
)
def test_the_file_is_named_after_task_and_service(document: StoredDocument, name: str):
    assert result_name(hermes_run.run(documents=(document,)), document) == f"{name}_Implementation_Results"


def test_links_to_the_evidence_hold_where_the_documents_lie_elsewhere(tmp_path: Path):
    (tmp_path / "run" / "evidence").mkdir(parents=True)
    (tmp_path / "run" / "evidence" / "load.jsonl").write_text("{}\n")
    path = write_results(hermes_run.run(), tmp_path / "else" / "where", tmp_path / "run")[0]
    links = {value for _, name, value in page.read_page(path.read_text()).attributes if name == "href"}
    assert (path.parent / next(link for link in links if link.endswith("load.jsonl"))).resolve().is_file()


@pytest.mark.parametrize("ending", ["html", "md"])
def test_the_documents_look_as_approved(ending: str):
    document = made(hermes_run.run())
    text = html(document) if ending == "html" else markdown(document)
    golden = DATA / f"hermes_2_results.{ending}"
    if os.environ.get("SIGNOFF_UPDATE_GOLDEN") == "1":
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8"), "run with SIGNOFF_UPDATE_GOLDEN=1 and look at the difference"


def read_run(reading: StoredReading, *anew: str) -> StoredRun:
    """The run of Hermes-2 with this reading, in which these criteria are read anew."""
    criteria = tuple(
        replace(item, extra={**item.extra, "read_anew": "its words have changed"}) if item.id in anew else item
        for item in hermes_run.criteria()
    )
    run = hermes_run.run(criteria=criteria)
    return replace(run, reading=reading, documents=tuple(replace(each, reading=reading) for each in run.documents))


def test_an_accepted_reading_is_said_and_asks_for_nothing():
    reading = StoredReading(accepted=True, lock="x.signoff.lock", state="accepted by Model team on 2026-03-01")
    document = made(read_run(reading))
    for text in (html(document), markdown(document)):
        assert "Reading accepted by Model team on 2026-03-01." in text
        assert "--accept" not in text


def test_what_is_read_anew_is_marked_listed_and_a_next_step():
    first, second = (item.id for item in hermes_run.criteria()[:2])
    gone = ({"id": "old/port/1", "text": "It listens on port 9"},)
    reading = StoredReading(accepted=False, lock="x.signoff.lock", state="not accepted: 2 read anew", gone=gone)
    document = made(read_run(reading, first, second))
    assert [row.id for row in document.rows if "Read anew: its words have changed." in row.standing] == [first, second]
    (step,) = (step for step in document.steps if "--accept" in step.text)
    assert [row.id for row in step.rows] == [first, second]
    assert [row.id for row in document.lessons[0].rows] == [first, second]
    for text in (html(document), markdown(document)):
        assert "It listens on port 9" in text
        assert "Reading not accepted: 2 read anew." in text


def test_without_a_lock_that_is_said_once_and_no_criterion_is_marked():
    first = hermes_run.criteria()[0].id
    document = made(read_run(StoredReading(accepted=False, state="not accepted: it has no lock"), first))
    assert not any("Read anew" in note for row in document.rows for note in row.standing)
    assert html(document).count("it has no lock") == 1
    assert any("--accept" in step.text for step in document.steps)


def test_a_run_that_does_not_say_how_it_was_read_shows_nothing_of_it():
    document = made(hermes_run.run())
    assert document.reading == ""
    assert "reading" not in to_json(hermes_run.run())
    assert "--accept" not in markdown(document)


def test_hostile_text_of_a_lock_is_escaped():
    reading = StoredReading(
        accepted=False,
        lock="x",
        state="accepted by <script>*x*\u202e",
        gone=({"id": "<b>", "text": "| cell | `code`"},),
    )
    document = made(read_run(reading))
    assert "<script>" not in html(document)
    assert "<b>:" not in html(document)
    assert "\u202e" not in html(document) + markdown(document)
    assert r"\| cell \|" in markdown(document)


def test_a_reading_is_stored_and_loaded():
    reading = StoredReading(accepted=True, lock="x", state="accepted", gone=({"id": "a", "text": "b"},))
    run = read_run(reading)
    assert from_json(to_json(run)).reading == reading
    assert from_json(to_json(run)).documents[0].reading == reading
