"""The word tables: each phrase parses, none lets a negation pass, and each kind judges what its words say."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import Document
from signoff.acceptance.reading.frames.lexicon import lexicon, phrases

FOLDER = Path(__file__).parents[3] / "acceptance" / "reading" / "languages" / "en"
TABLES = {
    f"{file.stem}:{names}": (names, entry["words"])
    for file in sorted((FOLDER / "kinds").glob("*.toml"))
    for names, entry in tomllib.loads(file.read_text(encoding="utf-8")).items()
}
NEVER = set(phrases(tomllib.loads((FOLDER / "general.toml").read_text(encoding="utf-8"))["never"]["words"]))
# Beside a limit that is read, `may send`, `beyond` and `over` only link it; where `nothing` is what a command is
# expected to print, it is all that is asked.
BOUND = {
    "performance:latency": {"over"},
    "api:rate_limit": {"may", "beyond"},
    "estate:port_free": {"nothing"},
    "estate:service_gone": {"nothing"},
    "answers:port_free+service_gone+port": {"nothing"},
}
SAMPLES = tomllib.loads((Path(__file__).parent / "samples.toml").read_text(encoding="utf-8"))
LEAST = 3
DOCUMENT = "# Heron\n\n## Acceptance Criteria\n\n"
Read = Callable[[str], Document]


@pytest.mark.parametrize("table", TABLES)
def test_each_phrase_of_a_table_holds_words(table: str) -> None:
    assert all(phrases(TABLES[table][1]))
    assert () not in set(phrases(TABLES[table][1]))


@pytest.mark.parametrize("table", TABLES)
def test_a_table_names_kinds_that_there_are(table: str) -> None:
    assert set(TABLES[table][0].split("+")) <= KINDS.keys()


@pytest.mark.parametrize("table", TABLES)
def test_no_negation_quantifier_or_condition_is_a_word_of_a_kind(table: str) -> None:
    single = {phrase for phrase in phrases(TABLES[table][1]) if len(phrase) == 1}
    assert {phrase[0] for phrase in single & NEVER} <= BOUND.get(table, set())


@pytest.mark.parametrize("table", TABLES)
def test_no_figure_but_a_status_is_a_word_of_a_kind(table: str) -> None:
    single = {phrase[0] for phrase in phrases(TABLES[table][1]) if len(phrase) == 1}
    assert {word for word in single if word[0].isdigit()} <= {"200", "401", "403", "429", "4xx", "5xx", "2xx"}


def test_no_filler_is_a_negation() -> None:
    assert lexicon().fillers.isdisjoint(lexicon().never)


def test_choices_within_a_phrase_are_expanded() -> None:
    assert set(phrases(["{a ,}valid key{,s} | no {key,api key}"])) == {
        ("a", "valid", "key"),
        ("a", "valid", "keys"),
        ("valid", "key"),
        ("valid", "keys"),
        ("no", "key"),
        ("no", "api", "key"),
    }


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_kind_has_sentences_and_near_misses(kind: str) -> None:
    assert kind in KINDS
    assert len(SAMPLES[kind]["asks"]) >= LEAST
    assert len(SAMPLES[kind]["asks_not"]) >= LEAST


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_sentence_is_judged_by_the_check_that_it_asks_for(kind: str, read: Read) -> None:
    sentences = SAMPLES[kind]["asks"]
    assert _kinds_by_sentence(read, sentences) == {sentence.replace("`", ""): {kind} for sentence in sentences}


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_near_miss_goes_to_a_person(kind: str, read: Read) -> None:
    assert _kinds_by_sentence(read, SAMPLES[kind]["asks_not"]) == {}


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("words", ["per tenant", "except on Sundays", "when a zeppelin lands"])
def test_an_addition_that_no_check_measures_sends_a_sentence_to_a_person(kind: str, words: str, read: Read) -> None:
    assert _kinds_by_sentence(read, [f"{sentence} {words}" for sentence in SAMPLES[kind]["asks"]]) == {}


def _kinds_by_sentence(read: Read, sentences: list[str]) -> dict[str, set[str]]:
    """By sentence the kinds by which a machine judges it."""
    document = read(DOCUMENT + "".join(f"- {sentence}\n" for sentence in sentences))
    found: dict[str, set[str]] = {}
    for criterion in document.criteria:
        if criterion.judge == "machine":
            found.setdefault(criterion.text, set()).add(criterion.kind)
    return found
