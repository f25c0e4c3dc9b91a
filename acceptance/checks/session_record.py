"""A session can be read back: its record shows the turns that were held, and nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from acceptance import generation
from acceptance.checks.check import Check
from acceptance.criterion import Criterion
from acceptance.evidence import Evidence
from acceptance.site import Recorder, Site
from acceptance.verdict import Verdict

TURNS = ("The depot opens at nine.", "The ferry leaves from pier four.")
TURN_KEYS = ("turns", "history", "messages", "conversation")


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Hold two turns in a fresh session, read its record, and ask for a session that was never opened."""
    path = criterion.parameters["path"]

    def take(recorder: Recorder) -> None:
        session = f"signoff-{secrets.token_hex(8)}"
        for turn in TURNS:
            recorder.write(
                "turn", generation.generate(site, turn, 24, headers={"X-Session-ID": session})
            )
        recorder.write("session", site.ask("GET", path.replace("{id}", quote(session, safe=""))))
        recorder.write("unknown", site.ask("GET", path.replace("{id}", f"unopened-{secrets.token_hex(8)}")))

    return site.measured("session-record", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where both turns stand in the record, in order with their replies, and the unknown session is a 404."""
    answer, unknown = next(evidence.of("session")), next(evidence.of("unknown"))
    replies = [generation.reply_text(record) for record in evidence.of("turn")]
    if None in replies:
        return Verdict("fail", f"{replies.count(None)} of {len(replies)} turns were not answered")
    if answer["status"] != 200:
        return Verdict("fail", f"{answer['url']} gives {answer['status'] or answer['error']}, not 200")
    held = [text for turn, reply in zip(TURNS, replies, strict=True) for text in (turn, str(reply))]
    shown = list(_contents(answer.get("json")))
    if shown != held:
        return Verdict("fail", f"the record shows {len(shown)} messages that are not the {len(held)} held: {shown}"[:400])
    if unknown["status"] != 404:
        return Verdict("fail", f"a session that was never opened gives {unknown['status']}, not 404")
    return Verdict("pass", f"the record shows the {len(held)} messages held, in order; an unknown session is a 404")


def _contents(body: Any) -> Iterator[str]:
    """The texts of a session's messages, however deep they lie."""
    if isinstance(body, Mapping):
        for key in TURN_KEYS:
            if key in body:
                yield from _contents(body[key])
                return
        if isinstance(body.get("content"), str):
            yield body["content"]
        elif isinstance(body.get("user"), str):
            yield body["user"]
            if isinstance(body.get("assistant"), str):
                yield body["assistant"]
    elif isinstance(body, list):
        for entry in body:
            yield from _contents(entry)


CHECK = Check(
    kind="session_record",
    summary="A session's record shows the turns that were held, and an unknown session is a 404.",
    measure=measure,
    judge=judge,
    seconds=2,
)
