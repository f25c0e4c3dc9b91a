"""An expectation about what was said before, in a session in which nothing was said."""

from __future__ import annotations

import re
from collections.abc import Iterator

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import conflict
from signoff.acceptance.reading.source.document import Command
from signoff.reports.stored.conflict import Conflict

KIND = "session"
_EARLIER = re.compile(r"\b(?:previous|earlier|prior|preceding|history|past|before)\b", re.IGNORECASE)


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Expectations that name earlier turns, where no earlier command sent one in the session."""
    for page in corpus.pages:
        begun: dict[str, int] = {}
        for sent in page.document.commands:
            if named := _session(sent):
                begun[named] = min(begun.get(named, sent.line), sent.line)
        for statement in page.document.statements:
            command = statement.command
            session = _session(command) if command is not None else ""
            if command is None or not session or not _EARLIER.search(statement.text):
                continue
            if begun.get(session, command.line) < command.line:
                continue
            yield conflict(
                KIND,
                f"session {session}",
                [page.side(command.line, session), page.side(statement.line, statement.text)],
                f"the answer is to know what was said before in {session}, and nothing was: "
                "the command by itself shows nothing about memory",
            )


def _session(command: Command) -> str:
    """The session that a request which sends something names."""
    request = command.request
    if request is None or request["method"] != "POST":
        return ""
    headers = {name.lower(): str(value) for name, value in request["headers"].items()}
    named = next((value for name, value in headers.items() if "session" in name or "conversation" in name), "")
    body = request.get("body")
    return named or (str(body.get("session_id", "")) if isinstance(body, dict) else "")
