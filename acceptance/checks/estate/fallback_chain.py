"""A service that falls back says so: a degraded answer is marked, a refusal has a reason, a sound one its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from signoff.acceptance.checks.estate.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import generation, role
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

ROLE = "degraded"
REFUSED = 503
MARKS = ("degraded", "fallback")
MARK_KEYS = {"status", "source", "mode", "state", "route", "provider", "served_by"}
SOURCE_KEYS = {"source", "model", "provider", "backend", "route", "served_by"}
REASON_KEYS = {"reason", "error", "message", "detail"}
MARK_HEADERS = ("x-degraded", "x-fallback", "warning")


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send the document's request, else a small completion, to the target and to its degraded address."""
    request = criterion.parameters.get("request")
    degraded = role.named_url(site, ROLE)

    def take(recorder: Recorder) -> None:
        if request is not None:
            recorder.write("sound", site.send(request))
            recorder.write("degraded", site.send(request, origin=degraded))
            return
        sound = generation.generate(site, "Greet the reader in one short sentence.", 16)
        recorder.write("sound", sound)
        url = site.deployment.request_url(degraded, generation.CHAT_PATH)
        recorder.write("degraded", site.ask("POST", "", url=url, body=sound["body"]))

    return site.measured("fallback", take, key=request)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the normal answer names its source, and the degraded one says so or is a 503 with a reason."""
    sound, degraded = next(evidence.of("sound")), next(evidence.of("degraded"))
    if sound["status"] != 200:
        return Verdict("fail", f"the sound {sound['url']} gives {sound['status'] or sound['error']}, not 200")
    if mark := _mark(sound):
        return Verdict(
            "fail", f"the sound {sound['url']} calls itself degraded as well ({mark}): the mark says nothing"
        )
    source = next((text for key, text in _texts(sound.get("json")) if key in SOURCE_KEYS and text), "")
    if not source:
        return Verdict("fail", f"the answer of {sound['url']} does not say where it comes from")
    if degraded["status"] == 200:
        mark = _mark(degraded)
        if not mark:
            return Verdict("fail", f"{degraded['url']} falls back and answers as if nothing were wrong")
        return Verdict("pass", f"sound answers come from {source}, the degraded one is marked: {mark}")
    if degraded["status"] != REFUSED:
        return Verdict(
            "fail",
            f"{degraded['url']} gives {degraded['status'] or degraded['error']}, "
            f"neither a marked answer nor a {REFUSED}",
        )
    reason = next((text for key, text in _texts(degraded.get("json")) if key in REASON_KEYS and text), "")
    if not reason:
        return Verdict("fail", f"{degraded['url']} gives {REFUSED} without a reason in JSON")
    return Verdict("pass", f"sound answers come from {source}, the degraded one is a {REFUSED}: {reason[:200]}")


def _mark(record: Record) -> str:
    """What says that an answer is degraded, or "" if nothing does."""
    for key, value in _pairs(record.get("json")):
        if value is True and any(mark in key for mark in MARKS) and not key.endswith("_available"):
            return f"{key}: {value}"[:100]
        if key in MARK_KEYS and isinstance(value, str) and any(mark in value.lower() for mark in MARKS):
            return f"{key}: {value}"[:100]
    marks = ((name, record["headers"].get(name, "")) for name in MARK_HEADERS)
    return next((f"{name}: {value}"[:100] for name, value in marks if value and value.lower() != "false"), "")


def _texts(body: Any) -> Iterator[tuple[str, str]]:
    return ((key, value.strip()) for key, value in _pairs(body) if isinstance(value, str))


def _pairs(body: Any) -> Iterator[tuple[str, Any]]:
    """The fields of an answer at any depth; what a model wrote is no field that the service vouches for."""
    if isinstance(body, Mapping):
        for key, value in body.items():
            yield str(key).lower(), value
            if key != "choices":
                yield from _pairs(value)
    elif isinstance(body, list):
        for entry in body:
            yield from _pairs(entry)


CHECK = Check(KINDS["fallback_chain"], measure, judge, seconds=2)
