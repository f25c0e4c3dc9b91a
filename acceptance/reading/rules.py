"""The rule library: which words, under which command, become which kind of criterion.

An ordered table. Every rule that matches gives one criterion, the first of a kind counts; where a rule is
`alone`, no rule after it is asked. What no rule knows goes to a person, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from acceptance.reading import builders
from acceptance.reading.document import Statement
from acceptance.reading.draft import Draft, Facts

Build = Callable[[Statement, Facts], Draft]
_WORKS = (
    r"(?:operational|functional|working|works|active|available|validated?|validation|verified|verification|enabled"
    r"|accessible|healthy|running|test(?:ed|s|ing)?|supported|pass(?:es)?|functioning|capabilities|ready|deployed)"
)
_ASKED = frozenset({"checkbox", "bullet", "subtask", "target"})
_BOXES = frozenset({"checkbox", "bullet"})
_EXPECTED = frozenset({"expected"})


@dataclass(frozen=True, slots=True)
class Rule:
    """`words` and `without` are looked for in the statement, `path`, `program` in its command's native form."""

    kind: str
    types: frozenset[str]
    build: Build
    words: re.Pattern[str] | None = None
    without: re.Pattern[str] | None = None
    path: re.Pattern[str] | None = None
    program: str = ""
    alone: bool = False
    only_if_nothing: bool = False

    def match(self, statement: Statement, text: str) -> tuple[int, int] | None:
        """Where the rule's words stand in a text, or None where the rule does not speak of the statement."""
        command = statement.command
        if statement.type not in self.types:
            return None
        if self.program and (command is None or command.program != self.program):
            return None
        if self.path is not None:
            path = command.request["path"] if command is not None and command.request is not None else ""
            if not self.path.search(str(path).split("?", 1)[0]):
                return None
        if self.without is not None and self.without.search(text):
            return None
        found = self.words.search(text) if self.words is not None else re.search(r".*", text)
        return found.span() if found is not None else None


def _words(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


def _together(first: str, second: str) -> re.Pattern[str]:
    """Both expressions in one text, in any order."""
    return re.compile(rf"(?:{first}).*?(?:{second})|(?:{second}).*?(?:{first})", re.IGNORECASE)


_SESSIONS = _together(
    r"\b(?:(?:session|conversation(?:al)?|dialogue)[\w -]*?\b(?:management|memory|contexts?|state|tracking|sessions?)"
    r"|multi-turn)\b",
    rf"\b{_WORKS}\b",
)
_NOT_SESSIONS = _words(r"\bsecurity\b|\bmetrics?\b|\bdocument|\bguides?\b|\bbenchmark|\bhealth\b")

RULES: tuple[Rule, ...] = (
    Rule("json_shape", _EXPECTED, builders.json_shape, words=_words(r"^\s*[{\[](?!\w)"), alone=True),
    Rule("library", _EXPECTED, builders.library, program="python -c", alone=True),
    Rule(
        "session_metrics",
        _EXPECTED,
        builders.session_metrics,
        path=_words(r"metrics.*session|session.*metrics"),
        alone=True,
    ),
    Rule("metrics", _EXPECTED, builders.metrics, path=_words(r"/metrics/?$"), alone=True),
    Rule("session_record", _EXPECTED, builders.session_record, path=_words(r"/sessions?/[^/]+/?$"), alone=True),
    Rule("health", _EXPECTED, builders.health, path=_words(r"/(?:health\w*|ready\w*|live\w*)/?$"), alone=True),
    Rule(
        "session_recall",
        _EXPECTED,
        builders.session_recall,
        words=_together(
            r"\b(?:referenc\w+|refer\w*|recall\w*|remember\w*|draws?|drawing|mention\w*|aware)\b",
            r"\b(?:previous|earlier|prior|preceding|history|past)\b",
        ),
        alone=True,
    ),
    Rule("metric_named", frozenset({"bullet"}), builders.metric_named, alone=True),
    Rule("session_recall", _ASKED, builders.session_recall, words=_SESSIONS, without=_NOT_SESSIONS),
    Rule("session_isolation", _BOXES, builders.session_isolation, words=_SESSIONS, without=_NOT_SESSIONS),
    Rule(
        "model_files",
        _ASKED,
        builders.model_files,
        words=_together(
            r"\b(?:model files?|weights|checkpoints?)\b", r"\b(?:download\w*|verified|present|intact|in place)\b"
        ),
    ),
    Rule(
        "engine_settings",
        _ASKED,
        builders.engine_settings,
        words=_together(r"\b(?:vllm|engine)\b", r"\b(?:optimi[sz]ed|configured|tuned|settings)\b"),
        without=_words(r"\bintegrat", r"\bbest practices\b", r"\bclass\b"),
    ),
    Rule(
        "unit_file",
        _ASKED,
        builders.unit_file,
        words=_together(r"\b(?:service (?:configuration|unit)|systemd|unit file)\b", rf"\b{_WORKS}\b"),
        without=_words(r"\bdocument"),
    ),
    Rule(
        "model_information",
        _ASKED,
        builders.model_information,
        words=_together(r"\bmodules?\b", rf"\b{_WORKS}\b"),
        without=_words(r"\bdocument", r"\breview"),
    ),
    Rule(
        "metrics",
        _ASKED,
        builders.metrics,
        words=_together(r"\b(?:metrics?|monitoring)\b", rf"\b{_WORKS}\b"),
        without=_words(r"\bdocument", r"\bdashboards?\b", r"\bgrafana\b", r"\bmemory monitoring\b"),
    ),
    Rule(
        "health",
        _ASKED,
        builders.health,
        words=_together(r"\b(?:health[ -](?:checks?|endpoint|monitoring)|monitoring)\b", rf"\b{_WORKS}\b"),
        without=_words(r"\bdocument", r"\bdashboards?\b", r"\bgrafana\b", r"\bmemory monitoring\b"),
    ),
    Rule("coherence", _ASKED, builders.coherence, words=_words(r"\bcoherence\b"), without=_words(r"\bdocument")),
    Rule(
        "memory",
        _ASKED,
        builders.memory,
        words=_together(r"\bmemory(?: and cpu)? (?:usage|use|consumption)\b", r"\b(?:within|below|limits?)\b"),
    ),
    Rule(
        "service",
        _ASKED,
        builders.service,
        words=re.compile(
            r"\b(?:models?|services?|servers?|api|endpoints?)\s+(?:(?:is|are|all|successfully|fully|up|and)\s+)*"
            rf"(?:{_WORKS}|loaded)\b",
            re.IGNORECASE,
        ),
        without=_words(r"\bdocument", r"\bnext to\b"),
        only_if_nothing=True,
    ),
)


def apply_rules(
    statement: Statement, text: str, facts: Facts, rules: Sequence[Rule] = RULES
) -> list[tuple[Draft, tuple[int, int]]]:
    """The drafts of all rules that know the statement, each with where its words stand."""
    found: list[tuple[Draft, tuple[int, int]]] = []
    kinds: set[str] = set()
    for rule in rules:
        if rule.kind == "metric_named" and statement.role != "metric":
            continue
        if rule.kind in kinds or (rule.only_if_nothing and found):
            continue
        span = rule.match(statement, text)
        if span is None:
            continue
        found.append((rule.build(statement, facts), span))
        kinds.add(rule.kind)
        if rule.alone:
            break
    return found
