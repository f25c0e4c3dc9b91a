"""Answers draw on the document store: a made-up fact is known from when it is added until it is deleted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import generation, role
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import status_of
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict
from signoff.coherence.planter import Plant, Planter
from signoff.coherence.scoring import holds

ROLE, PATH = "retrieval", "/documents"
TOKENS = 48
TRIES = 5
PAUSE_S = 1.0
DONE = (200, 201, 202, 204)


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Ask for an unknown fact, add it to the store, ask again, delete it, ask once more.

    A store may need a moment to add or delete a document: each of the later questions is asked up to five times, a
    second apart. Only the added document is deleted, and it is always deleted.
    """
    plant = Planter("retrieval", site.seed).fact("retrieval", 0)
    name = f"signoff-{site.seed}"

    def take(recorder: Recorder) -> None:
        recorder.write("plant", {"question": plant.question, "value": plant.value, "told": plant.turns[0]})
        before = generation.generate(site, plant.question, TOKENS)
        recorder.write("before", before)
        if generation.unanswered(before):
            return
        added = _add(site, name, plant.turns[0])
        recorder.write("added", added)
        if added["status"] not in DONE:
            return
        try:
            _ask_until(recorder, "with", site, plant, True)
        finally:
            path = f"/{quote(_identity(added.get('json'), name), safe='')}"
            recorder.write("deleted", role.ask(site, ROLE, path, default=PATH, method="DELETE"))
        _ask_until(recorder, "after", site, plant, False)

    return site.measured("retrieval", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the fact is in the answer while it is in the store, and neither before nor after."""
    plant, before = next(evidence.of("plant")), next(evidence.of("before"))
    if came := generation.unanswered(before):
        return Verdict("fail", f"a question gives {came} before anything was added")
    if _knows(before, plant):
        return Verdict("inconclusive", "the made-up fact was known before it was added: left from an earlier run?")
    added = next(evidence.of("added"))
    if added["status"] not in DONE:
        return Verdict("fail", f"POST {added['url']} gives {status_of(added)}: nothing can be added to the store")
    deleted = next(evidence.of("deleted"))
    left = "" if deleted["status"] in DONE else f"; {deleted['method']} {deleted['url']} gives {status_of(deleted)}"
    asked, gone = list(evidence.of("with")), list(evidence.of("after"))
    if not _knows(asked[-1], plant):
        said = generation.unanswered(asked[-1]) or repr((generation.reply_text(asked[-1]) or "")[:100])
        return Verdict("fail", f"{plant['told']!r} was added, and asked {len(asked)} times the answer is {said}{left}")
    if left:
        return Verdict("fail", f"what was added is known, and it cannot be deleted{left}")
    if _knows(gone[-1], plant) or generation.unanswered(gone[-1]):
        said = generation.unanswered(gone[-1]) or f"still knows {plant['value']!r}"
        return Verdict("fail", f"the document was deleted ({deleted['status']}), and the answer {said}")
    return Verdict(
        "pass", f"{plant['value']!r} was in the answer while its document was in the store, not before, not after"
    )


def _add(site: Site, name: str, text: str) -> Record:
    """The answer to the first way of adding a document that the store understands."""
    answer: Record = {}
    for body in (
        {"id": name, "text": text},
        {"id": name, "content": text},
        {"documents": [{"id": name, "text": text}]},
        {"documents": [{"id": name, "content": text}]},
    ):
        answer = role.ask(site, ROLE, "", default=PATH, method="POST", body=body)
        if answer["status"] not in (400, 422):
            break
    return answer


def _identity(body: Any, name: str) -> str:
    """The name that the store gave the document, else ours."""
    if isinstance(body, Mapping):
        for key in ("id", "document_id", "doc_id"):
            if isinstance(body.get(key), str | int) and str(body[key]):
                return str(body[key])
        for key in ("ids", "documents", "data"):
            entries = body.get(key)
            if isinstance(entries, list) and entries:
                first = entries[0]
                return _identity(first, name) if isinstance(first, Mapping) else str(first)
    return name


def _ask_until(recorder: Recorder, kind: str, site: Site, plant: Plant, is_known: bool) -> None:
    for number in range(TRIES):
        if number:
            time.sleep(PAUSE_S)
        answer = generation.generate(site, plant.question, TOKENS)
        recorder.write(kind, answer)
        if not generation.unanswered(answer) and holds(generation.reply_text(answer) or "", plant.value) is is_known:
            return


def _knows(record: Record, plant: Record) -> bool:
    return holds(generation.reply_text(record) or "", plant["value"])


CHECK = Check(KINDS["retrieval"], measure, judge, seconds=4)
