"""One limit of one service with several figures, in text and in settings that state the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from signoff.acceptance.reading.conflicts.evidence.apart import About, about, apart
from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.limit_claims import FIRM, Claim, claims
from signoff.acceptance.reading.conflicts.evidence.page import conflict, listed
from signoff.reports.stored.conflict import Conflict

KIND = "limit"
# How many neighbours a claim is compared with, so that a list of thousands takes no longer than its lines.
_NEAR = 20


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Figures that bound one thing in one direction and differ, and bounds that leave nothing between them."""
    groups: dict[tuple[str, ...], list[Claim]] = {}
    for claim in claims(corpus):
        groups.setdefault((claim.owner, claim.variant, *claim.key), []).append(claim)
    for (owner, _, *_key), group in groups.items():
        disputed = _disputed(_compared(group))
        if disputed:
            subject = disputed[0].subject
            of = f" of {owner}" if owner in corpus.services else ""
            stating = [claim for claim in disputed if not claim.repeated]
            values = listed(claim.place[1].value for claim in stating)
            yield conflict(
                KIND,
                subject,
                [claim.place for claim in stating],
                f"{subject.replace('_', ' ')}{of} is given as {values}: what keeps one figure can break another",
                [pair for claim in disputed for pair in claim.pairs],
            )


def _compared(group: list[Claim]) -> list[Claim]:
    """The claims that differ from another one about the same thing."""
    if len({claim.value for claim in group}) == 1:
        return group if len({claim.comparator for claim in group}) > 1 else []
    stating = [claim for claim in group if not claim.repeated]
    stating = _whole(stating)
    counted = _Counted(stating)
    live = [claim for claim in stating if counted.has_rival(claim)]
    values = {(claim.place[0].path, claim.value) for claim in live}
    # A demand that takes its figure from one of these stands with it.
    return live + [claim for claim in group if claim.repeated and (claim.place[0].path, claim.value) in values]


class _Counted:
    """Claims by what decides whether two can be compared, so that none has to look at each other one."""

    def __init__(self, claims: list[Claim]) -> None:
        self._count: Counter[object] = Counter()
        for claim in claims:
            said = (claim.value, claim.comparator)
            for part in ("all", ("page", claim.place[0].number), *_parts(claim)):
                self._count.update(((part,), (part, said)))

    def has_rival(self, claim: Claim) -> bool:
        """Whether `_comparable` holds between the claim and any other."""
        page, side = claim.place
        if self._otherwise(claim, "all") > self._otherwise(claim, ("page", page.number)):
            return True
        own = ("text", page.number)
        if claim.statement == "setting":
            settings = ("settings", page.number)
            is_variable = side.spelling.rsplit(".", 1)[-1].isupper()
            of_form = 0 if is_variable else self._otherwise(claim, (*settings, claim.form))
            return self._otherwise(claim, own) + self._otherwise(claim, settings) - of_form > 0
        on_other_lines = self._otherwise(claim, own) - self._otherwise(claim, (*own, side.line))
        if self._otherwise(claim, ("settings", page.number)) + on_other_lines > 0:
            return True
        return claim.statement in FIRM and self._otherwise(claim, _alike(claim)) > 0

    def _otherwise(self, claim: Claim, part: object) -> int:
        """How many claims of a part say something else."""
        return self._count[part,] - self._count[part, (claim.value, claim.comparator)]


def _parts(claim: Claim) -> tuple[object, ...]:
    page, side = claim.place
    if claim.statement == "setting":
        return ("settings", page.number), ("settings", page.number, claim.form)
    return ("text", page.number), ("text", page.number, side.line), _alike(claim)


def _alike(claim: Claim) -> tuple[object, ...]:
    page, side = claim.place
    return ("text", page.number, side.line, side.spelling, claim.comparator)


def _comparable(one: Claim, other: Claim) -> bool:
    if one is other or (one.value == other.value and one.comparator == other.comparator):
        return False
    page, side = one.place
    if other.place[0] is not page:
        return True
    if one.statement == other.statement == "setting":
        # One form of configuration states two values for two files; the same variable is one in all of them.
        return one.form != other.form or one.place[1].spelling.rsplit(".", 1)[-1].isupper()
    if "setting" in (one.statement, other.statement):
        return True
    other_side = other.place[1]
    if side.line != other_side.line:
        return True
    return one.statement in FIRM and side.spelling == other_side.spelling and one.comparator == other.comparator


def _whole(stating: list[Claim]) -> list[Claim]:
    """Without the claims on one of several parts: a part has its own figure beside the others and beside the whole."""
    numbers: dict[About, int] = {}
    known = [about(claim.place[0], claim.place[1].line, claim.place[1].spelling) for claim in stating]
    alike = [numbers.setdefault(each, len(numbers)) for each in known]
    if len(numbers) == 1:
        return stating
    kept: list[Claim] = []
    for index, claim in enumerate(stating):
        around = range(max(index - _NEAR, 0), min(index + _NEAR, len(stating)))
        # Two texts about the same are never apart.
        unlike = (near for near in around if alike[near] != alike[index])
        if not any(
            _comparable(claim, stating[near]) and _apart(claim, stating[near], known[index], known[near])
            for near in unlike
        ):
            kept.append(claim)
    return kept


def _apart(one: Claim, other: Claim, first: About, second: About) -> bool:
    """Whether two texts of one document are about different things; a setting is about its service."""
    texts = "setting" not in (one.statement, other.statement)
    return texts and one.place[0] is other.place[0] and apart(first, second)


def _disputed(group: list[Claim]) -> list[Claim]:
    if len({claim.place[0].path for claim in group}) == 1:
        # Within one document, a rough figure inside a limit tells what to expect of it.
        firm = [claim.value for claim in group if not claim.rough and claim.comparator in ("<", "<=")]
        group = [claim for claim in group if not (claim.rough and firm and claim.value <= min(firm))]
    exact = [claim for claim in group if claim.comparator == "=="]
    upper = [claim for claim in group if claim.comparator in ("<", "<=")]
    lower = [claim for claim in group if claim.comparator in (">", ">=")]
    for bounds in (exact, upper, lower):
        if len({claim.value for claim in bounds}) > 1:
            return group
    if upper and lower and min(claim.value for claim in upper) < max(claim.value for claim in lower):
        return group
    if exact:
        value = exact[0].value
        if any(claim.value < value for claim in upper) or any(claim.value > value for claim in lower):
            return group
    return []
