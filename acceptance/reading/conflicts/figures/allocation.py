"""Parts above their whole: what a container asks for above its limit, an engine spread over more GPUs than it has."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from functools import cache

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, Owned
from signoff.acceptance.reading.conflicts.evidence.page import Page, Place, conflict
from signoff.acceptance.reading.settings.setting_values import number
from signoff.acceptance.reading.source.document import Setting
from signoff.reports.stored.conflict import Conflict
from signoff.reports.units import SCALE

KIND = "resource"
_AMOUNT = re.compile(
    r"^(?P<parent>(?:.*\.)?resources)\.(?P<side>limits|requests|reservations)\.(?P<what>memory|cpus?|nvidia\.com/gpu)$"
)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]i?)[bB]?")
_MILLI = re.compile(r"(\d+)m")
_CARDS = re.compile(
    r"(?<![\w.,-])(?P<count>\d+|one|single|two|three|four|six|eight)\s*(?:[x\u00d7]\s*)?(?:NVIDIA\s+|AMD\s+)?"
    r"(?:GPUs?|[ABHL]\d{2,3}|L4|T4|V100|MI\d{3}|RTX\s*\d{4})\b",
    re.IGNORECASE,
)
_COUNTS = {"one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "six": 6, "eight": 8}
# Where a number of GPUs is one of several, or only a bound.
_PARTLY = re.compile(
    r"\b(?:per|each|every|nodes|replicas?|least|min\w*|more|from|hosts|machines|pods?|workers?|other|another|spare"
    r"|additional|extra|if|not|without|instead|earlier|previous\w*|tested|recommended|optional)\b|\+",
    re.IGNORECASE,
)
# How many engines of one page are looked at.
_MOST = 50
_SPREAD = re.compile(r"\bray\b|leaderworker|multi-?node|\bnnodes\b|--node-rank|--nnodes", re.IGNORECASE)
_WRONG = re.compile(r"\b(?:wrong|bad|invalid|broken|before|mistakes?|troubleshoot\w*|anti-?patterns?)\b", re.IGNORECASE)
_VISIBLE = re.compile(r"CUDA_VISIBLE_DEVICES[\"']?\s*[=:]\s*[\"']?(\d+(?:\s*,\s*\d+)*)")


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Page by page; the files that one YAML block holds are kept apart."""
    for page in corpus.pages:
        amounts = _amounts(corpus, page)
        yield from _above_limit(page, amounts)
        yield from _parallel(corpus, page, amounts)


_Amounts = dict[tuple[int, int, str, str], dict[str, tuple[Setting, float]]]


def _file_of(page: Page) -> list[int]:
    return [line for line, text in enumerate(page.document.text, 1) if text.startswith("---")]


def _amounts(corpus: Corpus, page: Page) -> _Amounts:
    """What each container may take and asks for, by block, file in the block, parent and resource."""
    found: _Amounts = {}
    starts: list[int] | None = None
    for setting in page.document.configuration:
        match = _AMOUNT.match(setting.spelling) if "resources." in setting.spelling else None
        if match is None:
            continue
        # What a rollback deploys has to be accepted as well; an example of what is wrong has not.
        if corpus.variant(page, setting.line) is None and any(map(_WRONG.search, page.headings(setting.line))):
            continue
        starts = _file_of(page) if starts is None else starts
        block, what = page.block(setting.line), match["what"].rstrip("s")
        value = _value(setting, what)
        if value is not None:
            side = "limits" if match["side"] == "limits" else "requests"
            key = (block.line if block else 0, bisect(starts, setting.line), match["parent"], what)
            found.setdefault(key, {})[side] = (setting, value)
    return found


def _value(setting: Setting, what: str) -> float | None:
    """GB, cores or cards; None for a size without a unit."""
    if setting.name == "memory_gb":
        return number(setting.value)
    text = str(setting.value).strip()
    if what == "memory":
        size = _SIZE.fullmatch(text)
        return None if size is None else float(size[1]) * SCALE[f"{size[2].upper().replace('I', 'i')}B"][0] / 1e9
    milli = _MILLI.fullmatch(text)
    return float(milli[1]) / 1000 if milli else number(text)


def _above_limit(page: Page, amounts: _Amounts) -> Iterator[Conflict]:
    above: dict[str, list[tuple[Setting, Setting]]] = {}
    for (*_, what), sides in amounts.items():
        if len(sides) > 1 and sides["requests"][1] > sides["limits"][1] * 1.001:
            above.setdefault(what, []).append((sides["requests"][0], sides["limits"][0]))
    for what, pairs in above.items():
        settings = [setting for pair in pairs for setting in pair]
        yield conflict(
            KIND,
            f"requested {what}",
            [page.side(setting.line, setting.value, setting.spelling) for setting in settings],
            f"a container asks for more {what} than its limit lets it have: such a manifest is refused",
            [pair for setting in settings for pair in page.criteria_of(setting)],
        )


def _parallel(corpus: Corpus, page: Page, amounts: _Amounts) -> Iterator[Conflict]:
    """Tensor times pipeline parallel size is the number of GPUs that one engine takes."""
    if _SPREAD.search(page.text):
        return
    stages = {owned.owner: owned for owned in corpus.named("pipeline_parallel_size", page=page)}
    engines = corpus.named("tensor_parallel_size", page=page)
    stated = cache(_stated)
    for owned in engines[:_MOST]:
        size = number(owned.value)
        if size is None:
            continue
        staged = stages.get(owned.owner)
        needed = size * (number(staged.value) or 1 if staged is not None else 1)
        if needed <= 1:
            continue
        whole = _given(page, owned, amounts) or stated(page)
        if whole is not None and needed > whole[1]:
            places = [owned] if staged is None or needed == size else [owned, staged]
            yield conflict(
                KIND,
                "number of GPUs",
                [whole[0], *(page.side(item.setting.line, item.value, item.setting.spelling) for item in places)],
                f"the engine spreads its model over {needed:g} GPUs, and it has {whole[1]:g}: it does not start",
                [pair for item in places for pair in page.criteria_of(item.setting)],
            )
            return


def _given(page: Page, owned: Owned, amounts: _Amounts) -> tuple[Place, float] | None:
    """The GPUs that the block of a start command gives it."""
    block = page.block(owned.setting.line)
    if block is None:
        return None
    cards = [
        (page.side(setting.line, setting.value, setting.spelling), value)
        for (line, _, _, what), sides in amounts.items()
        if line == block.line and what == "nvidia.com/gpu"
        for side, (setting, value) in sides.items()
        if side == "limits"
    ]
    if len(cards) == 1:
        return cards[0]
    shown = list(_VISIBLE.finditer(block.text))
    if len(shown) == 1:
        line = next(
            (n for n in range(block.line, block.last_line + 1) if "CUDA_VISIBLE_DEVICES" in page.line(n)), block.line
        )
        return page.side(line, f"GPUs {shown[0][1]}"), float(len(shown[0][1].split(",")))
    return None


def _stated(page: Page) -> tuple[Place, float] | None:
    """The one number of GPUs that the text states for good."""
    found: list[tuple[Place, float]] = []
    if "gpu" not in page.lower:
        return None
    for match, line in page.find(_CARDS):
        block = page.block(line)
        if block is None or block.kind == "fence" or block.kind == "heading":
            continue
        if _PARTLY.search(page.line(line)):
            return None
        count = _COUNTS.get(match["count"].lower()) or float(match["count"])
        found.append((page.side(line, match[0]), count))
    return found[0] if len({count for _, count in found}) == 1 else None
