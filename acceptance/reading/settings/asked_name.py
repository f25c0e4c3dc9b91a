"""The name by which a service is asked for a setting: its path, where its leaf name alone could mean another value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from signoff.acceptance.reading.settings.names import is_of_path
from signoff.acceptance.reading.source.document import Setting

_LEAST = 2
_LONGEST = 8
_ELSEWHERE = frozenset({"metrics_host", "prometheus_host", "monitoring_host", "grafana_port"})
_OF_PROMETHEUS = re.compile(r"(?:^|[._])(?P<name>(?:prometheus|monitoring)_port)$", re.IGNORECASE)


def with_asked_names(settings: Sequence[Setting]) -> Iterator[Setting]:
    """The settings of a document, each with the name that distinguishes it from all others of the document."""
    paths: dict[str, set[tuple[str, ...]]] = {}
    for setting in settings:
        if setting.path:
            paths.setdefault(setting.path[-1], set()).add(setting.path)
    # Where metrics are collected on another host, Prometheus' port is no port of the service.
    has_collector = any(setting.name in _ELSEWHERE for setting in settings)
    ends = {leaf: _ends(of_leaf) for leaf, of_leaf in paths.items() if len(of_leaf) > 1}
    for setting in settings:
        asked = setting.name
        match = _OF_PROMETHEUS.search(setting.spelling) if has_collector else None
        if setting.subject != "service":
            asked = setting.name
        elif match is not None:
            asked = match["name"].lower()
        elif _is_by_leaf(setting) and setting.path[-1] in ends:
            asked = _distinguished(setting.path, ends[setting.path[-1]])
        yield replace(setting, asked=asked)


def _is_by_leaf(setting: Setting) -> bool:
    """Whether a setting's name is that of its last key alone; flags and variables have names of their own."""
    if len(setting.path) < _LEAST or setting.form == "flag" or is_of_path(setting.path):
        return False
    return not any(part in ("environment", "env") for part in setting.path[:-1])


def _ends(paths: Collection[tuple[str, ...]]) -> Counter[tuple[str, ...]]:
    """How many of some paths have each end of two keys or more."""
    return Counter(path[-length:] for path in paths for length in range(_LEAST, min(len(path), _LONGEST) + 1))


def _distinguished(path: tuple[str, ...], ends: Counter[tuple[str, ...]]) -> str:
    """The shortest end of a path, of two keys or more, that no other path has."""
    lengths = range(_LEAST, min(len(path), _LONGEST) + 1)
    return ".".join(next((path[-length:] for length in lengths if ends[path[-length:]] == 1), path))
