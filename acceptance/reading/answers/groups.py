"""Which parts of a sentence belong together: a request, and what its answer has to be and hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from signoff.acceptance.reading.answers.piece import OF_ANSWERS, OF_REQUESTS, Piece

_CLAUSE_END = re.compile(r"[;?!]|\.(?=\s)")


@dataclass(frozen=True, slots=True)
class Group:
    """What belongs together: requests, and what their answer has to be."""

    requests: tuple[Piece, ...]
    answers: tuple[Piece, ...]
    neutral: tuple[Piece, ...] = ()


def groups_of(pieces: Sequence[Piece], text: str) -> Iterator[Group]:
    """Requests with the answers that follow, or precede, them: `X gets 400, Y 422` and `404 for X, 422 for Y`."""
    neutral = tuple(piece for piece in pieces if piece.sort == "neutral")
    for ordered in _by_clause([piece for piece in pieces if piece.sort != "neutral"], text):
        answers_first = ordered[0].sort in OF_ANSWERS and any(piece.sort in OF_REQUESTS for piece in ordered)
        opening, closing = (OF_ANSWERS, OF_REQUESTS) if answers_first else (OF_REQUESTS, OF_ANSWERS)
        gathered: list[Piece] = []
        for piece in ordered:
            is_next = piece.sort in opening and any(each.sort in closing for each in gathered)
            if is_next and _begins_anew(piece, ordered, closing):
                yield _group(gathered, neutral)
                gathered = []
            gathered.append(piece)
        yield _group(gathered, neutral)


def _by_clause(pieces: Sequence[Piece], text: str) -> Iterator[list[Piece]]:
    """The pieces of each clause; a clause that names no request goes on with the one before it."""
    clauses: list[list[Piece]] = []
    end = 0
    for piece in pieces:
        is_apart = not clauses or _CLAUSE_END.search(text, end, piece.begin) is not None
        if is_apart and clauses and not _has_request(clauses[-1]):
            # `No chat endpoint: ...` says what the next clause says of its route.
            is_apart = piece.sort in OF_ANSWERS or _is_over(clauses[-1])
        clauses += [[]] if is_apart else []
        clauses[-1].append(piece)
        end = piece.end
    joined: list[list[Piece]] = []
    for clause in clauses:
        if joined and not _has_request(clause) and _has_request(joined[-1]):
            joined[-1] += clause
        else:
            joined.append(clause)
    yield from joined


def _has_request(pieces: Sequence[Piece]) -> bool:
    return any(piece.sort in OF_REQUESTS for piece in pieces)


def _is_over(pieces: Sequence[Piece]) -> bool:
    """Whether nothing of a clause mentions the next one's request."""
    return not all(piece.sort == "absent" for piece in pieces)


def _begins_anew(piece: Piece, ordered: Sequence[Piece], closing: frozenset[str]) -> bool:
    """Whether something follows that belongs to it."""
    return any(other.sort in closing and other.begin > piece.begin for other in ordered)


def _group(pieces: Sequence[Piece], neutral: tuple[Piece, ...]) -> Group:
    requests = tuple(piece for piece in pieces if piece.sort in OF_REQUESTS)
    return Group(requests, tuple(piece for piece in pieces if piece.sort in OF_ANSWERS), neutral)
