"""Streams JUnit XML to cases; defusedxml refuses document types, and therefore all entities."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from defusedxml import DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser

from signoff.acceptance.errors import NotMeasurable

MOST_DEEP = 64
_ENDS = {"failure": "failed", "error": "error", "skipped": "skipped"}


@dataclass(slots=True)
class Case:
    """One test case: `outcome` is passed, failed, error or skipped; `suite` holds the names of its suites."""

    name: str
    suite: str
    outcome: str = "passed"
    message: str = ""

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Report:
    """The cases in order, the number that the suites claim, and the suites' date, if any."""

    cases: list[Case] = field(default_factory=list)
    claimed: int = 0
    date: str = ""


def parse(content: bytes, name: str) -> Report:
    """The report in these bytes. Raises NotMeasurable with the place of an error if it is not JUnit XML."""
    reader = _Reader(name)
    parser = DefusedXMLParser(target=reader, forbid_dtd=True)
    try:
        parser.feed(content)
        parser.close()
    except ParseError as error:
        raise NotMeasurable(f"{name}:{error.position[0]}: no XML: {expat.errors.messages[error.code]}") from None
    except DTDForbidden:
        raise NotMeasurable(f"{name} declares a document type, which no test report needs; it is not read") from None
    except (LookupError, ValueError) as error:
        raise NotMeasurable(f"{name} has an unsupported encoding: {error}", "write it in UTF-8") from None
    if not reader.saw_suite:
        raise NotMeasurable(f"{name} is not JUnit XML: it has no testsuite")
    return reader.report


class _Reader:
    """The parser's target for elements; namespaces of tags are ignored."""

    def __init__(self, name: str) -> None:
        self.report = Report()
        self.saw_suite = False
        self._name = name
        self._open: list[str] = []
        self._suites: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition("}")[2]
        self._open.append(tag)
        if len(self._open) > MOST_DEEP:
            raise NotMeasurable(f"{self._name} is nested more than {MOST_DEEP} deep; it is not read")
        if tag == "testsuite":
            self.saw_suite = True
            self._suites.append(attributes.get("name", ""))
            if len(self._suites) == 1:
                self.report.claimed += _count(attributes.get("tests"))
            self.report.date = self.report.date or attributes.get("timestamp", "")[:10]
        elif tag == "testcase":
            suite = " ".join((*self._suites, attributes.get("classname", ""), attributes.get("file", "")))
            self.report.cases.append(Case(attributes.get("name", ""), suite.strip()))
        elif tag in _ENDS and "testcase" in self._open and self.report.cases[-1].outcome != "error":
            case = self.report.cases[-1]
            if case.outcome != "failed" or tag == "error":
                case.outcome, case.message = _ENDS[tag], attributes.get("message", "")[:500]

    def end(self, tag: str) -> None:
        if self._open.pop() == "testsuite":
            self._suites.pop()


def _count(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0
