"""Sums that break a whole: shares of a GPU, memory and cores of a host, parts of a stated sum."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, partial
from math import ceil

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, Owned
from signoff.acceptance.reading.conflicts.evidence.page import Page, conflict
from signoff.acceptance.reading.settings.setting_values import number
from signoff.reports.stored.conflict import Conflict
from signoff.reports.units import SCALE

KIND = "resource"
_GPUS = re.compile(
    r"\b(?P<count>\d+|one|two|three|four|six|eight)\s*(?:x\s*)?(?:[A-Z]\w+\s+){0,3}(?:CUDA\S*\s+)?GPUs?\b",
    re.IGNORECASE,
)
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "six": 6, "eight": 8}
_PINNED = re.compile(r"CUDA_VISIBLE_DEVICES|\bdevice_ids?\b|\bgpu_ids?\b|NVIDIA_VISIBLE_DEVICES|\bMIG\b")
_HOST = re.compile(
    r"\b(?:host|server|machine|node|box)\b[^.\n|]{0,40}?\b(?P<value>\d+(?:\.\d+)?)\s*"
    r"(?:(?P<unit>[GT]i?B)\s*(?:of\s+)?(?:RAM|memory|main memory)|(?P<cores>(?:CPU\s+)?cores))",
    re.IGNORECASE,
)
_OWN = re.compile(r"\b(?:limit|alloc|uses?|reserve|per|each|service)\w*\b", re.IGNORECASE)
_SIZE = r"(?<!\d)\d+(?:\.\d+)?\s*[GMT]i?B"
_PARTS = re.compile(rf"(?P<whole>{_SIZE})(?P<words>[^()\n]{{0,30}})\((?P<parts>[^()\n]*)\)")
_BARE_SIZE = re.compile(_SIZE)
_ONE = re.compile(r"(?<!\d)(\d+(?:\.\d+)?)\s*([GMT]i?B)\s*([\w /-]*)")
_OTHERS = re.compile(r"\b(?:os|system|runtime|kernel|other)\b", re.IGNORECASE)
_CAPS = {"max_memory_mb": "MB", "memory_limit_mb": "MB", "max_memory_gb": "GB", "memory_gb": "GB", "memory_mb": "MB"}
_MIN_SHARERS = 2
# Of more services than that the sum of their shares is taken for the number of GPUs that they need.
_MOST_SHARERS = 500


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Sums above their whole, document by document: who shares a host is certain only there."""
    for page in corpus.pages:
        yield from _shares(corpus, page)
        yield from _host(corpus, page)
        yield from _stated_sums(corpus, page)


def _of_services(corpus: Corpus, page: Page, name: str) -> list[Owned]:
    """A setting of each of several services of one document, the same occasion for all."""
    scopes = frozenset(corpus.scopes(page))
    found = [owned for owned in corpus.named(name, page=page) if not owned.general]
    found = [owned for owned in found if owned.owner in scopes and number(owned.value) is not None]
    owners, occasions = {owned.owner for owned in found}, {owned.variant for owned in found}
    hosts = {str(owned.value) for owned in corpus.named("host", page=page) if owned.setting.scope}
    alone = len(owners) != len(found) or len(occasions) != 1 or len(hosts) > 1
    return [] if alone or len(owners) < _MIN_SHARERS else found


def _shares(corpus: Corpus, page: Page) -> Iterator[Conflict]:
    """Each vLLM takes its share of a GPU when it starts; two on one GPU need shares of at most 1 together."""
    found = _of_services(corpus, page, "gpu_memory_utilization")
    shares = sorted((number(owned.value) or 0 for owned in found), reverse=True)
    total = round(sum(shares), 6)
    if total <= 1 or _PINNED.search(page.text):
        return
    needed = _gpus(shares) if len(shares) <= _MOST_SHARERS else ceil(total)
    counts = [_WORDS.get(match["count"].lower()) or int(match["count"]) for match, _ in page.find(_GPUS)]
    if counts and max(counts) >= needed:
        return
    yield conflict(
        KIND,
        "gpu_memory_utilization",
        [owned.page.side(owned.setting.line, owned.value, owned.setting.spelling) for owned in found],
        f"the services' shares of GPU memory are {total:g} together: they need {needed} GPUs, "
        f"and {f'{max(counts)} are' if counts else 'no number of GPUs is'} stated; on one GPU the second one fails",
        [pair for owned in found for pair in owned.page.criteria_of(owned.setting)],
    )


def _gpus(shares: list[float]) -> int:
    """How many GPUs these shares, the largest first, need where each goes to the first that has room for it."""
    filled: list[float] = []
    for share in shares:
        index = next((index for index, taken in enumerate(filled) if round(taken + share, 6) <= 1), None)
        if index is None:
            filled.append(share)
        else:
            filled[index] += share
    return len(filled)


def _host(corpus: Corpus, page: Page) -> Iterator[Conflict]:
    of_services = cache(partial(_of_services, corpus, page))
    for match, line in (found for word in ("ram", "memory", "cores") for found in page.find(_HOST, word)):
        if _OWN.search(match[0]):
            continue
        name = "cpu_cores" if match["cores"] else "memory_gb"
        unit = "cores" if match["cores"] else "GB"
        whole = float(match["value"]) * (1 if match["cores"] else _bytes(1, match["unit"]) / 1e9)
        found = of_services(name)
        total = sum(number(owned.value) or 0 for owned in found)
        if total > whole:
            places = [owned.page.side(owned.setting.line, owned.value, owned.setting.spelling) for owned in found]
            yield conflict(
                KIND,
                f"{name} of the host",
                [page.side(line, f"{whole:g} {unit}"), *places],
                f"the services' {name} are {total:g} {unit} together, the host has {whole:g}: they do not fit at once",
                [pair for owned in found for pair in owned.page.criteria_of(owned.setting)],
            )
            return


def _stated_sums(corpus: Corpus, page: Page) -> Iterator[Conflict]:
    """`4GB (2.4GB model + 1.6GB OS)`: parts above the whole, and a cap that leaves no room for the other parts."""
    caps = [(owned, cap) for owned in corpus.named(*_CAPS, page=page) if (cap := number(owned.value)) is not None]
    largest = max((_bytes(cap, _CAPS[owned.name]) for owned, cap in caps), default=0.0)
    for match, line in page.find(_PARTS, "+", "("):
        if not _is_sum(match["parts"]):
            continue
        whole = _ONE.match(match["whole"])
        parts = [(_bytes(float(part[1]), part[2]), part[3].strip()) for part in _ONE.finditer(match["parts"])]
        if whole is None:
            continue
        size = _bytes(float(whole[1]), whole[2])
        total = sum(value for value, _ in parts)
        if total > size * 1.001:
            message = f"the parts are {total / 1e9:g} GB, the whole {size / 1e9:g} GB: they do not fit into it"
            yield conflict(
                KIND, "stated sum", [page.side(line, match["whole"]), page.side(line, match["parts"])], message
            )
            continue
        others = sum(value for value, words in parts if _OTHERS.search(words))
        fits = largest + others <= size * 1.001
        for owned, cap in () if fits or not others or "memory" not in page.line(line).lower() else caps:
            taken = _bytes(cap, _CAPS[owned.name])
            if taken + others > size * 1.001:
                unit = _CAPS[owned.name]
                places = [page.side(line, match[0]), page.side(owned.setting.line, f"{owned.value} {unit}")]
                yield conflict(
                    KIND,
                    "memory of the host",
                    places,
                    f"{owned.setting.spelling.rsplit('.', 1)[-1]} lets the service take {cap:g} {unit}, the host has "
                    f"{match['whole']}, {others / 1e9:g} GB of it for others: the host is full before the cap holds",
                    page.criteria_of(owned.setting),
                )


def _is_sum(parts: str) -> bool:
    """Whether a size, a plus and another size follow each other."""
    first = _BARE_SIZE.search(parts)
    plus = parts.find("+", first.end()) if first is not None else -1
    return plus >= 0 and _BARE_SIZE.search(parts, plus + 1) is not None


def _bytes(value: float, unit: str) -> float:
    """Bytes of a size; the unit in any case, SI and binary kept apart."""
    name = unit.upper().replace("I", "i")
    return value * SCALE[name][0]
