"""The question of a check, before anybody runs it: one sentence, made of what the check is run with."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from signoff.acceptance.asked import Asked, amount, listed, request_words, shown, timed
from signoff.acceptance.checks import KINDS
from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.question import judged_as, put
from signoff.acceptance.reading import read_documents
from signoff.acceptance.reading.source.library_names import would_call
from tests.acceptance.conftest import criterion

ROOT = Path(__file__).parents[3]
TASKS = ROOT / "fixtures/tasks"
LABELLED = ROOT / "tests/reading/corpus"
JUDGED = sorted(set(KINDS) - {"human_judgement"})
REQUEST = {"method": "POST", "address": None, "path": "/v1/chat/completions", "headers": {}, "body": {"max_tokens": 5}}
# What a check does not look at: where the command is, how the document writes it, and a load that no run makes.
BESIDE = {"form", "command_line", "stale_binding", "why"}
# What a check does where the document says nothing.
USUAL = {
    "health": [("request", {"method": "GET", "address": None, "path": "/health", "headers": {}, "body": None})],
    "json_shape": [("status", [200])],
    "metrics": [("request", {"method": "GET", "address": None, "path": "/metrics", "headers": {}, "body": None})],
}
BESIDE_OF = {"memory": {"unit", "request"}, "session_recall": {"request"}, "disk": {"population"}}


@pytest.fixture(scope="module")
def criteria() -> list[Criterion]:
    """Of every shipped and every labelled document."""
    reading = read_documents([*sorted(TASKS.glob("*.md")), *sorted(LABELLED.glob("*/input.md"))], KINDS)
    return [found for document in reading.documents for found in document.criteria]


@pytest.fixture(scope="module")
def by_machine(criteria: list[Criterion]) -> list[Criterion]:
    return [found for found in criteria if found.judge == "machine"]


def asked(kind: str, threshold: Threshold | None = None, **parameters: Any) -> str:
    asks = KINDS[kind].asks
    assert asks is not None
    return put(asks, Asked(threshold, parameters))  # type: ignore[arg-type]


def is_a_sentence(text: str) -> bool:
    return text.endswith(".") and text.isprintable() and len(text) > 20 and not re.search(r"\bNone\b|\(no \w+ is", text)


def plain(value: Any) -> Any:
    """Parameters without the line of a request, which is a place and no part of what is asked."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items() if key != "line"}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def matter(found: Criterion) -> str:
    """Everything that the check is run with, as a text."""
    kept = {
        name: plain(value)
        for name, value in found.parameters.items()
        if name not in BESIDE | BESIDE_OF.get(found.kind, set()) and value not in (None, [], "")
        if (name, plain(value)) not in USUAL.get(found.kind, [])
    }
    if found.kind == "authentication" and kept.get("request"):
        # The key that the document shows is not sent: the check sends none, a wrong one, and the deployment's.
        others = {name: value for name, value in kept["request"]["headers"].items() if name != kept["header"]}
        kept["request"] = {**kept["request"], "headers": others}
    limit = found.threshold
    stated = None if limit is None else [limit.value, limit.unit, limit.comparator, limit.statistic]
    return json.dumps([found.kind, found.service, stated, kept], sort_keys=True)


@pytest.mark.parametrize("kind", JUDGED)
def test_the_sample_of_each_kind_is_put_into_one_sentence(kind: str) -> None:
    asks = KINDS[kind].asks
    assert asks is not None
    assert is_a_sentence(f"{put(asks, KINDS[kind].sample)}.")


@pytest.mark.parametrize("kind", JUDGED)
def test_a_kind_that_a_binding_gives_no_parameters_is_put_into_words_too(kind: str) -> None:
    bound = replace(criterion(kind), threshold=None, parameters={})
    assert judged_as(bound, KINDS)


@pytest.mark.parametrize("kind", JUDGED)
def test_a_question_is_made_of_what_the_check_is_run_with_and_not_of_the_documents_words(kind: str) -> None:
    one = criterion(kind)
    other = replace(one, text="quite another text", id="x/y/9", line=77, section="z", assumptions=("so",))
    assert judged_as(one, KINDS) == judged_as(other, KINDS)


def test_each_machine_criterion_of_the_documents_has_a_sentence_and_no_other_one_has(
    criteria: list[Criterion], by_machine: list[Criterion]
) -> None:
    assert len(by_machine) > 300
    assert [found.id for found in by_machine if not is_a_sentence(found.judged_as or "")] == []
    assert {found.judged_as for found in criteria if found.judge != "machine"} == {None}


def test_two_criteria_that_ask_different_things_have_different_sentences(by_machine: list[Criterion]) -> None:
    sentences: dict[str, set[str]] = defaultdict(set)
    for found in by_machine:
        sentences[found.judged_as or ""].add(matter(found))
    assert [sentence for sentence, different in sentences.items() if len(different) > 1] == []


def test_what_is_looked_for_is_in_the_sentence(by_machine: list[Criterion]) -> None:
    missing = []
    for found in by_machine:
        parameters: Mapping[str, Any] = found.parameters
        wanted = [found.service] if found.service else []
        wanted += [str(parameters[name]) for name in ("port", "path", "folder", "name", "uid") if parameters.get(name)]
        wanted += [str(parameters[name]) for name in ("concurrent", "max_model_len", "class", "base", "suite")
                   if parameters.get(name)]  # fmt: skip
        for name in ("words", "contains", "mentions", "services", "topics"):
            wanted += parameters.get(name) or []
        if found.kind == "config_value":
            wanted.append(json.dumps(parameters["value"], ensure_ascii=False))
        if found.kind == "engine_settings":
            wanted += parameters["settings"]
        if (request := parameters.get("request")) and found.kind != "session_recall":
            wanted += [request["method"], request["path"]]
        wanted += [call.partition("(")[0] for call in would_call(parameters.get("steps"))[0]]
        if found.threshold is not None and parameters.get("low") is None and found.kind != "concurrency_limit":
            wanted.append(amount(found.threshold.value, found.threshold.unit))
        missing += [(found.id, word, found.judged_as) for word in wanted if word not in (found.judged_as or "")]
    assert missing == []


@pytest.mark.parametrize(
    ("load", "words"),
    [
        ({"rate_per_s": 10.0}, "at 10 requests/s"),
        ({"users": 50, "duration_s": 60.0}, "with 50 requests at once, for 60 s"),
        ({"requests": "of 512 tokens", "said": "at noon"}, 'with the requests "of 512 tokens", under "at noon"'),
    ],
)
def test_a_load_under_which_a_criterion_holds_is_in_its_question(load: dict[str, Any], words: str) -> None:
    for kind in ("latency", "ttft", "inter_token_latency", "throughput", "memory", "cpu", "error_rate"):
        question = judged_as(replace(criterion(kind, load="as stated"), load=load), KINDS) or ""
        assert f", {words}, " in question or f" {words}, " in question
        assert "brought about" not in question


def test_what_is_asked_of_one_of_several_services_names_it_first() -> None:
    of_phi = replace(criterion("health"), service="phi")
    assert (judged_as(of_phi, KINDS) or "").startswith("at the service phi, GET /health answers 200")


@pytest.mark.parametrize(
    ("kind", "threshold", "parameters", "sentence"),
    [
        (
            "ttft",
            Threshold(500, "ms", "<", "p95", "ttft"),
            {"request": {**REQUEST, "body": None}},
            (
                "p95 of the time to first token of POST /v1/chat/completions (streamed), from when each was due, "
                "failed ones at five times the limit, under the run's own load, below 500 ms"
            ),
        ),
        (
            "latency",
            Threshold(2, "s", "<=", None, "latency"),
            {"load": "at 50 users"},
            (
                "mean latency of POST /v1/chat/completions (the document's own completions where it shows some), "
                "from when each was due to its whole answer, failed ones at five times the limit, under the run's "
                'own load ("at 50 users" is not brought about), at most 2 s'
            ),
        ),
        (
            "port",
            None,
            {"port": 8080},
            "a TCP connection to port 8080 opens, where the deployment puts the service",
        ),
        (
            "concurrency_limit",
            Threshold(1, "requests", "<=", "max", "concurrency"),
            {"request": {"method": "POST", "path": "/infer"}},
            (
                "answers that are written at the same time, at most 1 request: of three more requests than that "
                "sent at once (POST /infer) the rest waits or is refused with 429 or 503, and none is lost"
            ),
        ),
        (
            "disk",
            Threshold(40, "GB", ">=", None, "storage"),
            {"path": "/data", "room": "whole"},
            "size, used or not, of the file system that holds /data, at least 40 GB",
        ),
        (
            "config_value",
            None,
            {"name": "port", "value": 11401, "spelling": "port", "also": [11402]},
            "GET /config reports 11401 or 11402 for port",
        ),
        (
            "file",
            Threshold(2, "GB", "<=", None, "size"),
            {"path": "m.gguf", "low": 1e9, "high": 2e9},
            "m.gguf exists, is not empty, and holds from 1,000,000,000 to 2,000,000,000 bytes",
        ),
        (
            "throughput",
            Threshold(20, "requests/s", ">", "rate", "throughput"),
            {"request": {**REQUEST, "body": None}, "payload_file": "load.json"},
            (
                "throughput of POST /v1/chat/completions (load.json is not there), above 20 requests/s: this rate "
                "is answered while the run's own load sends more, fewer than 1 % fail, and the document's limits "
                "on latency and errors hold in the same run"
            ),
        ),
        (
            "service",
            None,
            {},
            (
                "GET /health answers 200 with a healthy status where the service has that route, and a completion "
                "of a few tokens (POST /v1/chat/completions) comes back with text"
            ),
        ),
    ],
)
def test_a_question_says_what_is_measured_and_what_is_not(
    kind: str, threshold: Threshold | None, parameters: dict[str, Any], sentence: str
) -> None:
    assert asked(kind, threshold, **parameters) == sentence


@pytest.mark.parametrize(
    ("demand", "begin"),
    [
        ("Disk: 40 GB free", "free space of the file system that holds /"),
        ("Disk: 40 GB", "size, used or not, of the file system that holds /"),
        ("15 GB available memory, 2 TB storage", "size, used or not, of the file system that holds /"),
    ],
)
def test_whether_space_has_to_be_free_is_read_from_the_document_and_asked(
    tmp_path: Path, demand: str, begin: str
) -> None:
    (tmp_path / "task.md").write_text(f"# T\n\n## Requirements\n\n- {demand}\n", encoding="utf-8")
    criteria = read_documents([tmp_path / "task.md"], KINDS).documents[0].criteria
    (found,) = (found for found in criteria if found.kind == "disk")
    assert (found.judged_as or "").startswith(begin)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"request": REQUEST}, {"request": {**REQUEST, "body": {"max_tokens": 6}}}),
        ({"request": REQUEST}, {"request": {**REQUEST, "address": "10.0.0.1:8000"}}),
        ({"request": {**REQUEST, "body": "a" * 900}}, {"request": {**REQUEST, "body": "a" * 899 + "b"}}),
        ({"request": REQUEST}, {"request": {**REQUEST, "headers": {"X-Session-ID": "7"}}}),
    ],
)
def test_requests_that_differ_are_told_apart(one: dict[str, Any], other: dict[str, Any]) -> None:
    limit = Threshold(1, "s", "<", "mean", "latency")
    assert asked("latency", limit, **one) != asked("latency", limit, **other)


def test_no_credential_of_a_documents_request_is_shown() -> None:
    keys = {"Authorization": "Bearer geheim", "X-VX11-Token": "geheim", "X-Signature": "geheim"}
    said = request_words({**REQUEST, "headers": keys})
    assert "geheim" not in said
    assert "Authorization" in said


def test_a_text_that_would_change_what_a_reader_sees_is_shown_as_what_it_is() -> None:
    said = asked("port", None, port="80\n\x1b[2J\u202e")
    assert said.isprintable()
    assert "U+001B" in said


def test_a_long_value_is_cut_and_keeps_a_digest() -> None:
    assert shown("a" * 200) == "a" * 200
    assert re.fullmatch(r"a{200}… \(201 characters, SHA-256 [0-9a-f]{8}…\)", shown("a" * 201))


def test_a_template_that_names_what_there_is_not_is_refused() -> None:
    with pytest.raises(KeyError, match="nothing_such"):
        put("{nothing_such}", Asked())


@pytest.mark.parametrize(
    ("words", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_a_list_is_put_as_people_do(words: list[str], text: str) -> None:
    assert listed(words) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.7, "ratio", "0.7"), (1500.0, "ms", "1500 ms"), (1, "cores", "1 core"), (1234567, "bytes", "1234567 bytes"),
     (0.1 + 0.2, "s", "0.3 s"), (float("inf"), "s", "inf s")],
)  # fmt: skip
def test_a_figure_keeps_its_digits(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


def test_question_and_verdict_call_a_time_the_same() -> None:
    assert timed("latency", "mean") == "mean latency"
    assert timed("latency", "p99.9") == "p99.9 of the latency"
    for kind in ("latency", "ttft", "inter_token_latency"):
        question = asked(kind, Threshold(1, "s", "<", "mean", kind))
        name = re.match(r"mean [a-z -]*?(?= \d)", KINDS[kind].failure)
        assert name is not None
        assert question.startswith(f"{name[0]} of ")
