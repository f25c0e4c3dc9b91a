"""A store's connection says that it cannot be asked from the first failure on, not only once it has given up."""

from __future__ import annotations

import pytest

from signoff.reference_services.chat.stores.reconnecting import ReconnectingConnection
from signoff.reference_services.chat.stores.store import SessionHeld


class Away(Exception):
    """The server is not there."""


def a_line() -> ReconnectingConnection[object]:
    return ReconnectingConnection(object, lambda error: "the server is away" if isinstance(error, Away) else None)


def test_a_line_that_is_tried_again_says_that_it_cannot_be_asked_until_it_answers() -> None:
    line, said = a_line(), []

    def work(_: object) -> str:
        said.append(line.is_available)
        if len(said) < 3:
            raise Away
        return "done"

    assert line.do(work) == "done"
    assert said == [True, False, False]
    assert line.is_available


def test_a_refusal_by_a_server_that_is_back_shows_that_it_is_back() -> None:
    line, attempts = a_line(), iter((Away(), SessionHeld("visit")))

    def work(_: object) -> None:
        raise next(attempts)

    with pytest.raises(SessionHeld):
        line.do(work)
    assert line.is_available
