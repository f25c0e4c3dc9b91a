"""`signoff schema`: what it prints is what is published, and what the readers take keeps to it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.commands import main
from signoff.acceptance.commands.documents.schema import SCHEMAS
from signoff.acceptance.errors import UsageError
from signoff.reports.stored.stored_run import to_json
from tests.reports import hermes_run

FIXTURES = Path(__file__).parents[3] / "fixtures"
PUBLISHED = sorted((FIXTURES / "schemas").glob("*.json"))


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(SCHEMAS[name](), format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_command_prints_what_is_published(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", name]) == 0
    printed = capsys.readouterr().out
    assert printed == (FIXTURES / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"), (
        f"write it anew: signoff schema {name} > fixtures/schemas/{name}.schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(json.loads(printed))


def test_nothing_else_is_published() -> None:
    assert {path.name for path in PUBLISHED} == {f"{name}.schema.json" for name in SCHEMAS}


def test_an_unknown_name_is_a_usage_error_that_lists_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["schema", "sheet"])
    assert raised.value.code == 4
    said = capsys.readouterr().err
    assert all(name in said for name in SCHEMAS)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("deployments/*.toml")), ids=lambda path: path.name)
def test_shipped_deployments_keep_to_the_schema(path: Path) -> None:
    validator("deployment").validate(tomllib.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "target = 7",
        'target = "http://h:1"\ntraget = "x"',
        'target = "http://h:1"\n[start]\narguments = []',
        'target = "http://h:1"\n[start]\nservice = "x"\ntimeout_s = 0',
        'target = "http://h:1"\n[library]\npaths = "lib"',
        'target = "http://h:1"\n[out_of_reach]\nmodel_files = ""',
        'target = "http://h:1"\n[control]\nservice = "x"',
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(text: str, tmp_path: Path) -> None:
    assert not validator("deployment").is_valid(tomllib.loads(text))
    (tmp_path / "d.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        deployments.load(tmp_path / "d.toml")


def test_a_run_keeps_to_the_schema_of_results() -> None:
    value = json.loads(json.dumps(to_json(hermes_run.run())))
    validator("results").validate({**value, "a key of a later version": 1})
    assert not validator("results").is_valid({**value, "outcome": "green"})
    assert not validator("results").is_valid({key: item for key, item in value.items() if key != "schema"})
