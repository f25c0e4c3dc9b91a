"""A session that grows beyond the context still answers, and still knows its last turns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.acceptance.checks.sessions.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.conversing import probe_result, probed
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Measured, Verdict
from signoff.coherence.truncation_probe import probe_truncation

LONGEST = 140_000
NAMES = ("max_model_len", "context_length", "max_context_length", "context_window", "n_ctx")


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send one and a half times the context in one session, state two facts, and ask for both.

    The length is the document's, else the server's. Raises NotMeasurable if neither states one.
    """
    length = criterion.parameters.get("max_model_len") or _stated_length(site)
    if length is None:
        raise NotMeasurable(
            "neither the document nor the server says how long the context is",
            "state it in the document, or let /v1/models show max_model_len",
        )
    if length > LONGEST:
        raise NotMeasurable(
            f"to fill a context of {length} tokens takes more than Signoff sends to one session",
            f"judge it on a deployment with a context of at most {LONGEST} tokens",
        )
    return probed(site, "truncation", lambda send: probe_truncation(send, site.seed, int(length)), key=length)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if every turn was answered, no prompt exceeded the context, and the last facts were known."""
    probe = probe_result(evidence, "truncation")
    length, said, longest = probe["length"], probe["said_tokens"], probe["longest_prompt"]
    figure = Measured(probe["recalled"] / probe["asked"], "ratio", samples=probe["asked"])
    found = f"about {said} tokens were said in one session, and the context has {length}"
    if probe["errors"]:
        return Verdict("fail", f"{found}; {probe['errors'][0]}"[:400], figure)
    if said <= length:
        return Verdict("inconclusive", f"{found}: it was not filled", figure)
    if longest is not None and longest > length:
        return Verdict("fail", f"{found}; a prompt of {longest} tokens was counted", figure)
    known = f"{found}; every turn was answered, and {probe['recalled']} of the last {probe['asked']} facts were known"
    if not probe["recalled"]:
        return Verdict("fail", known, figure)
    if probe["recalled"] < probe["asked"]:
        return Verdict(
            "inconclusive",
            known,
            figure,
            hint="see the turns in the evidence: was the turn cut off, or did the model not use it?",
        )
    counted = f"; the longest prompt had {longest} tokens" if longest is not None else ""
    return Verdict("pass", known + counted, figure)


def _stated_length(site: Site) -> int | None:
    for path in ("/v1/models", "/health", "/config"):
        if (found := _find(site.ask("GET", path).get("json"))) is not None:
            return found
    return None


def _find(body: Any) -> int | None:
    """The first figure under a name for the context's length, at any depth."""
    if isinstance(body, Mapping):
        own = [body[name] for name in NAMES if type(body.get(name)) is int and body[name] > 0]
        return own[0] if own else next((found for value in body.values() if (found := _find(value)) is not None), None)
    if isinstance(body, list):
        return next((found for value in body if (found := _find(value)) is not None), None)
    return None


CHECK = Check(KINDS["context_truncation"], measure, judge, seconds=8)
