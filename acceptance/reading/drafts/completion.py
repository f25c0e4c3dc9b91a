"""What a check needs besides a limit: request, payload, unit."""

from __future__ import annotations

from dataclasses import replace

from signoff.acceptance.reading.drafts.criterion_draft import Draft, Note
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.source.document import Command, Statement

AS_JSON = (
    "the curl command names no Content-Type, and curl would send its JSON as a form: it is sent as application/json"
)


def completed(draft: Draft, statement: Statement, facts: Facts) -> Draft:
    """What a check needs beside the limit: the command's request, its payload, the unit."""
    command = statement.command
    request = command.request if command is not None else None
    if draft.kind in ("latency", "ttft", "inter_token_latency"):
        draft = replace(draft, parameters={"request": request, **draft.parameters})
        if command is not None and request is not None and "repeat" not in command.details:
            sentence = "one command shows no statistic: the mean at the document's rate is judged"
            kept = tuple(text for text in draft.assumptions if not text.startswith("no statistic"))
            if kept != draft.assumptions:
                draft = replace(draft, assumptions=(*kept, sentence))
    elif draft.kind == "throughput":
        payload = command.details.get("payload_file") if command is not None else None
        draft = replace(draft, parameters={"request": request, "payload_file": payload, **draft.parameters})
        if payload and command is not None and not command.details.get("payload_found"):
            draft = _without_payload(draft, payload, facts)
    elif draft.kind == "memory":
        unit = command.details.get("unit") if command is not None else None if facts.service else facts.detail("unit")
        draft = replace(draft, parameters={**({"unit": unit} if unit else {}), **draft.parameters})
    if command is not None and draft.parameters.get("request") and _is_sent_as_form(command):
        draft = replace(draft, assumptions=(*draft.assumptions, AS_JSON))
    return draft


def _is_sent_as_form(command: Command) -> bool:
    """Whether curl itself would call the JSON that it sends a form, because the command does not say what it is."""
    request = command.request or {}
    named = {name.lower() for name in request.get("headers") or {}}
    return command.program == "curl" and request.get("body") is not None and "content-type" not in named


def _without_payload(draft: Draft, payload: str, facts: Facts) -> Draft:
    if facts.defines_file(payload):
        return draft
    note = Note(
        "payload-missing",
        "warning",
        f"{payload} is neither written by the document nor beside it",
        f"put {payload} beside the document",
    )
    sentence = f"{payload} is not there: the document's other completion requests, else our own, take its place"
    return replace(draft, assumptions=(*draft.assumptions, sentence), notes=(*draft.notes, note))
