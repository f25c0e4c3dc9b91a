from __future__ import annotations

from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import read_documents
from signoff.reports.stored.conflict import Conflict


@pytest.fixture
def conflicts(tmp_path: Path):
    def of(*texts: str) -> tuple[Conflict, ...]:
        paths = []
        for number, text in enumerate(texts, 1):
            path = tmp_path / f"{number}.md"
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return read_documents(paths, KINDS).conflicts

    return of


def brief(found: tuple[Conflict, ...]) -> list[tuple[str, str]]:
    return [(conflict.kind, conflict.subject) for conflict in found]


YAML = "```yaml\nservice:\n  name: app-1\n  port: {port}\n```\n"


def test_one_name_with_two_values_in_two_forms(conflicts) -> None:
    (found,) = conflicts("```bash\nAPP_1_PORT=1\n```\n" + YAML.format(port=2))
    assert (found.kind, found.subject) == ("configuration", "port")
    assert [(side.line, side.value, side.spelling) for side in found.sides] == [
        (2, 1, "APP_1_PORT"),
        (7, 2, "service.port"),
    ]
    assert len(found.criteria) == 2


def test_spellings_of_one_value_agree(conflicts) -> None:
    text = "```yaml\nservice: {name: app-1}\nengine: {enforce_eager: false}\nmore: {enforce_eager: '0'}\n```\n"
    assert conflicts(text) == ()


def test_limits_of_one_subject_within_a_document(conflicts) -> None:
    (found,) = conflicts("# App-1 Service\n- [ ] response time < 1000ms\n- [ ] mean latency at most 1.5 s\n")
    assert (found.kind, found.subject) == ("limit", "latency")
    assert [side.value for side in found.sides] == ["1000 ms", "1.5 s"]


def test_one_limit_in_two_units_or_two_statistics_is_no_conflict(conflicts) -> None:
    assert conflicts("- [ ] mean latency < 1000ms\n- [ ] mean latency <= 1 s\n- [ ] p99 latency < 3 s\n") == ()


def test_limits_across_documents_of_one_service(conflicts) -> None:
    first = "# App-1 Service\n- [ ] 15GB memory\n" + YAML.format(port=1)
    second = "# App-1 Service\n- [ ] 30GB memory\n"
    (found,) = conflicts(first, second)
    assert (found.kind, found.subject) == ("limit", "memory")
    assert [Path(side.document).name for side in found.sides] == ["1.md", "2.md"]
    assert [Path(document).name for document, _ in found.criteria] == ["1.md", "2.md"]


def test_another_service_may_have_another_limit(conflicts) -> None:
    assert conflicts("# App-1 Service\n- [ ] 15GB memory\n", "# Beta-2 Service\n- [ ] 30GB memory\n") == ()


def test_a_text_that_names_one_of_several_services_speaks_of_it(conflicts) -> None:
    several = (
        "```yaml\nall:\n  app:\n    port: 1\n    target_latency_ms: 1500\n"
        "  beta:\n    port: 2\n    target_latency_ms: 500\n```\n"
    )
    boxes = "- [ ] App meets 1500ms latency\n- [ ] Beta meets 700ms latency\n"
    (found,) = conflicts(several + boxes)
    assert [side.value for side in found.sides] == ["700 ms", "500 ms"] or [side.value for side in found.sides] == [
        "500 ms",
        "700 ms",
    ]


def test_a_configured_limit_is_a_side_too(conflicts) -> None:
    found = conflicts(
        "```bash\nA_MEMORY_GB=15\nA_PORT=1\nA_CPU_CORES=4\n```\n- [ ] memory under 16 GB\n- [ ] 4 cores\n"
    )
    assert brief(found) == [("limit", "memory")]


def test_one_port_for_two_services(conflicts) -> None:
    (found,) = conflicts(YAML.format(port=7), YAML.format(port=7).replace("app-1", "beta-1"))
    assert (found.kind, found.subject) == ("port", "port 7")


ENGINE = "```yaml\nmodel:\n  max_model_len: {length}\n  max_num_batched_tokens: {batched}\n{more}```\n"


def test_fewer_batched_tokens_than_the_model_length(conflicts) -> None:
    assert brief(conflicts(ENGINE.format(length=8192, batched=4096, more=""))) == [("engine", "max_num_batched_tokens")]


@pytest.mark.parametrize(("batched", "more"), [(8192, ""), (9000, ""), (4096, "  enable_chunked_prefill: true\n")])
def test_enough_batched_tokens_or_chunks_are_no_conflict(conflicts, batched: int, more: str) -> None:
    assert conflicts(ENGINE.format(length=8192, batched=batched, more=more)) == ()


def test_chunks_that_are_switched_off_do_not_help(conflicts) -> None:
    text = ENGINE.format(length=8192, batched=4096, more="  enable_chunked_prefill: false\n")
    assert brief(conflicts(text)) == [("engine", "max_num_batched_tokens")]


def test_places_that_are_still_placeholders_contradict_nothing(conflicts) -> None:
    assert conflicts("```bash\nA_PORT=[port]\n```\n" + "```yaml\nport: 1\n```\n") == ()
