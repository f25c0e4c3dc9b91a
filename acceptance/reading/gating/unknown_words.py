"""Criteria that are left to a person, with the words that no check understands as they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from signoff.acceptance.criterion import Threshold
from signoff.acceptance.reading.drafts.criterion_draft import Draft, person
from signoff.acceptance.reading.drafts.unjudged_figure import OTHER
from signoff.acceptance.reading.frames.clauses import Segment
from signoff.acceptance.reading.frames.coverage import STRICT, Label
from signoff.acceptance.reading.frames.tokens import Token


def strict(draft: Draft, strictness: int) -> Draft:
    """The criterion, a person's where the strictest reading takes nothing that is assumed."""
    if strictness > STRICT or draft.judge != "machine" or not draft.assumptions:
        return draft
    return replace(person(draft.assumptions[0], draft.threshold), assumptions=draft.assumptions)


def set_apart(limit: Threshold | None) -> Threshold | None:
    """The limit under a name of its own, so that it is compared with no limit of the service."""
    if limit is None or limit.subject.startswith(OTHER):
        return limit
    return replace(limit, subject=f"{OTHER}{limit.subject}")


def for_person(text: str, draft: Draft, left_over: Sequence[Label]) -> Draft:
    """The criterion as a person's, that says which words are not understood."""
    words = _quoted(text, left_over)
    # A figure of another line is not asked here, where it is not even known what is asked.
    limit = None if draft.borrowed_from else set_apart(draft.threshold)
    return replace(
        person(_sentence(words), limit), assumptions=draft.assumptions, notes=draft.notes, not_understood=tuple(words)
    )


def for_person_as_question(draft: Draft) -> Draft:
    """What a question is about as a person's criterion: it asks whether it should be so."""
    if draft.judge != "machine":
        return draft
    return person("it is a question: a person has to say what was decided", draft.threshold)


def apart(text: str, segment: Segment) -> Draft:
    """A part of the text as a person's criterion beside those of the rest."""
    part = text[segment.begin : segment.end].strip()
    words = _quoted(text, segment.left_over)
    return replace(person(f'of "{part}": {_sentence(words)}'), not_understood=tuple(words))


def praise(text: str, praised: Sequence[Label]) -> Draft:
    """Praise as a person's criterion."""
    words = _quoted(text, praised)
    return replace(
        person(f"whether {_listed(words)} is true of it, a person has to say: no figure shows it"),
        not_understood=tuple(words),
    )


def _sentence(words: Sequence[str]) -> str:
    return f"not judged by machine: {_listed(words)} {'is' if len(words) == 1 else 'are'} not understood"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _quoted(text: str, labels: Sequence[Label]) -> list[str]:
    """The words as they are written; neighbours are quoted as one."""
    found: list[list[Token]] = []
    for token in sorted((label.token for label in labels), key=lambda token: token.begin):
        if found and text[found[-1][-1].end : token.begin].strip(" -'\"/") == "":
            found[-1].append(token)
        else:
            found.append([token])
    return list(dict.fromkeys(text[group[0].begin : group[-1].end] for group in found))
