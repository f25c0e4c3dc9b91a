"""A rule: which words, under which command, ask for which kind of criterion."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from acceptance.reading.document import Statement
from acceptance.reading.draft import Draft
from acceptance.reading.facts import Facts

Build = Callable[[Statement, Facts], Draft | tuple[Draft, ...]]
ASKED = frozenset({"checkbox", "bullet", "subtask", "target", "prose"})
BOXES = frozenset({"checkbox", "bullet", "prose"})
EXPECTED = frozenset({"expected"})
# Rules look at so much of a statement; no demand is longer, and a line of a megabyte must not hang them.
LONGEST = 4_000

WORKS = (
    r"(?:operational|functional(?:ity)?|work(?:s|ing|ed)?|active|available|validat(?:ed?|es|ing|ion)"
    r"|verif(?:y|ied|ies|ication)|enabled|accessible|reachable|healthy|running|runs?|up|test(?:ed|s|ing)?"
    r"|support(?:ed|s)?"
    r"|pass(?:es|ed|ing)?|functioning|functions|capabilit\w+|capable|ready|deployed|confirm(?:ed|s)?|correct(?:ly)?"
    r"|responds?|responsive|online|usable|in place|present|reliable|accurate|consistent(?:ly)?)"
)
MAKES = (
    r"(?:implement\w*|creat(?:e[sd]?|ing|ion)|add(?:s|ed|ing)?|build(?:s|ing)?|built|provid\w+|expos\w+|offer(?:s|ed"
    r"|ing)?"
    r"|export\w*|report(?:s|ed|ing)?|collect\w*|emit\w*|publish\w*|configur\w+|set ?up|integrat\w+|deploy\w*|develop\w*"
    r"|establish\w*|enabl\w+|install\w*|instrument\w*|show(?:s|n)?|answer(?:s|ed)?|return(?:s|ed)?"
    r"|require[sd]?|requiring|must|shall|should|has to|have to|writ(?:e|es|ten|ing)|measure[sd]?|count(?:s|ed)?"
    r"|keep(?:s|ing)?|kept|complete[sd]?|track(?:s|ed|ing)?|manag(?:e[sd]?|ing)|maintain\w*|generat(?:e[sd]?|ing))"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """All of `words` and none of `without` are looked for in the statement, `path`, `program` in its command.

    A rule that is `alone` ends the search; `only_if_nothing` rules are asked where no rule before them gave a
    machine something to judge, `without_figures` ones where the statement holds no figure.
    """

    kind: str
    types: frozenset[str]
    build: Build
    words: tuple[re.Pattern[str], ...] = ()
    without: re.Pattern[str] | None = None
    path: re.Pattern[str] | None = None
    program: re.Pattern[str] | None = None
    role: str = ""
    alone: bool = False
    only_if_nothing: bool = False
    without_figures: bool = False

    def match(self, statement: Statement, text: str) -> tuple[int, int] | None:
        """Where the rule's words stand in a text, or None where the rule does not speak of the statement."""
        if statement.type not in self.types or (self.role and statement.role != self.role):
            return None
        command = statement.command
        if self.program is not None and (command is None or not self.program.search(command.program)):
            return None
        if self.path is not None:
            path = command.request["path"] if command is not None and command.request is not None else ""
            if not self.path.search(str(path).split("?", 1)[0]):
                return None
        found = []
        for words in self.words:
            match = words.search(text)
            if match is None:
                return None
            found.append(match.span())
        if self.without is not None and self.without.search(text):
            return None
        if not found:
            return 0, len(text)
        return min(begin for begin, _ in found), max(end for _, end in found)


def words(*parts: str) -> tuple[re.Pattern[str], ...]:
    """Expressions that all have to be found, in any order."""
    return tuple(re.compile(part, re.IGNORECASE) for part in parts)


def any_of(*parts: str) -> re.Pattern[str]:
    """One of these expressions."""
    return re.compile("|".join(parts), re.IGNORECASE)


def apply(
    rules: Sequence[Rule], statement: Statement, text: str, facts: Facts, by_figures: Sequence[Draft] = ()
) -> list[tuple[Draft, tuple[int, int]]]:
    """The drafts of all rules that know the statement, each with where its words stand; the first of a kind counts.

    What figures of the statement gave already counts more than a rule of the same kind.
    """
    text = text[:LONGEST]
    found: list[tuple[Draft, tuple[int, int]]] = []
    kinds = {draft.kind for draft in by_figures}
    # A figure about `cpu_utilisation` that only people can judge is a figure about the CPU all the same.
    kinds |= {draft.threshold.subject.split("_util")[0] for draft in by_figures if draft.threshold is not None}
    has_figures = any(draft.threshold is not None for draft in by_figures)
    for rule in rules:
        if rule.kind in kinds or (rule.without_figures and has_figures):
            continue
        if rule.only_if_nothing and any(draft.judge == "machine" for draft, _ in found):
            continue
        span = rule.match(statement, text)
        if span is None:
            continue
        built = rule.build(statement, facts)
        found += [(draft, span) for draft in ((built,) if isinstance(built, Draft) else built)]
        kinds.add(rule.kind)
        if rule.alone:
            break
    return found
