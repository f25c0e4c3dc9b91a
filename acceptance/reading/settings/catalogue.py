"""Entries of a catalogue of models, and cards of models: they say what there is, not what the service uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from signoff.acceptance.reading.source.document import Setting, Subject

_NAMED = re.compile(
    r"\b(?:catalog(?:ue)?s?|registr(?:y|ies)|inventor(?:y|ies)|model (?:cards?|list)|list of models"
    r"|manifests? of (?:the )?(?:models|weights))\b",
    re.IGNORECASE,
)
_COLLECTION = re.compile(
    r"^(?:\w+_)?(?:models|catalog(?:ue)?|registry|inventory|weights|checkpoints|adapters|loras)$", re.IGNORECASE
)
_OF_A_FILE = frozenset(
    """file filename file_name size size_gb size_mb size_bytes sha256 checksum url download_url source repo repository
    recommended default
    license licence capabilities quantization framework parameters
    tags description status""".split()
)
_OF_A_CARD = frozenset("capabilities recommended_settings license licence source base_model architecture tags".split())
_SAYS_NOTHING = frozenset({"capabilities", "recommended_settings", "description", "tags"})
_CARD = frozenset({"model_id", "model_name", "name", "id"})
_MIN_ENTRY = 2


def catalogue_subject(settings: Sequence[Setting], around: str) -> Callable[[Setting], Subject | None]:
    """Which settings of a block are entries of a catalogue or of a card."""
    tops = {setting.path[0].lower() for setting in settings if setting.path}
    is_card = bool(tops & _CARD) and len(tops & _OF_A_CARD) >= 1
    is_named = _NAMED.search(around) is not None
    collections = _collections(settings, is_named)

    def of(setting: Setting) -> Subject | None:
        path = [part.lower() for part in setting.path]
        in_collection = any(tuple(path[:depth]) in collections for depth in range(1, len(path)))
        if not (is_card or in_collection):
            return None
        if any(part in _SAYS_NOTHING for part in path):
            return "description"
        return "catalogue" if in_collection else "card"

    return of


def _collections(settings: Sequence[Setting], is_named: bool) -> set[tuple[str, ...]]:
    """The paths below which the entries of a catalogue are."""
    keys: dict[tuple[str, ...], dict[str, set[str]]] = {}
    for setting in settings:
        path = tuple(part.lower() for part in setting.path)
        for depth in range(1, len(path) - 1):
            if _COLLECTION.match(path[depth - 1]) or (is_named and setting.scope.lower() == path[depth]):
                keys.setdefault(path[:depth], {}).setdefault(path[depth], set()).add(path[depth + 1])
    return {
        place
        for place, entries in keys.items()
        if is_named or len(set[str]().union(*entries.values()) & _OF_A_FILE) >= _MIN_ENTRY
    }
