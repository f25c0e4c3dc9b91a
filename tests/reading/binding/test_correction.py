"""Corrections in one line: what they say, where they stand, and the line that is printed for one."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import DeploymentUnreadable
from signoff.acceptance.reading import Document, read_documents
from signoff.acceptance.reading.accepting.accepted_reading import accepted_criterion
from signoff.acceptance.reading.binding.correction import correction

TASKS = sorted((Path(__file__).parents[3] / "fixtures" / "tasks").glob("*.md"))
TODAY = date(2026, 3, 1)
TEXT = "## Limits\n- [ ] p95 latency < 500 ms\n- [ ] answers politely\n"
ID = "limits/latency/1"
LIMIT = 'threshold = {value = 2, unit = "s", comparator = "<", statistic = "mean", subject = "latency"}'
SCHEMA = json.loads(
    (Path(__file__).parents[3] / "fixtures" / "schemas" / "binding.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
Bound = Callable[[str], Document]


@pytest.fixture
def bound(tmp_path: Path) -> Bound:
    def read(binding: str) -> Document:
        (tmp_path / "task.md").write_text(TEXT, encoding="utf-8")
        (tmp_path / "task.signoff.toml").write_text(binding, encoding="utf-8")
        return read_documents([tmp_path / "task.md"], KINDS, TODAY).documents[0]

    return read


def line(bound: Bound, criterion: str, said: str) -> str:
    (fingerprint,) = (item.fingerprint for item in bound("").criteria if item.id == criterion)
    return f'correct."{criterion}" = {{fingerprint = "{fingerprint}", {said}}}\n'


def test_a_line_gives_a_criterion_to_a_person(bound: Bound) -> None:
    found = bound(line(bound, ID, 'kind = "human_judgement"'))
    assert (found.criteria[0].judge, found.criteria[0].judged_as) == ("person", None)
    assert found.diagnostics == ()


def test_a_line_gives_a_demand_its_kind_and_limit(bound: Bound) -> None:
    said = f'kind = "latency", {LIMIT}'
    found = bound(line(bound, "limits/human_judgement/1", said)).criteria[1]
    assert found.judge == "machine"
    assert found.judged_as is not None
    assert "below 2 s" in found.judged_as


def test_several_lines_and_tables_below_them_go_together(bound: Bound) -> None:
    waiver = (
        f'[[waive]]\ncriterion = "{ID}"\nfingerprint = "{bound("").criteria[0].fingerprint}"\n'
        'owner = "Operations"\nreason = "later"\nexpires = 2026-04-01\n'
    )
    lines = line(bound, ID, 'kind = "human_judgement"') + line(
        bound, "limits/human_judgement/1", f'kind = "latency", {LIMIT}'
    )
    found = bound(lines + waiver)
    assert [item.judge for item in found.criteria] == ["person", "machine"]
    assert list(found.waivers) == [ID]


def test_a_line_of_other_words_is_stale(bound: Bound) -> None:
    found = bound(f'correct."{ID}" = {{fingerprint = "{"0" * 64}", kind = "human_judgement"}}\n')
    assert [each.code for each in found.diagnostics] == ["binding-stale"]


def test_a_criterion_that_is_typed_twice_is_reported(bound: Bound) -> None:
    fingerprint = bound("").criteria[0].fingerprint
    entry = f'[[type]]\ncriterion = "{ID}"\nfingerprint = "{fingerprint}"\nkind = "human_judgement"\n'
    found = bound(line(bound, ID, 'kind = "human_judgement"') + entry)
    assert [each.code for each in found.diagnostics] == ["binding-twice"]


GOOD = f'correct."{ID}" = {{fingerprint = "{"0" * 64}", kind = "human_judgement"}}\n'
WRONG = [
    (GOOD.replace("human_judgement", "speed"), "toml:1: unknown kind 'speed'"),
    (GOOD.replace("human_judgement", "latency"), "toml:1: latency needs a threshold"),
    (GOOD.replace("0" * 64, "b"), "toml:1: 'b' is no fingerprint"),
    (GOOD.replace("kind =", "sort ="), "toml:1: a correction has no key 'sort'"),
    (GOOD.replace(', kind = "human_judgement"', ""), "toml:1: a correction needs kind"),
    (f'correct."{ID}" = "person"\n', "toml:1: a correction is a table in one line"),
]


@pytest.mark.parametrize(("binding", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_a_correction_may_not_say_is_refused_by_reader_and_schema(bound: Bound, binding: str, said: str) -> None:
    with pytest.raises(DeploymentUnreadable, match=said):
        bound(binding)
    assert not VALIDATOR.is_valid(tomllib.loads(binding))
    VALIDATOR.validate(tomllib.loads(GOOD))


@pytest.mark.parametrize(
    "table",
    [
        f'[[waive]]\ncriterion = "{ID}"\nfingerprint = "{"0" * 64}"\nowner = "o"\nreason = "r"\nexpires = 2026-04-01\n',
        f'[[type]]\ncriterion = "{ID}"\nfingerprint = "{"0" * 64}"\nkind = "port"\n[type.parameters]\nport = 1\n',
    ],
)
def test_a_line_below_a_table_is_not_taken_for_a_part_of_it(bound: Bound, table: str) -> None:
    with pytest.raises(DeploymentUnreadable) as caught:
        bound(table + GOOD)
    assert f"toml:{len(table.splitlines()) + 1}: this correction is part of the table above it" in str(caught.value)
    assert "above the first table" in caught.value.hint


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.name)
def test_the_printed_line_of_a_question_gives_it_to_a_person(path: Path, tmp_path: Path) -> None:
    (tmp_path / path.name).write_bytes(path.read_bytes())
    criteria = read_documents([tmp_path / path.name], KINDS, TODAY).documents[0].criteria
    lines = [correction(item, None, KINDS) for item in criteria]
    assert [bool(each) for each in lines] == [item.judge == "machine" for item in criteria]
    (tmp_path / f"{path.stem}.signoff.toml").write_text("\n".join(filter(None, lines)), encoding="utf-8")
    document = read_documents([tmp_path / path.name], KINDS, TODAY).documents[0]
    assert "machine" not in {item.judge for item in document.criteria}
    assert not [each for each in document.diagnostics if "binding" in each.code]


def test_the_printed_line_restores_a_question_that_a_binding_can_state(bound: Bound) -> None:
    mine = bound("").criteria[0]
    otherwise = replace(mine, kind="human_judgement", judge="person", threshold=None, judged_as=None)
    printed = correction(otherwise, accepted_criterion(mine), KINDS)
    assert bound(printed.replace("limits/human_judgement/1", ID)).criteria[0].judged_as == mine.judged_as
    assert not correction(otherwise, None, KINDS)


def test_a_question_that_no_line_gives_back_is_left_to_a_person(bound: Bound) -> None:
    mine: Criterion = bound("").criteria[0]
    before = replace(accepted_criterion(mine), judged_as="what no release asks any more.")
    assert 'kind = "human_judgement"' in correction(mine, before, KINDS)
