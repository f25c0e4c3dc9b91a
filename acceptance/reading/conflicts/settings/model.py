"""Contradicting facts about one model: size, context, file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.model_facts import Fact, family, model_facts
from signoff.acceptance.reading.conflicts.evidence.page import Page, conflict, listed
from signoff.acceptance.reading.settings.setting_values import number
from signoff.reports.stored.conflict import Conflict

KIND = "model"
_COMPARED = {"size_gb": "GB", "context_length": "tokens"}
_CAP = re.compile(r"(?:≤|<=|<|\bunder|\bat most|\bup to)\s*(\d+(?:\.\d+)?)\s*GB\s*\(([^()\n]*)\)", re.IGNORECASE)
_SIZE = re.compile(r"\b(\d+(?:\.\d+)?)B\b")
_SEVERAL = 2


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Facts of one model that differ, a window wider than its context, sizes above a stated one."""
    facts = model_facts(corpus)
    by_model: dict[str, list[Fact]] = {}
    sizes: dict[int, dict[str, list[Fact]]] = {}
    for fact in facts:
        by_model.setdefault(fact.model, []).append(fact)
        if fact.key == "size_gb":
            sizes.setdefault(fact.page.number, {}).setdefault(fact.model.rpartition(" ")[2], []).append(fact)
    for model, mine in by_model.items():
        for key, unit in _COMPARED.items():
            yield from _differing(model, key, unit, [fact for fact in mine if fact.key == key])
        yield from _windows(model, mine)
        yield from _other_size(model, mine)
    for page in corpus.pages:
        yield from _too_large(page, sizes.get(page.number, {}))


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
    shortest = min((number(fact.value) or 0 for fact in lengths), default=None)
    for key in ("context_window", "max_tokens"):
        for fact in facts:
            value = number(fact.value)
            if fact.key != key or value is None:
                continue
            if shortest is not None and value > shortest:
                short = [length for length in lengths if value > (number(length.value) or 0)]
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
    sizes = [_SIZE.search(str(fact.value).upper()) for fact in named]
    differs = [found is not None and found[0].lower() != size for found in sizes]
    other = [fact for fact, is_other in zip(named, differs, strict=True) if is_other]
    if other:
        unlike = zip(named, differs, strict=True)
        same = [fact for fact, is_other in unlike if not is_other and size in str(fact.value).lower()]
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


def _too_large(page: Page, sizes: Mapping[str, list[Fact]]) -> Iterator[Conflict]:
    """`at most 1 GB (3B)`, where a 3B model of the same document is said to be larger."""
    largest = {size: max(number(fact.value) or 0 for fact in facts) for size, facts in sizes.items()}
    for match, line in page.find(_CAP, "gb", "(") if sizes else ():
        size, cap = _SIZE.search(match[2].upper()), float(match[1])
        key = f"{size[1].lower()}b" if size is not None else ""
        if size is not None and largest.get(key, 0) > cap:
            over = [fact for fact in sizes[key] if (number(fact.value) or 0) > cap]
            yield conflict(
                KIND,
                f"size of {size[0]} models",
                [page.side(line, f"{cap:g} GB"), *(page.side(fact.line, fact.value) for fact in over)],
                f"{size[0]} models are to have at most {cap:g} GB, {over[0].model} has "
                f"{listed(fact.value for fact in over)} GB: the model is larger than what may be stored or loaded",
            )
