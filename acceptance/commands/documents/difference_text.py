"""What differs from the accepted reading, as a terminal shows it, with the line that corrects it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from signoff.acceptance.commands.console.colour import Palette
from signoff.acceptance.kind import Kinds
from signoff.acceptance.reading import Document, Reading
from signoff.acceptance.reading.accepting.accepted_reading import AcceptedCriterion
from signoff.acceptance.reading.accepting.difference import Difference
from signoff.acceptance.reading.binding.binding import binding_path
from signoff.acceptance.reading.binding.correction import correction
from signoff.reports.plain_text import line
from signoff.reports.stored.threshold import Threshold

MOST = 50
_SAID = {
    "added": "it is not in the accepted reading",
    "removed": "it is in the accepted reading, and no longer in the document",
    "words": "its words changed",
    "question": "its words are the same, and it is judged otherwise",
    "name": "its words and its question are the same under another name",
}


def check_text(reading: Reading, kinds: Kinds, palette: Palette) -> str:
    """For each document whether its reading is the accepted one, and what differs."""
    return "".join(f"{each}\n" for document in reading.documents for each in _document(document, kinds, palette))


def _document(document: Document, kinds: Kinds, palette: Palette) -> Iterator[str]:
    acceptance = document.acceptance
    if acceptance.problem:
        return  # it is said on standard error
    for found in acceptance.differences[:MOST]:
        yield from _difference(document, found, kinds, palette)
        yield ""
    if (more := len(acceptance.differences) - MOST) > 0:
        yield palette("soft", f"{more} more {'differs' if more == 1 else 'differ'}; --json lists all")
        yield ""
    yield palette("bold", f"{document.path}: reading {acceptance.state}")
    if not acceptance.is_accepted:
        look = f"look at `signoff read {document.path}`" if acceptance.lock is None else "look at what differs"
        todo = f" {look}, then accept it: `signoff read --accept ROLE {document.path}`"
        yield palette("hint", "  = hint:") + palette("", todo)
    if acceptance.lock is None:
        todo = f" `signoff read --binding {document.path}` prints the lines that correct it"
        yield palette("hint", "  = hint:") + palette("", todo)


def _difference(document: Document, found: Difference, kinds: Kinds, palette: Palette) -> Iterator[str]:
    place = f"{document.path}:{found.line}:{found.column}:" if found.line else f"{document.path}:"
    head = palette("warning", f"{found.change}[{line(found.name)}]")
    yield f"{palette('bold', place)} {head}{palette('bold', f': {_said(document, found)}')}"
    before, now = found.before, found.now
    if before is not None and now is not None and found.change == "words":
        yield from _both("text", before.text, now.text, palette)
    elif (either := now or before) is not None:
        yield palette("", f"  text:           {line(either.text)}")
    if before is not None and now is not None and before.name != now.name:
        yield from _both("name", before.name, now.name, palette)
    yield from _questions(before, now, palette)
    if before is not None and now is not None and _limit(before) != _limit(now):
        yield from _both("limit", _limit(before), _limit(now), palette)
    if correcting := _correction(document, found, kinds):
        binding = binding_path(Path(document.path)).name
        todo = f" where this is wrong, put this line above the first table of {binding}:"
        yield palette("hint", "  = hint:") + palette("", todo)
        yield palette("", f"    {correcting}")


def _said(document: Document, found: Difference) -> str:
    if found.change == "removed" and found.same_words:
        return f"its words are the same, and are no longer judged as this{_releases(document)}"
    if found.change == "added" and found.same_words:
        return f"its words are the same, and were not judged as this{_releases(document)}"
    said = _SAID[found.change]
    if found.change == "question":
        return said + _releases(document)
    return said + (", and what is asked" if found.change == "words" and found.asks_otherwise else "")


def _releases(document: Document) -> str:
    """Which release accepted and which one reads: the same words are judged otherwise by another one."""
    own, accepted = metadata.version("signoff"), document.acceptance.signoff
    if own != accepted:
        return f"; it was accepted with Signoff {accepted}, and this is {own}"
    return f"; Signoff is still {own}, so that the binding or another line of the document changed it"


def _questions(before: AcceptedCriterion | None, now: AcceptedCriterion | None, palette: Palette) -> Iterator[str]:
    asked = [None if entry is None else _asked(entry) for entry in (before, now)]
    if asked[0] == asked[1]:
        yield palette("", f"  judged as:      {asked[1]}")
        return
    if asked[0] is not None:
        yield palette("", f"  was judged as:  {asked[0]}")
    if asked[1] is not None:
        yield palette("", f"  is judged as:   {asked[1]}")


def _both(what: str, before: str, now: str, palette: Palette) -> Iterator[str]:
    yield palette("", f"  {f'{what} before:':<15} {line(before)}")
    yield palette("", f"  {f'{what} now:':<15} {line(now)}")


def _asked(entry: AcceptedCriterion) -> str:
    if entry.judge == "person":
        return "a person judges it"
    if entry.judge == "template":
        return "nothing: a placeholder is not filled in"
    return line(entry.judged_as or f"{entry.kind.replace('_', ' ')}, without a question")


def _limit(entry: AcceptedCriterion) -> str:
    limit = entry.threshold
    if limit is None:
        return "none"
    return Threshold(limit.value, limit.unit, limit.comparator, limit.statistic, limit.subject).text()


def _correction(document: Document, found: Difference, kinds: Kinds) -> str:
    if found.change == "name":
        return ""
    criterion = next((item for item in document.criteria if found.now is not None and item.id == found.id), None)
    return "" if criterion is None else correction(criterion, found.before, kinds)
