"""A rule: which words, under which command, ask for which kind of criterion."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from signoff.acceptance.reading.drafts.criterion_draft import Draft
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.search.sought import Sought, held, needs_of
from signoff.acceptance.reading.source.document import Statement

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


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """All of `words` and none of `without` are looked for in the statement, `path`, `program` in its command.

    A rule that is `alone` ends the search; `only_if_nothing` rules are asked where no rule before them gave a
    machine something to judge, `without_figures` ones where the statement holds no figure.
    """

    kind: str
    types: frozenset[str]
    build: Build
    words: tuple[Sought, ...] = ()
    without: Sought | None = None
    path: Sought | None = None
    program: Sought | None = None
    role: str = ""
    alone: bool = False
    only_if_nothing: bool = False
    without_figures: bool = False

    def match(self, program: str, path: str, text: str) -> tuple[int, int] | None:
        """Where the rule's words are in a text, or None where the rule does not mention it or of its command."""
        if self.program is not None and not self.program.search(program):
            return None
        if self.path is not None and not self.path.search(path):
            return None
        found = []
        for pattern in self.words:
            match = pattern.search(text)
            if match is None:
                return None
            found.append(match.span())
        if self.without is not None and self.without.search(text):
            return None
        if not found:
            return 0, len(text)
        return min(begin for begin, _ in found), max(end for _, end in found)


def words(*parts: str) -> tuple[Sought, ...]:
    """Expressions that all have to be found, in any order."""
    return tuple(map(Sought, parts))


def any_of(*parts: str) -> Sought:
    """One of these expressions."""
    return Sought("|".join(parts))


def apply(
    rules: tuple[Rule, ...], statement: Statement, text: str, facts: Facts, by_figures: Sequence[Draft] = ()
) -> list[tuple[Draft, tuple[int, int]]]:
    """The drafts of all rules that know the statement, each with where its words stand; the first of a kind counts.

    What figures of the statement gave already counts more than a rule of the same kind.
    """
    found: list[tuple[Draft, tuple[int, int]]] = []
    kinds = {draft.kind for draft in by_figures}
    has_figures = any(draft.threshold is not None for draft in by_figures)
    # A figure about `cpu_utilisation` that only people can judge is a figure about the CPU all the same.
    kinds |= {
        draft.threshold.subject.removeprefix("other_").split("_util")[0]
        for draft in by_figures
        if draft.threshold is not None
    }
    command = statement.command
    request = command.request if command is not None else None
    program = command.program if command is not None else ""
    path = str(request["path"]).split("?", 1)[0] if request is not None else ""
    for rule, span in _matching(rules, statement.type, statement.role, program, path, text[:LONGEST]):
        if rule.kind in kinds or (rule.without_figures and has_figures):
            continue
        if rule.only_if_nothing and any(draft.judge == "machine" for draft, _ in found):
            continue
        built = rule.build(statement, facts)
        drafts = (built,) if isinstance(built, Draft) else built
        if rule.types == EXPECTED and len(rule.words) == 1:
            # What a command prints is said in few words: `No tgi service listed` asks by its first and its last one.
            drafts = tuple(replace(draft, spans=(*draft.spans, *_ends(text, span))) for draft in drafts)
        found += [(draft, span) for draft in drafts]
        kinds.add(rule.kind)
        if rule.alone:
            break
    return found


def _ends(text: str, span: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """The first and the last word within a span."""
    words_in_it = [(span[0] + word.start(), span[0] + word.end()) for word in re.finditer(r"\S+", text[slice(*span)])]
    return tuple(dict.fromkeys((words_in_it[0], words_in_it[-1]))) if words_in_it else ()


@lru_cache(maxsize=1024)
def _matching(
    rules: tuple[Rule, ...], statement_type: str, role: str, program: str, path: str, text: str
) -> tuple[tuple[Rule, tuple[int, int]], ...]:
    """The rules that know a text, up to the first that ends the search; the same for each of several services."""
    found: list[tuple[Rule, tuple[int, int]]] = []
    holds = held(text)
    for needs, rule in _for_type(rules, statement_type):
        # Most rules are left out by what their words need.
        if holds & needs != needs or (rule.role and rule.role != role):
            continue
        span = rule.match(program, path, text)
        if span is not None:
            found.append((rule, span))
            if rule.alone:
                break
    return tuple(found)


@lru_cache(maxsize=64)
def _for_type(rules: tuple[Rule, ...], statement_type: str) -> tuple[tuple[int, Rule], ...]:
    """The rules for a type of statement, each with what its words need of a text."""
    return tuple((needs_of(rule.words), rule) for rule in rules if statement_type in rule.types)
