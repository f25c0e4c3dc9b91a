"""Whether a heading speaks of a topic, in whatever form of the word."""

from __future__ import annotations

import pytest

from signoff.acceptance.measuring.guides import speaks_of


@pytest.mark.parametrize(
    ("title", "topic", "is_about"),
    [
        ("How a service is configured", "configuration", True),
        ("Configuration", "configured", True),
        ("Conversations", "conversational", True),
        ("Deploying", "deployment", True),
        ("API endpoints, with examples", "api endpoint", True),
        ("Conversations", "convention", False),
        ("API endpoints", "api examples", False),
        ("Reading", "red", False),
    ],
)
def test_a_heading_speaks_of_a_topic_in_any_form_of_its_words(title: str, topic: str, is_about: bool) -> None:
    assert speaks_of(title, topic) is is_about
