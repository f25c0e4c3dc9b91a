"""Demands on sessions and conversations as criteria."""

from __future__ import annotations

import re
from dataclasses import replace

from signoff.acceptance.reading.drafts.criterion_draft import Draft, Note
from signoff.acceptance.reading.drafts.load_drafts import OUTGROWN
from signoff.acceptance.reading.drafts.setting_figures import setting_for
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.source.document import Statement

_SESSION_HEADER = "x-session-id"
_METRICS_PATH = "/metrics"
_RECORD_PATH = "/sessions/{id}"
_EXAMPLE = re.compile(r"\(\s*[\"\u201c'][^\"\u201c\u201d()]{1,120}[\"\u201d']\s*\)")
_NAMED_PATH = re.compile(r"(?P<path>(?:/[\w.-]{1,40}){1,4}/)(?:\{\w{1,40}\}|<\w{1,40}>|:\w{1,40})(?![\w/])")


def session_recall(statement: Statement, facts: Facts) -> Draft:
    """A reply that draws on an earlier turn; where the document never sends that turn, this is said."""
    command = statement.command
    if command is None or command.request is None:
        # A question in quotes and brackets is an example of those that are meant.
        return Draft("session_recall", spans=tuple(match.span() for match in _EXAMPLE.finditer(statement.text)))
    headers = {name.lower(): value for name, value in command.request["headers"].items()}
    session = headers.get(_SESSION_HEADER, "")
    draft = Draft("session_recall", parameters={"request": command.request})
    if session and facts.earlier_turn(statement, session):
        return draft
    where = f"in session {session}" if session else "before it"
    note = Note(
        "session-never-spoken",
        "warning",
        f"no command sends an earlier turn {where}, so there is none to refer to",
        "show the command that sends the earlier turn",
    )
    return replace(draft, assumptions=(f"no earlier turn is sent {where}: the check sends it first",), notes=(note,))


def session_isolation(statement: Statement, facts: Facts) -> Draft:
    """Sessions that are managed are kept apart."""
    return Draft(
        "session_isolation",
        assumptions=("session management is read so that one session never shows in another",),
    )


def session_security(statement: Statement, facts: Facts) -> Draft:
    """Sessions that are secure do not show what another said; more than that is not looked at."""
    return Draft(
        "session_isolation",
        assumptions=("the security of sessions is judged in one respect: one session never shows in another",),
    )


def session_record(statement: Statement, facts: Facts) -> Draft:
    """The turns of a session under its address: the command's, else one that a command of the document shows."""
    request = statement.command.request if statement.command is not None else None
    if request is not None:
        path = str(request["path"]).split("?", 1)[0]
        return Draft("session_record", parameters={"path": path.rsplit("/", 1)[0] + "/{id}"})
    named = _NAMED_PATH.search(statement.text)
    if named is not None:
        return Draft("session_record", parameters={"path": named["path"] + "{id}"})
    for command in facts.commands:
        path = str(command.request["path"]).split("?", 1)[0] if command.request is not None else ""
        if "/session" in path and path.count("/") > 1:
            return Draft("session_record", parameters={"path": path.rsplit("/", 1)[0] + "/{id}"})
    sentence = f"the document shows no address under which a session is read back: {_RECORD_PATH} is asked"
    return Draft("session_record", assumptions=(sentence,), parameters={"path": _RECORD_PATH})


def session_metrics(statement: Statement, facts: Facts) -> Draft:
    """Figures about sessions under the address that the command asks, else among the other metrics."""
    request = statement.command.request if statement.command is not None else None
    if request is not None:
        return Draft("session_metrics", parameters={"path": request["path"]})
    sentence = f"no address is shown for the figures about sessions: GET {_METRICS_PATH} is asked"
    return Draft("session_metrics", assumptions=(sentence,), parameters={"path": _METRICS_PATH})


def context_truncation(statement: Statement, facts: Facts) -> Draft:
    """A session that outgrows the context goes on."""
    written = OUTGROWN.search(statement.text)
    if written is not None:
        window = int(written["length"].replace(",", ""))
        return Draft("context_truncation", parameters={"max_model_len": window}, spans=(written.span("window"),))
    found = setting_for("context_length", facts)
    stated = facts.stated("context_length")
    length = found[1].value if found is not None else stated.quantity.value if stated is not None else None
    return Draft("context_truncation", parameters={"max_model_len": None if length is None else int(length)})
