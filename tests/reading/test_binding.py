from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path

import pytest

from acceptance.errors import DeploymentUnreadable
from acceptance.reading import Reading, read_documents
from acceptance.reading.binding import _KEYS, _OPTIONAL
from acceptance.reading.kinds import KINDS

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
SCHEMA = json.loads((FIXTURES / "schemas" / "binding.schema.json").read_text(encoding="utf-8"))
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
        return read_documents([tmp_path / "task.md"], TODAY)

    return read


@pytest.fixture
def polite(bound) -> str:
    """The fingerprint of the statement that no rule knows."""
    return str(bound("").documents[0].criteria[0].fingerprint)


def typed(fingerprint: str, more: str = "") -> str:
    return (
        f'[[type]]\ncriterion = "success-criteria/human_judgement/1"\nfingerprint = "{fingerprint}"\n'
        f'kind = "latency"\nparameters = {{request = "none"}}\n'
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
    with pytest.raises(DeploymentUnreadable, match=r"task\.signoff\.toml:1: .*more than 90 days"):
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


@pytest.mark.parametrize(
    ("binding", "said"),
    [
        (RESOLVE + 'owner = "x"\n', r"toml:9: \[\[resolve\]\] has no key 'owner'"),
        ("\n\n[[solve]]\na = 1\n", "toml:3: unknown table 'solve'"),
        ('[resolve]\nconflict = "x"\n', "toml:1: unknown table"),
        (RESOLVE.replace("chosen = 4096", "chosen = 1"), "chosen is none of"),
        (RESOLVE.replace('role = "Model team"\n', ""), r"toml:2: \[\[resolve\]\] needs role"),
        (RESOLVE.replace('"Model team"', '""'), "toml:6: role cannot be ''"),
        (RESOLVE.replace("2026-02-01", '"soon"'), "toml:8: date cannot be"),
        ('[[type]]\ncriterion = "a"\nfingerprint = "b"\nkind = "speed"\n', "unknown kind 'speed'"),
        ('[[type]]\ncriterion = "a"\nfingerprint = "b"\nkind = "latency"\n', "needs a threshold"),
        ("not toml", "task.signoff.toml"),
    ],
)
def test_what_a_binding_may_not_say_is_refused_with_its_line(bound, binding: str, said: str) -> None:
    with pytest.raises(DeploymentUnreadable, match=said) as caught:
        bound(binding)
    assert caught.value.mend


def test_the_schema_says_what_the_reader_takes() -> None:
    assert set(SCHEMA["properties"]) == set(_KEYS)
    for name, keys in _KEYS.items():
        entry = SCHEMA["properties"][name]["items"]
        assert set(entry["properties"]) == set(keys)
        assert set(entry["required"]) == set(keys) - _OPTIONAL[name]
        assert entry["additionalProperties"] is False
    assert SCHEMA["properties"]["type"]["items"]["properties"]["kind"]["enum"] == list(KINDS)


@pytest.mark.parametrize("path", sorted((FIXTURES / "tasks").glob("*.signoff.toml")), ids=lambda path: path.name)
def test_shipped_bindings_keep_to_the_schema(path: Path) -> None:
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    plain = json.loads(json.dumps(tables, default=str))
    try:
        import jsonschema
    except ImportError:
        assert set(plain) <= set(SCHEMA["properties"])
        for name, entries in plain.items():
            rules = SCHEMA["properties"][name]["items"]
            for entry in entries:
                assert set(rules["required"]) <= set(entry) <= set(rules["properties"])
    else:
        jsonschema.validate(plain, SCHEMA)
