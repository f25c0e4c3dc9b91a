"""Settings that an engine refuses together, or does not know in the version that the documents name.

vLLM checks these where it starts (`SchedulerConfig`) and where it samples (`SamplingParams`). From 0.8 on it
prefills in chunks by default, so that fewer batched tokens than the model's length are no fault there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, Owned
from signoff.acceptance.reading.conflicts.evidence.page import Page, Pair, conflict, listed
from signoff.acceptance.reading.settings.setting_values import number
from signoff.reports.stored.conflict import Conflict

KIND = "engine"
_VERSION = re.compile(r"\bvllm\b[ \t:=v@-]*(\d+)\.(\d+)(?:\.(\d+))?", re.IGNORECASE)
_CHUNKS_BY_DEFAULT = (0, 8, 0)
# Not among the arguments of 0.3.3, and of 0.4.0.
_SINCE_0_4 = frozenset({"enable_chunked_prefill", "use_v2_block_manager", "enable_prefix_caching"})
_0_4 = (0, 4, 0)
_BATCHED = ("max_num_batched_tokens", "max_model_len", "max_num_seqs")
# How many values for all services are held against those of each one.
_MOST = 50


def find(corpus: Corpus) -> Iterator[Conflict]:
    """What each document's engine settings cannot be together."""
    for page in corpus.pages:
        settings = corpus.settings_of(page)
        if settings:
            yield from _batches(page, settings)
            yield from _sampling(page, settings) if "vllm" in page.lower else ()
            yield from _fraction(page, settings)
    yield from _versions(corpus)


def version(page: Page) -> tuple[tuple[int, int, int], int] | None:
    """The version of vLLM that a document names, and the line."""
    if "vllm" not in page.lower:
        return None
    found = next(iter(page.find(_VERSION, "vllm")), None)
    if found is None:
        return None
    match, line = found
    return (int(match[1]), int(match[2]), int(match[3] or 0)), line


def _batches(page: Page, settings: list[Owned]) -> Iterator[Conflict]:
    """vLLM refuses fewer batched tokens than the model's length, or than sequences, unless it prefills in chunks."""
    chunks = [owned.value for owned in settings if owned.name.endswith("chunked_prefill")]
    named = version(page)
    chunked = any(chunks) or (not chunks and named is not None and named[0] >= _CHUNKS_BY_DEFAULT)
    batching = {place: owned for place, owned in enumerate(settings) if owned.name in _BATCHED}
    shared = [place for place, owned in batching.items() if owned.general]
    by_owner: dict[str, list[int]] = {}
    for place, owned in batching.items():
        by_owner.setdefault(owned.owner, []).append(place)
    for places in by_owner.values() if len(shared) <= _MOST else ():
        if not any(batching[place].name in ("max_model_len", "max_num_seqs") for place in places):
            continue
        mine = [batching[place] for place in sorted({*places, *shared})]
        batched = _whole(mine, "max_num_batched_tokens")
        lengths, sequences = _whole(mine, "max_model_len"), _whole(mine, "max_num_seqs")
        for others, refused in ((lengths, not chunked), (sequences, True)):
            if batched and others and refused and _least(batched) < _most(others):
                first, other = batched[0], others[0]
                why = "an engine that does not prefill in chunks refuses this" if others is lengths else "vLLM refuses"
                yield _of_settings(
                    page,
                    "max_num_batched_tokens",
                    [*batched, *others],
                    f"{first.name} {first.value} is below {other.name} {other.value}: {why}, and does not start",
                )
                return


def _sampling(page: Page, settings: list[Owned]) -> Iterator[Conflict]:
    early = [owned for owned in settings if owned.name == "early_stopping" and owned.value is True]
    beams = [owned for owned in settings if owned.name == "use_beam_search" and owned.value is False]
    if early and beams:
        message = "early_stopping is on while use_beam_search is off: vLLM refuses every request sampled so"
        yield _of_settings(page, "early_stopping", [*early, *beams], message)


def _fraction(page: Page, settings: list[Owned]) -> Iterator[Conflict]:
    for owned in settings:
        figure = number(owned.value)
        if owned.name == "gpu_memory_utilization" and figure is not None and not 0 < figure <= 1:
            message = f"{owned.name} {owned.value} is no share of a GPU's memory: it lies above 0 and is at most 1"
            yield _of_settings(page, owned.name, [owned], message)


def _versions(corpus: Corpus) -> Iterator[Conflict]:
    """Engine settings that the stated version does not know, for a service that both documents are about."""
    recent = [
        owned
        for owned in corpus.settings
        if owned.setting.spelling.rsplit(".", 1)[-1].lower() in _SINCE_0_4 and owned.value is not False
    ]
    versions = {page.number: version(page) for page in corpus.pages} if recent else {}
    for page in corpus.pages if recent else ():
        named = versions[page.number]
        if named is None or named[0] >= _0_4:
            continue
        owner = corpus.owner(page)
        newer = [
            owned
            for owned in recent
            if owned.page is page or (owner in corpus.scopes(owned.page) and versions[owned.page.number] is None)
        ]
        if newer:
            shown = ".".join(str(part) for part in named[0])
            places = [page.side(named[1], f"vLLM {shown}")]
            names = [owned.setting.spelling.rsplit(".", 1)[-1] for owned in newer]
            places += [
                owned.page.side(owned.setting.line, name, owned.setting.spelling)
                for owned, name in zip(newer, names, strict=True)
            ]
            message = f"vLLM {shown} does not know {listed(names)}: it refuses to start with an unknown argument"
            yield conflict(KIND, "vLLM version", places, message, _pairs(newer))


def _whole(settings: Iterable[Owned], name: str) -> list[Owned]:
    return [owned for owned in settings if owned.name == name and number(owned.value) is not None]


def _least(settings: list[Owned]) -> float:
    return min(number(owned.value) or 0 for owned in settings)


def _most(settings: list[Owned]) -> float:
    return max(number(owned.value) or 0 for owned in settings)


def _pairs(settings: Iterable[Owned]) -> list[Pair]:
    return [pair for owned in settings for pair in owned.page.criteria_of(owned.setting)]


def _of_settings(page: Page, subject: str, settings: list[Owned], message: str) -> Conflict:
    names = {owned.name for owned in settings}
    judged = (item for item in page.on_settings if names & set(item.parameters["settings"]))
    about = [(page.path, criterion.id) for criterion in judged]
    places = [page.side(owned.setting.line, owned.value, owned.setting.spelling) for owned in settings]
    return conflict(KIND, subject, places, message, [*_pairs(settings), *about])
