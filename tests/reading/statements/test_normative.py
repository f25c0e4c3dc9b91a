"""Which sentences ask for something, wherever they stand, and which only sound like it."""

from __future__ import annotations

import pytest

from signoff.acceptance.reading.sections.normative import asks, sentences, states

ASKS = [
    "The server MUST answer within 800 ms at p95.",
    "Must support 20 users",
    "The model has to load in 120 s",
    "Clients may not send more than 10 requests",
    "The API needs to stream",
    "Requests are required to carry a key",
    "It shall not lose turns.",
    "You should use TLS",
    "The cache cannot exceed 2 GB",
    "Requests without a key are not allowed.",
    "Keep p99 under 2 s.",
    "Limit memory to 8 GB",
    "p99 latency stays below 2 s",
    "Memory does not exceed 15 GB",
    "Answers arrive in at most 900 ms",
]
TELLS = [
    "What must be done?",
    "We measured a latency below 2 s last year.",
    "Our must-haves are listed elsewhere",
    "It should have been done in March",
    "That should work.",
    "It may not be known to every client.",
    "You do not have to restart.",
    "Nobody has to wait.",
    "The old service was slow.",
    "A model with 7 billion parameters",
    "Version 2.0 of the library",
    "The run took less than 2 s.",
    'The key words "MUST" and "SHALL" in this document are to be interpreted as described in RFC 2119.',
    "Keep in mind that the model is large.",
    "For example, a budget of under 2 s is common.",
]


@pytest.mark.parametrize("text", ASKS)
def test_a_sentence_that_asks(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize("text", TELLS)
def test_a_sentence_that_only_tells(text: str) -> None:
    assert not asks(text)


def test_in_an_aside_only_the_strongest_words_ask() -> None:
    assert asks("It must never lose a turn.", strong=True)
    assert asks("It SHOULD restart.", strong=True)
    assert not asks("The cache should be cleared now and then.", strong=True)
    assert not asks("Keep latency under 2 s.", strong=True)


def test_under_criteria_a_plain_statement_asks_as_well() -> None:
    assert states("Answers are encrypted")
    assert states("Availability reaches 99.5 %")
    assert not states("The criteria were agreed in March.")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Version v1.2 answers, e.g. in 1.5 s. It streams.", ["Version v1.2 answers, e.g. in 1.5 s.", "It streams."]),
        ("It says so.  \nand goes on", ["It says so.", "and goes on"]),
        ("A line\nthat goes on. Then ends.", ["A line\nthat goes on.", "Then ends."]),
        ("no end", ["no end"]),
        ("...", ["..."]),
        ("", []),
    ],
)
def test_sentences_end_where_their_author_ended_them(text: str, parts: list[str]) -> None:
    found = list(sentences(text))
    assert [sentence.text for sentence in found] == parts
    assert all(text[sentence.begin : sentence.end] == sentence.text for sentence in found)
