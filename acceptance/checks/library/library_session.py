"""The library's session manager creates a session and returns it."""

from __future__ import annotations

from signoff.acceptance.checks.library.kinds import KINDS
from signoff.acceptance.checks.library.model_information import missing_words, printed_mapping
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.library import library_call
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict

IDENTITY_KEYS = ("session_id", "id")


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the created session is returned with an id and the fields that the document mentions."""
    value, problem = printed_mapping(evidence)
    if problem:
        return Verdict("fail", problem)
    identity = next((value[key] for key in IDENTITY_KEYS if value.get(key)), None)
    if identity is None:
        return Verdict("fail", "the session that comes back has no identity")
    missing = missing_words(criterion, value)
    if missing:
        return Verdict("fail", f"the session says nothing about {', '.join(missing)}")
    return Verdict("pass", f"session {identity} was created and read back with {len(value)} fields")


CHECK = Check(KINDS["library_session"], library_call.measure, judge, seconds=3)
