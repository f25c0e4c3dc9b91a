"""The context of a start command beside the one of a table, and the part of it that each slot of llama.cpp has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import Page, Place, conflict
from signoff.acceptance.reading.settings.setting_values import number
from signoff.acceptance.reading.source.wording import plain
from signoff.reports.stored.conflict import Conflict

KIND = "context"
_SERVER = re.compile(r"(?<![\w./-])(?:[\w./-]*/)?llama-server\b(?:[^\n\\]|\\\n|\\)*")
_CONTEXT = re.compile(r"(?<!\S)(?:-c|--ctx-size)[ =](\d+)\b")
_SLOTS = re.compile(r"(?<!\S)(?:-np|--parallel)[ =](\d+)\b")
_UNIFIED = re.compile(r"(?<!\S)(?:-kvu|--kv-unified)\b")
_PROMPT = re.compile(
    r"\b(?P<value>\d+(?:\.\d+)?)\s*(?P<kilo>k)?[ -]*(?P<tokens>tokens?[ -]*)?prompts?\b"
    r"[^.\n]*\b(?:fits?|accepted|answered)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^(?:max(?:imum)?\.? )?(?:context(?: (?:length|window|size))?|model length)$", re.IGNORECASE)
_DEPLOYED = re.compile(r"^(?:port|engine|server|start command|gpus?)$", re.IGNORECASE)
_TOKENS = re.compile(r"^(\d{1,3}(?:,\d{3})+|\d+)\s*(k)?(?:\s*tokens)?$", re.IGNORECASE)


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Page by page: who starts what is certain only there."""
    for page in corpus.pages:
        yield from _slots(page)
        yield from _table(corpus, page)


def _slots(page: Page) -> Iterator[Conflict]:
    """Each slot has the context divided by the number of slots, unless they share it."""
    needed = list(_needed(page)) if "llama-server" in page.lower else []
    most = max((tokens for tokens, _, _ in needed), default=0.0)
    for match, first in page.find(_SERVER) if needed else ():
        context, slots = _CONTEXT.search(match[0]), _SLOTS.search(match[0])
        if context is None or slots is None or _UNIFIED.search(match[0]) or int(slots[1]) < 1:
            continue
        each = int(context[1]) // int(slots[1])
        if most > each and int(slots[1]) > 1:
            short = [(tokens, place, pair) for tokens, place, pair in needed if tokens > each]
            line = first + match[0][: context.start()].count("\n")
            yield conflict(
                KIND,
                "slots",
                [*(place for _, place, _ in short), page.side(line, f"{context[1]} for {slots[1]} slots")],
                f"{slots[1]} slots of {context[1]} tokens together have {each} each, and {most:g} are "
                "demanded of one request: it is refused or cut off",
                [one for _, _, pair in short for one in pair],
            )
            return


def _needed(page: Page) -> Iterator[tuple[float, Place, tuple[tuple[str, str], ...]]]:
    """The tokens that one request is to have."""
    for criterion in page.document.criteria:
        limit = criterion.threshold
        if criterion.statement == "config":
            continue
        pair = ((page.path, criterion.id),) if criterion.judge == "machine" else ()
        prompt = _PROMPT.search(criterion.text)
        if limit is not None and limit.subject == "context_length" and limit.comparator != "<=":
            yield limit.value, page.side(criterion.line, f"{limit.value:g} tokens", criterion.text), pair
        elif prompt is not None and (prompt["kilo"] or prompt["tokens"]):
            # 24k is 24,000 at least.
            tokens = float(prompt["value"]) * (1000 if prompt["kilo"] else 1)
            yield tokens, page.side(criterion.line, f"{tokens:g} tokens", criterion.text), pair


def _table(corpus: Corpus, page: Page) -> Iterator[Conflict]:
    """A table of a deployment says one context, its start command gives less; a model's own context may be more."""
    given = [
        (owned, size)
        for owned in corpus.named("max_model_len", page=page)
        if owned.setting.form == "flag" and (size := number(owned.value)) is not None
    ]
    if len({size for _, size in given}) != 1 or corpus.scopes(page):
        return
    rows = [block for block in page.blocks if block.kind == "row" and len(block.cells) > 1]
    deployed = {
        (row.headings, tuple(row.header)) for row in rows if _DEPLOYED.match(plain(row.cells[0].text).strip(" :"))
    }
    for row in rows:
        stated = _TOKENS.match(plain(row.cells[1].text).strip())
        if stated is None or len(row.cells) != 2 or (row.headings, tuple(row.header)) not in deployed:
            continue
        tokens = float(stated[1].replace(",", "")) * (1000 if stated[2] else 1)
        if _LABEL.match(plain(row.cells[0].text).strip(" :")) and tokens > given[0][1]:
            places = [page.side(owned.setting.line, owned.value, owned.setting.spelling) for owned, _ in given]
            yield conflict(
                KIND,
                "max_model_len",
                [page.side(row.line, plain(row.cells[1].text)), *places],
                f"the table states a context of {tokens:g} tokens, the start command gives {given[0][1]:g}: longer "
                "requests are refused or cut off",
                [pair for owned, _ in given for pair in page.criteria_of(owned.setting)],
            )
            return
