"""Demands on a library, its classes and its calls as criteria."""

from __future__ import annotations

import re

from signoff.acceptance.reading.drafts.criterion_draft import Draft, person
from signoff.acceptance.reading.facts.class_names import class_and_base
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.facts.library import read_library_call
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.typing.metric_drafts import mentions

_MODEL_CALL = re.compile(r"(?:model_info|get_info|describe)\w*$", re.IGNORECASE)
_RESULT_CALL = re.compile(
    r"(?:test|check|verify|validate|ping|connect\w*|is_\w+|health\w*|status|get_\w*(?:health|status)\w*|\w*_connection"
    r"|\w*_health|\w*_status|self_test|probe)\w*$",
    re.IGNORECASE,
)
_LONGEST_NAME = 200
_EVERY = re.compile(r"\b(?:all|each|every)\b", re.IGNORECASE)
_BASE = re.compile(r"\b[A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*\b")


def library(statement: Statement, facts: Facts) -> Draft:
    """A `python -c` of the document: about the model, about a session, or whether something is well."""
    assert statement.command is not None
    call = read_library_call(statement.command.details["code"], facts.variables, statement.command.line)
    words = mentions(statement.text)
    about_model = any(_MODEL_CALL.search(function) for function in call.functions)
    if about_model or re.search(r"\bmodel\b.{0,80}\bloaded\b", statement.text, re.IGNORECASE):
        kind = "model_information"
    elif any("session" in function.lower() for function in call.functions):
        kind = "library_session"
    elif any(_RESULT_CALL.match(function.rsplit(".", 1)[-1][-_LONGEST_NAME:]) for function in call.functions):
        kind = "library_result"
    else:
        return person("a person has to say what this library call should give: no check knows its function")
    return Draft(kind, assumptions=call.assumptions, parameters={**call.parameters(), "mentions": words})


def model_information(statement: Statement, facts: Facts) -> Draft:
    """A library module that works: it describes its model, by the call that the document shows."""
    call = facts.library_call(_MODEL_CALL)
    if call is None:
        return person("the document shows no library call that describes the model")
    assumptions = ("the module is judged by the document's own call that gives model information", *call.assumptions)
    return Draft("model_information", assumptions=assumptions, parameters={**call.parameters(), "mentions": []})


def library_class(statement: Statement, facts: Facts) -> tuple[Draft, ...]:
    """The class that the text asks for; of all services, each class that the document derives from this base."""
    found = class_and_base(statement.text)
    base = next((name for name in _BASE.findall(f"{statement.label} {statement.text}")), "")
    named = facts.classes(base) if base and _EVERY.search(statement.text) else ()
    pairs = named or ((found,) if found is not None else ())
    if not pairs:
        return (person("a person has to find the class in the code: its name is not stated"),)
    return tuple(Draft("library_class", parameters={"class": name, "base": of or None}) for name, of in pairs)
