from __future__ import annotations

import json
import tomllib
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.errors import DeploymentUnreadable
from signoff.acceptance.reading import Reading, read_all, read_documents
from signoff.acceptance.reading.binding.binding_entry import COMPARATORS, KEYS, KNOWN_UNITS, OPTIONAL, STATISTIC
from signoff.acceptance.reading.binding.binding_file import read_binding
from signoff.acceptance.reading.binding.binding_text import resolve_block, resolve_file, type_block
from signoff.acceptance.reading.conflicts import KINDS as CONFLICTS
from signoff.reports.stored.conflict import Conflict, Side

FIXTURES = Path(__file__).parents[3] / "fixtures"
SCHEMA = json.loads((FIXTURES / "schemas" / "binding.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
TODAY = date(2026, 3, 1)
TEXT = (
    "## Success Criteria\n- [ ] answers politely\n"
    "```yaml\nmodel:\n  max_model_len: 8192\n  max_num_batched_tokens: 4096\n```\n"
)
RESOLVE = """
[[resolve]]
conflict = "max_num_batched_tokens"
between = [4096, 8192]
chosen = 4096
role = "Model team"
reason = "prefill in chunks"
date = 2026-02-01
"""


@pytest.fixture
def bound(tmp_path: Path):
    def read(binding: str, text: str = TEXT) -> Reading:
        (tmp_path / "task.md").write_text(text, encoding="utf-8")
        (tmp_path / "task.signoff.toml").write_text(binding, encoding="utf-8")
        return read_documents([tmp_path / "task.md"], KINDS, TODAY)

    return read


@pytest.fixture
def polite(bound) -> str:
    """The fingerprint of the statement that no rule knows."""
    return str(bound("").documents[0].criteria[0].fingerprint)


def typed(fingerprint: str, more: str = "") -> str:
    return (
        f'[[type]]\ncriterion = "success-criteria/human_judgement/1"\nfingerprint = "{fingerprint}"\n'
        f'kind = "latency"\nparameters = {{load = "none"}}\n'
        'threshold = {value = 2.0, unit = "s", comparator = "<", statistic = "mean", subject = "latency"}\n' + more
    )


def waived(fingerprint: str, expires: str) -> str:
    return (
        f'[[waive]]\ncriterion = "success-criteria/human_judgement/1"\nfingerprint = "{fingerprint}"\n'
        f'owner = "Model team"\nreason = "not yet"\nexpires = {expires}\n'
    )


def codes(reading: Reading) -> list[str]:
    return [found.code for found in reading.documents[0].diagnostics]


def test_a_resolution_with_todays_sides_counts(bound) -> None:
    (conflict,) = bound(RESOLVE).conflicts
    assert conflict.resolution is not None
    assert (conflict.resolution["chosen"], conflict.resolution["date"]) == (4096, "2026-02-01")


def test_a_resolution_of_other_sides_is_stale(bound) -> None:
    reading = bound(RESOLVE, TEXT.replace("8192", "16384"))
    assert reading.conflicts[0].resolution is None
    assert codes(reading) == ["binding-stale"]


def test_a_statement_that_no_rule_knows_is_typed(bound, polite: str) -> None:
    criterion = bound(typed(polite)).documents[0].criteria[0]
    assert (criterion.kind, criterion.judge) == ("latency", "machine")
    assert criterion.threshold is not None
    assert criterion.threshold.text() == "mean latency < 2 s"
    assert "stale_binding" not in criterion.parameters


def test_a_changed_statement_makes_its_binding_stale(bound, polite: str) -> None:
    reading = bound(typed(polite), TEXT.replace("politely", "rudely"))
    assert reading.documents[0].criteria[0].parameters["stale_binding"] is True
    assert codes(reading) == ["binding-stale"]


def test_cosmetics_do_not_make_a_binding_stale(bound, polite: str) -> None:
    reading = bound(typed(polite), TEXT.replace("- [ ] answers politely", "* [x] **Answers**\n  politely ✅"))
    assert "stale_binding" not in reading.documents[0].criteria[0].parameters


def test_a_binding_for_a_criterion_that_is_gone_is_reported(bound, polite: str) -> None:
    assert codes(bound(typed(polite).replace("/1", "/7"))) == ["binding-orphan"]


def test_a_waiver_in_force_is_kept_beside_the_criterion(bound, polite: str) -> None:
    document = bound(waived(polite, "2026-05-30")).documents[0]
    waiver = document.waivers["success-criteria/human_judgement/1"]
    assert (waiver.owner, waiver.expires) == ("Model team", date(2026, 5, 30))
    assert document.criteria[0].kind == "human_judgement"


def test_a_waiver_for_more_than_90_days_is_refused(bound, polite: str) -> None:
    with pytest.raises(DeploymentUnreadable, match=r"task\.signoff\.toml:6: .*more than 90 days"):
        bound(waived(polite, "2026-05-31"))


@pytest.mark.parametrize(("expires", "code"), [("2026-02-28", "waiver-expired"), ("2026-04-01", "")])
def test_an_expired_waiver_does_not_count(bound, polite: str, expires: str, code: str) -> None:
    reading = bound(waived(polite, expires))
    assert codes(reading) == ([code] if code else [])
    assert bool(reading.documents[0].waivers) is not bool(code)


def test_a_waiver_of_a_changed_statement_does_not_count(bound) -> None:
    reading = bound(waived("0" * 64, "2026-04-01"))
    assert codes(reading) == ["binding-stale"]
    assert not reading.documents[0].waivers


GOOD_TYPE = f'[[type]]\ncriterion = "a"\nfingerprint = "{"0" * 64}"\nkind = "latency"\n'
LIMIT = 'threshold = {value = 2, unit = "s", comparator = "<", statistic = "mean", subject = "latency"}\n'
GOOD_WAIVER = (
    f'[[waive]]\ncriterion = "a"\nfingerprint = "{"0" * 64}"\n'
    'owner = "Operations"\nreason = "r"\nexpires = 2026-04-01\n'
)
# What each is refused for, and whether a schema can see it.
WRONG = [
    (RESOLVE + 'owner = "x"\n', r"toml:9: \[\[resolve\]\] has no key 'owner'", True),
    ("\n\n[[solve]]\na = 1\n", "toml:3: unknown table 'solve'", True),
    ('[resolve]\nconflict = "x"\n', "toml:1: unknown table", True),
    (RESOLVE.replace("chosen = 4096", "chosen = 1"), "toml:5: chosen is none of", False),
    (RESOLVE.replace("between = [4096, 8192]", "between = []"), "toml:4: between cannot be", True),
    (RESOLVE.replace("between = [4096, 8192]", "between = [4096, [8192]]"), "toml:4: between holds texts", True),
    (RESOLVE.replace('role = "Model team"\n', ""), r"toml:2: \[\[resolve\]\] needs role", True),
    (RESOLVE.replace('"Model team"', '""'), "toml:6: role cannot be ''", True),
    (RESOLVE.replace("2026-02-01", '"soon"'), "toml:8: date cannot be", True),
    (RESOLVE.replace("2026-02-01", "2026-02-01T10:00:00"), "toml:8: date cannot be", True),
    (RESOLVE + 'kind = "quarrel"\n', "toml:9: unknown kind 'quarrel'", True),
    (RESOLVE + 'kind = "latency"\n', "toml:9: no conflict has the kind 'latency'", True),
    (RESOLVE + "documents = [1]\n", "toml:9: documents holds names of files", True),
    (GOOD_TYPE.replace('"latency"', '"speed"'), "toml:4: unknown kind 'speed'", True),
    (GOOD_TYPE, "toml:4: latency needs a threshold", True),
    (GOOD_TYPE.replace("0" * 64, "b") + LIMIT, "toml:3: 'b' is no fingerprint", True),
    (GOOD_TYPE + LIMIT.replace("value = 2", "value = true"), "toml:5: .*its value is True", True),
    (GOOD_TYPE + LIMIT.replace('"s"', '"blinks"'), "toml:5: .*its unit is 'blinks'", True),
    (GOOD_TYPE + LIMIT.replace('"<"', '"!"'), "toml:5: .*its comparator is '!'", True),
    (GOOD_TYPE + LIMIT.replace('"mean"', '"mode"'), "toml:5: .*its statistic is 'mode'", True),
    (GOOD_TYPE + LIMIT.replace(', subject = "latency"', ""), "toml:5: a threshold has .*; it has", True),
    (GOOD_TYPE + LIMIT + "parameters = {since = 2026-01-01}\n", "toml:6: parameters hold what JSON", False),
    (GOOD_WAIVER.replace('"Operations"', "7"), "toml:4: owner cannot be 7", True),
    (GOOD_WAIVER.replace("2026-04-01", "2027-04-01"), "toml:6: the waiver lasts until 2027", False),
    ("not toml", "signoff.toml:1: this is no TOML", False),
]


@pytest.mark.parametrize(("binding", "said"), [(binding, said) for binding, said, _ in WRONG])
def test_what_a_binding_may_not_say_is_refused_with_its_line(bound, binding: str, said: str) -> None:
    with pytest.raises(DeploymentUnreadable, match=said) as caught:
        bound(binding)
    assert caught.value.hint


def test_all_mistakes_of_a_binding_are_told_at_once(bound, tmp_path: Path) -> None:
    text = (
        RESOLVE.replace('"Model team"', '""') + GOOD_TYPE.replace('"latency"', '"speed"') + GOOD_WAIVER + "[[solve]]\n"
    )
    with pytest.raises(DeploymentUnreadable) as caught:
        bound(text)
    lines = str(caught.value).splitlines()
    assert [line.split("toml:")[1].split(":")[0] for line in lines] == ["6", "12", "19"]
    reading, unreadable = read_all([tmp_path / "task.md"], KINDS, TODAY)
    assert len(unreadable) == 1
    assert [found.code for found in reading.documents[0].diagnostics].count("binding-invalid") == 3
    (problem,) = [found for found in reading.documents[0].diagnostics if "role" in found.message]
    assert (problem.line, problem.excerpt) == (6, 'role = ""')


def test_sound_entries_of_a_broken_file_are_read(bound, tmp_path: Path) -> None:
    (tmp_path / "task.md").write_text(TEXT, encoding="utf-8")
    (tmp_path / "task.signoff.toml").write_text(RESOLVE + GOOD_TYPE, encoding="utf-8")
    reading, unreadable = read_all([tmp_path / "task.md"], KINDS, TODAY)
    assert len(unreadable) == 1
    assert reading.conflicts[0].resolution is not None


# Resolutions among several documents

FIRST = "# Lark-4 Service\n- [ ] mean latency < 800 ms\n"
SECOND = "# Lark-4 Service\n- [ ] mean latency < 500 ms\n"
THIRD = "# Lark-4 Service\n- [ ] mean latency < 300 ms\n"
AMONG = """
[[resolve]]
conflict = "latency"
between = ["800 ms", "500 ms"]
documents = ["one.md", "two.md"]
chosen = "800 ms"
role = "Model team"
reason = "measured"
date = 2026-02-01
"""


@pytest.fixture
def among(tmp_path: Path):
    def read(bindings: dict[str, str], **texts: str) -> Reading:
        for name, text in texts.items():
            (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
        for name, text in bindings.items():
            (tmp_path / f"{name}.signoff.toml").write_text(text, encoding="utf-8")
        return read_documents([tmp_path / f"{name}.md" for name in texts], KINDS, TODAY)

    return read


def codes_of(reading: Reading) -> list[str]:
    return [found.code for document in reading.documents for found in document.diagnostics]


def test_a_resolution_among_documents_counts_where_they_are_read(among) -> None:
    reading = among({"one": AMONG}, one=FIRST, two=SECOND)
    assert [conflict.resolution and conflict.resolution["chosen"] for conflict in reading.conflicts] == ["800 ms"]
    assert codes_of(reading) == []


def test_a_resolution_whose_other_document_is_not_read_is_silent(among) -> None:
    assert codes_of(among({"one": AMONG}, one=FIRST)) == []


def test_the_same_without_its_documents_is_reported(among) -> None:
    assert codes_of(among({"one": AMONG.replace('documents = ["one.md", "two.md"]\n', "")}, one=FIRST)) == [
        "binding-orphan"
    ]


def test_an_unknown_conflict_is_reported_with_its_line(among) -> None:
    reading = among({"one": RESOLVE.replace("max_num_batched_tokens", "max_tokens")}, one=FIRST)
    (found,) = reading.documents[0].diagnostics
    assert (found.code, found.line) == ("binding-orphan", 2)


def test_a_third_value_makes_a_resolution_stale(among) -> None:
    reading = among({"one": AMONG}, one=FIRST, two=SECOND, three=THIRD)
    assert [conflict.resolution for conflict in reading.conflicts] == [None]
    assert codes_of(reading) == ["binding-stale"]


def test_a_resolution_of_three_holds_for_what_is_left_of_them(among) -> None:
    of_three = AMONG.replace('"500 ms"]', '"500 ms", "300 ms"]').replace('"two.md"]', '"two.md", "three.md"]')
    reading = among({"one": of_three}, one=FIRST, two=SECOND)
    assert [conflict.resolution and conflict.resolution["chosen"] for conflict in reading.conflicts] == ["800 ms"]


def test_bindings_that_decide_differently_undo_each_other(among) -> None:
    other = AMONG.replace('chosen = "800 ms"', 'chosen = "500 ms"')
    reading = among(
        {"one": AMONG, "two": other, "three": AMONG}, one=FIRST, two=SECOND, three="# Lark-4 Service\n- [ ] 4 cores\n"
    )
    assert [conflict.resolution for conflict in reading.conflicts] == [None]
    assert codes_of(reading) == ["resolution-conflict"]


def test_one_conflict_of_several_with_one_subject_is_resolved(among) -> None:
    wren = "# Wren-2 Service\n- [ ] mean latency < 5 s\n- [ ] mean latency < 7 s\n"
    reading = among({"one": AMONG}, one=FIRST, two=SECOND, wren=wren)
    assert [conflict.resolution is not None for conflict in reading.conflicts] == [True, False]
    assert codes_of(reading) == []


# What Signoff prints for a binding file is a binding file


def test_the_printed_block_of_a_conflict_resolves_it(among) -> None:
    (conflict,) = among({}, one=FIRST, two=SECOND).conflicts
    block = resolve_block(conflict, TODAY)
    assert Path(resolve_file(conflict)).name == "one.signoff.toml"
    with pytest.raises(DeploymentUnreadable, match="role cannot be ''"):
        among({"one": block}, one=FIRST, two=SECOND)
    filled = block.replace('role = ""', 'role = "Model team"').replace('reason = ""', 'reason = "measured"')
    reading = among({"one": filled}, one=FIRST, two=SECOND)
    assert [conflict.resolution and conflict.resolution["chosen"] for conflict in reading.conflicts] == ["800 ms"]


def test_the_printed_block_of_every_shipped_conflict_is_sound(tmp_path: Path) -> None:
    reading = read_documents(sorted((FIXTURES / "tasks").glob("*.md")), KINDS, TODAY)
    assert reading.conflicts
    for number, conflict in enumerate(reading.conflicts):
        document = tmp_path / f"{number}.md"
        block = resolve_block(conflict, TODAY).replace('""', '"x"')
        document.with_name(f"{number}.signoff.toml").write_text(block, encoding="utf-8")
        binding = read_binding(document, TODAY, KINDS)
        assert binding is not None
        assert binding.problems == ()
        assert {str(value) for value in binding.resolve[0].said.between} == {str(side.value) for side in conflict.sides}


def test_the_printed_block_of_a_statement_types_it_as_it_is(bound, polite: str) -> None:
    criterion = bound("").documents[0].criteria[0]
    typed_again = bound(type_block(criterion)).documents[0].criteria[0]
    assert (typed_again.kind, typed_again.judge) == ("human_judgement", "person")
    assert codes(bound(type_block(criterion))) == []


def test_printed_blocks_keep_every_character(tmp_path: Path) -> None:
    sides = (
        Side(document="a.md", line=1, value='tab\t "quote" \\ \x7f ü €', spelling="x"),
        Side(document="b.md", line=2, value=0.5, spelling="y"),
    )
    conflict = Conflict(kind="limit", subject="it's [[odd]]", sides=sides, message="m", criteria=())
    (said,) = tomllib.loads(resolve_block(conflict, TODAY))["resolve"]
    assert said["conflict"] == conflict.subject
    assert said["between"] == [sides[0].value, 0.5]
    assert said["documents"] == ["a.md", "b.md"]


# The schema


def plain_json(text: str) -> Any:
    return json.loads(json.dumps(tomllib.loads(text), default=str))


def test_the_schema_says_what_the_reader_takes() -> None:
    assert set(SCHEMA["properties"]) == {*KEYS, "correct"}
    definitions = SCHEMA["$defs"]
    for name, keys in KEYS.items():
        entry = definitions[name]
        assert set(entry["properties"]) == set(keys)
        assert set(entry["required"]) == set(keys) - OPTIONAL[name]
        assert entry["additionalProperties"] is False
    assert definitions["type"]["properties"]["kind"]["enum"] == list(KINDS)
    with_limit = sorted(name for name, kind in KINDS.items() if kind.needs_limit)
    assert definitions["type"]["if"]["properties"]["kind"]["enum"] == with_limit
    assert definitions["resolve"]["properties"]["kind"]["enum"] == list(CONFLICTS)
    limit = definitions["threshold"]["properties"]
    assert limit["unit"]["enum"] == list(KNOWN_UNITS)
    assert limit["comparator"]["enum"] == list(COMPARATORS)
    assert limit["statistic"]["pattern"] == STATISTIC


def test_the_schema_is_one_of_its_dialect() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


SHIPPED = sorted((FIXTURES / "tasks").glob("*.signoff.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_bindings_keep_to_the_schema(path: Path) -> None:
    VALIDATOR.validate(plain_json(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("text", [RESOLVE, GOOD_TYPE + LIMIT, GOOD_WAIVER, AMONG])
def test_the_schema_takes_what_the_reader_takes(bound, text: str) -> None:
    VALIDATOR.validate(plain_json(text))
    bound(text)


@pytest.mark.parametrize(
    "binding", [binding for binding, _, seen in WRONG if seen], ids=[said[:40] for _, said, seen in WRONG if seen]
)
def test_the_schema_refuses_what_the_reader_refuses(binding: str) -> None:
    assert not VALIDATOR.is_valid(plain_json(binding))


# What is shipped

SETS = [
    combination for size in (1, 2, 5) for combination in combinations(sorted((FIXTURES / "tasks").glob("*.md")), size)
]


@pytest.mark.parametrize("paths", SETS, ids=lambda paths: " ".join(path.stem for path in paths))
def test_shipped_documents_are_decided_alone_and_together(paths: tuple[Path, ...]) -> None:
    reading = read_documents(paths, KINDS)
    assert [conflict for conflict in reading.conflicts if conflict.criteria and conflict.resolution is None] == []
    assert [found for document in reading.documents for found in document.diagnostics if "binding" in found.code] == []
