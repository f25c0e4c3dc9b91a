"""The pytest collectors: a document is a file, a criterion an item."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, Protocol

import pytest
from _pytest.junitxml import xml_key

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import Document
from signoff.acceptance.verdict import Verdict
from signoff.reports.errors import NotWritten
from signoff.reports.terminal import harmless

FAILING = {"fail", "inconclusive", "error"}
SKIPPING = {"not_measurable", "not_run", "awaiting_person"}


class Judge(Protocol):
    """The reader and judge of documents."""

    def document(self, path: Path) -> Document: ...

    def judge(self, criterion: Criterion) -> Verdict: ...

    def give_up(self, why: NotWritten) -> NoReturn: ...


class NotMet(AssertionError):
    """A criterion is not met, or could not be decided."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(harmless(f"{verdict.outcome}: {verdict.reason}"))
        self.verdict = verdict


class DocumentFile(pytest.File):
    """A task document; its items are its criteria, in the document's order."""

    judging: Judge

    def collect(self) -> Iterator[CriterionItem]:
        """One item a criterion."""
        document = self.judging.document(self.path)
        anew = document.acceptance.anew
        if (xml := self.config.stash.get(xml_key, None)) is not None:
            xml.add_global_property("reading", f"{document.path}: {document.acceptance.state}")
        for criterion in document.criteria:
            item = CriterionItem.from_parent(self, name=criterion.id)
            item.criterion = criterion
            item.read_anew = anew.get(criterion.id, "")
            item.extra_keyword_matches.update([criterion.requirement] if criterion.requirement else [])
            yield item


class CriterionItem(pytest.Item):
    """One criterion; passes, fails or is skipped as its verdict says."""

    parent: DocumentFile
    criterion: Criterion
    read_anew: str

    def setup(self) -> None:
        """Give the JUnit report the document's own id, the question, and why it was not accepted so."""
        known = {
            "requirement": self.criterion.requirement,
            "judged_as": self.criterion.judged_as,
            "read_anew": self.read_anew,
        }
        self.user_properties += [(name, text) for name, text in known.items() if text]
        # The node's name stays the id, by which a criterion is selected.
        if self.criterion.requirement and (xml := self.config.stash.get(xml_key, None)) is not None:
            xml.node_reporter(self.nodeid).add_attribute("name", self.criterion.name)

    def runtest(self) -> None:
        """Judge the criterion."""
        try:
            verdict = self.parent.judging.judge(self.criterion)
        except NotWritten as error:
            self.parent.judging.give_up(error)
        if verdict.outcome in FAILING:
            raise NotMet(verdict)
        if verdict.outcome in SKIPPING:
            pytest.skip(harmless(f"{verdict.outcome}: {verdict.reason}"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str | Any:
        """The verdict in words, with the line of the document; no traceback for a criterion that is not met."""
        if not isinstance(excinfo.value, NotMet):
            return super().repr_failure(excinfo)
        verdict, criterion = excinfo.value.verdict, self.criterion
        lines = [
            f"{criterion.document}:{criterion.line}:{criterion.column}: {criterion.text}",
            f"  {verdict.outcome}: {verdict.reason}",
        ]
        if criterion.judged_as:
            lines.insert(1, f"  judged as: {criterion.judged_as}")
        if verdict.hint:
            lines.append(f"  hint: {verdict.hint}")
        return harmless("\n".join(lines))

    def reportinfo(self) -> tuple[Any, int, str]:
        """The place in the document, so that an editor's test tree leads there."""
        return self.path, self.criterion.line - 1, self.criterion.id
