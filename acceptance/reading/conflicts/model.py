"""What documents say of one model, and cannot both be: its size, its context, its file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from acceptance.reading.conflicts.corpus import Corpus, number
from acceptance.reading.conflicts.model_facts import Fact, family, model_facts
from acceptance.reading.conflicts.page import Page, conflict, listed
from acceptance.reading.document import Conflict

KIND = "model"
_COMPARED = {"size_gb": "GB", "context_length": "tokens"}
_CAP = re.compile(r"(?:≤|<=|<|\bunder|\bat most|\bup to)\s*(\d+(?:\.\d+)?)\s*GB\s*\(([^()\n]*)\)", re.IGNORECASE)
_SIZE = re.compile(r"\b(\d+(?:\.\d+)?)B\b")
_SEVERAL = 2


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Facts of one model that differ, a window wider than its context, sizes above a stated one."""
    facts = model_facts(corpus)
    for model in dict.fromkeys(fact.model for fact in facts):
        mine = [fact for fact in facts if fact.model == model]
        for key, unit in _COMPARED.items():
            yield from _differing(model, key, unit, [fact for fact in mine if fact.key == key])
        yield from _windows(model, mine)
        yield from _other_size(model, mine)
    for page in corpus.pages:
        yield from _too_large(page, facts)


def _differing(model: str, key: str, unit: str, facts: list[Fact]) -> Iterator[Conflict]:
    values = {number(fact.value) for fact in facts}
    if len(values) < _SEVERAL:
        return
    subject = f"{key} of {model}"
    shown = f"{subject} is given as {listed(fact.value for fact in facts)} {unit}"
    yield conflict(
        KIND,
        subject,
        [fact.page.side(fact.line, fact.value) for fact in facts],
        f"{shown}: one file has one size and one context, so the wrong one is planned for",
    )


def _windows(model: str, facts: list[Fact]) -> Iterator[Conflict]:
    """A recommended window or answer that does not fit into a context stated for the same model."""
    lengths = [fact for fact in facts if fact.key == "context_length" and number(fact.value)]
    for key in ("context_window", "max_tokens"):
        for fact in facts:
            value = number(fact.value)
            if fact.key != key or value is None:
                continue
            short = [length for length in lengths if value > (number(length.value) or 0)]
            if short:
                yield conflict(
                    KIND,
                    f"{key} of {model}",
                    [
                        fact.page.side(fact.line, fact.value),
                        *(length.page.side(length.line, length.value) for length in short),
                    ],
                    f"{key} {fact.value} is wider than the context of {short[0].value} tokens stated for {model}: "
                    "what lies beyond is cut off or refused",
                )


def _other_size(model: str, facts: list[Fact]) -> Iterator[Conflict]:
    """A heading or name that says 3B over an id or a source that says 7B."""
    size = model.rsplit(" ", 1)[-1]
    named = [fact for fact in facts if fact.key in ("name", "source", "path", "model_id")]
    other = [fact for fact in named if (found := _SIZE.search(str(fact.value).upper())) and found[0].lower() != size]
    if other:
        same = [fact for fact in named if fact not in other and size in str(fact.value).lower()]
        headed = [_heading(fact.page, fact.line, model) for fact in other]
        places = [fact.page.side(fact.line, fact.value) for fact in (*other, *same)]
        places += [other[0].page.side(line, model) for line in headed if line]
        yield conflict(
            KIND,
            f"size of {model}",
            places,
            f"{model} is said to be {listed(fact.value for fact in other)}: a model has one number of parameters, "
            "so another one than meant is loaded",
        )


def _heading(page: Page, line: int, model: str) -> int:
    block = page.block(line)
    return next(
        (heading.line for heading in reversed(block.headings) if family(heading.text) == model) if block else iter(()),
        0,
    )


def _too_large(page: Page, facts: list[Fact]) -> Iterator[Conflict]:
    """`at most 1 GB (3B)`, where a 3B model of the same document is said to be larger."""
    for match, line in page.find(_CAP, "gb", "("):
        size, cap = _SIZE.search(match[2].upper()), float(match[1])
        over = [
            fact
            for fact in facts
            if size is not None
            and fact.page is page
            and fact.key == "size_gb"
            and fact.model.endswith(f" {size[1].lower()}b")
            and (number(fact.value) or 0) > cap
        ]
        if over and size is not None:
            yield conflict(
                KIND,
                f"size of {size[0]} models",
                [page.side(line, f"{cap:g} GB"), *(page.side(fact.line, fact.value) for fact in over)],
                f"{size[0]} models are to have at most {cap:g} GB, {over[0].model} has "
                f"{listed(fact.value for fact in over)} GB: the model is larger than what may be stored or loaded",
            )
