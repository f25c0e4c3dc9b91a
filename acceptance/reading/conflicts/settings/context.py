"""Tokens that do not fit: answers, windows and requests beyond the length that the model is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, Owned
from signoff.acceptance.reading.conflicts.evidence.page import Page, Pair, Place, conflict
from signoff.acceptance.reading.settings.setting_values import number
from signoff.reports.stored.conflict import Conflict

KIND = "context"
_LENGTHS = ("max_model_len", "context_length")
_ANSWERS = ("max_tokens", "max_tokens_range", "max_new_tokens", "max_output_tokens")
_WINDOWS = ("context_window_size", "context_window", "max_context_tokens")
_PAIR = 2


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Per document: what a service may be asked for against each length that the document gives it."""
    for page in corpus.pages:
        settings = corpus.settings_of(page)
        lengths = [
            (owned, size) for owned in settings if owned.name in _LENGTHS if (size := number(owned.value)) is not None
        ]
        if lengths:
            yield from _settings(settings, lengths)
            yield from _requests(corpus, page, lengths)


def _settings(settings: list[Owned], lengths: list[tuple[Owned, float]]) -> Iterator[Conflict]:
    # A value for all services that one service repeats is no length of its own.
    own = [(length, size) for length, size in lengths if not length.general]
    by_owner: dict[str, list[tuple[Owned, float]]] = {}
    for length, size in own:
        by_owner.setdefault(length.owner, []).append((length, size))
    shortest = {owner: min(size for _, size in mine) for owner, mine in by_owner.items()}
    shortest_of_all = min(shortest.values(), default=None)
    for owned in settings:
        asked = _most(owned.value)
        # An answer as long as the whole context leaves no token for the question.
        reaches = owned.name in _ANSWERS
        if asked is None or owned.name not in (*_ANSWERS, *_WINDOWS):
            continue
        least = shortest_of_all if _is_common(owned) else shortest.get(owned.owner)
        if least is not None and (asked >= least if reaches else asked > least):
            mine = own if _is_common(owned) else by_owner[owned.owner]
            short = [length for length, size in mine if (asked >= size if reaches else asked > size)]
            yield _conflict(
                owned.name,
                [owned.page.side(owned.setting.line, owned.value, owned.setting.spelling)],
                short,
                f"{owned.name} goes up to {asked:g}",
                owned.page.criteria_of(owned.setting),
            )


def _is_common(owned: Owned) -> bool:
    return owned.owner == owned.page.path


def _most(value: Any) -> float | None:
    if isinstance(value, list):
        figures = [number(item) for item in value]
        return max((item for item in figures if item is not None), default=None) if len(value) == _PAIR else None
    return number(value)


def _requests(corpus: Corpus, page: Page, lengths: list[tuple[Owned, float]]) -> Iterator[Conflict]:
    owner = corpus.owner(page)
    own = [(length, size) for length, size in lengths if length.owner == owner]
    if not own:
        return
    shortest = min(size for _, size in own)
    for command in page.document.commands:
        body = command.request.get("body") if command.request is not None else None
        if not isinstance(body, dict):
            continue
        for key in ("max_tokens", "context_length"):
            asked = number(body.get(key))
            if asked is not None and (asked > shortest or (asked == shortest and key == "max_tokens")):
                short = [length for length, size in own if asked > size or (asked == size and key == "max_tokens")]
                line = _line(page, command.line, command.last_line, key)
                yield _conflict(key, [page.side(line, int(asked))], short, f"a request asks for {key} {asked:g}", ())


def _line(page: Page, first: int, last: int, key: str) -> int:
    return next((line for line in range(first, last + 1) if key in page.line(line)), first)


def _conflict(subject: str, places: list[Place], short: list[Owned], asked: str, pairs: tuple[Pair, ...]) -> Conflict:
    names = ", ".join(dict.fromkeys(f"{length.owner} {length.value}" for length in short))
    if all(length.owner == length.page.path for length in short):
        names = ", ".join(dict.fromkeys(str(length.value) for length in short))
    return conflict(
        KIND,
        subject,
        [*places, *(length.page.side(length.setting.line, length.value, length.setting.spelling) for length in short)],
        f"{asked}, and question and answer together have {names} tokens: such a request is refused or cut off",
        [*pairs, *(pair for length in short for pair in length.page.criteria_of(length.setting))],
    )
