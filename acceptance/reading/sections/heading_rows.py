"""What headings and labels say of the lines below them: tables of wordings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from signoff.acceptance.reading.sections.roles import role_of_heading, role_of_label
from signoff.acceptance.reading.source.wording import plain

Standing = Literal["success", "demand", "metric", "dependency", "objective", "telling", "aside"]
"""`telling` sections explain, and may hold a demand by its words or its limit; `aside` ones mention other things."""


SUCCESS = (
    r"\b(?:success|acceptance|exit|completion|passing|pass) criteri|\bdefinition of (?:done|ready)\b"
    r"|\bdone when\b|\bconditions of (?:satisfaction|acceptance)\b"
)


@dataclass(frozen=True, slots=True)
class _Row:
    pattern: re.Pattern[str]
    standing: Standing


def _row(pattern: str, standing: Standing) -> _Row:
    return _Row(re.compile(pattern, re.IGNORECASE), standing)


_ASIDE = (
    r"\bmaintenance|troubleshoot|\b(?:common|known|open) (?:issues|problems|bugs|questions)|^issues?\b"
    r"|\bknown (?:limits|limitations|restrictions|shortcomings|gaps|caveats|defects|errors)\b"
    r"|\b(?:current|present) (?:state|situation|behaviou?r|limitations)\b|\bstatus quo\b|^\W*as[- ]is\b"
    r"|\bsteps to reproduce\b|\b(?:how )?to reproduce\b|\breproduction\b"
    r"|\b(?:actual|observed) (?:behaviou?r|results?|outcome)\b|^\W*(?:[\d.]+\s*)?(?:exclusions|excluded|except"
    r"|excluding)\b|\bnot (?:part of|included|covered)\b"
    r"|\brisks?\b|\bmitigations?\b|\breferences?\b|\brelated (?:documents?|work|links|reading|tasks)"
    r"|\bfurther reading\b|\bsee also\b|\bbibliography\b|\blinks\b|\blessons\b|\bnotes?\b|\btimeline\b|\bschedule\b"
    r"|\bmilestones?\b|\broad ?map\b|\bhistory\b(?! (?:management|retention|persistence))|\bchange ?log\b"
    r"|\brevisions?\b|\bglossary\b|\bterminology\b|\babbreviations\b|\bdefinitions\b|\bcontacts?\b|\bstakeholders\b"
    r"|\bauthors?\b|\backnowledge?ments?\b|\bout of scope\b|\bnot in scope\b|\bnon-?goals?\b"
    r"|\bfuture (?:work|improvements|enhancements)\b|\balternatives\b|\bf\.?a\.?q\b|\btemplate\b|\bsoft dependenc"
    r"|\brecommended (?:tasks|reading)\b|\blicen[cs]e\b|^\W*(?:cost )?budget\W*$|\bbudget allocation\b|^costs?\b"
    r"|\bpost-?mortem\b|\bexecution log\b"
    r"|\b(?:previous|earlier|measured|current|benchmark|test) results\b|^results\b|\bbaselines?\b|\brationale\b"
    r"|\bmotivation\b|\blegend\b|\bcontents\b|\bagenda\b|\bparticipants\b|\battendees\b|\bdistribution list\b"
    r"|\btasks this enables\b|\bcomponents enabled\b"
)


_TELLING = (
    r"\bsummary\b|\bbackground\b|\bintroduction\b|\bpreface\b|^(?:\W|\d)*context\b|\bdescription\b|\bdiagram\b"
    r"|\boverview\b|\bpurpose\b|\bhow (?:it|this|to)\b|\bconcepts?\b|\bconclusion\b|\bdependenc(?:y|ies)\b"
    r"|\bprerequisites\b|\bassumptions\b|\b(?:task|project|document|general) information\b|\bmetadata\b"
    r"|^(?:\W|\d)*status\b|\busage\b|\bexamples?\b|\bget(?:ting)? started\b|\bquick ?start\b|\binstallation\b"
    r"|\bprocedures?\b|\binstructions\b|\bwalk-?through\b|\btutorial\b|\bdirectory structure\b|\balignment\b"
    r"|^(?:\W|[\d.])*(?:system |high[- ]level |current )?(?:architecture|design)\b|\bwhat (?:is|it|changed)\b|\babout\b"
    r"|\bfactors\b|\bprinciples\b|^\W*questions\b|\b(?:user|business|cost) (?:impact|value)\b|\blevers\b"
    r"|\bcalculations?\b"
    r"|\bsetup script\b|\bmodel selection\b|\bcustomi[sz]ation\b|^(?:\W|\d)*(?:team|people|roles)\b"
)


NEAREST = (
    _row(SUCCESS, "success"),
    _row(_ASIDE, "aside"),
    _row(r"\bhard dependenc|\binfrastructure requirements?\b|\bexternal requirements?\b", "dependency"),
    _row(r"\bnext steps\b", "demand"),
    _row(r"\bnon-functional\b|\brequirements?\b|\bperformance targets?\b|\bresource allocation\b", "demand"),
    _row(r"\b(?:objective|goal)s?\b|\bscope\b|\bpurpose\b|\boverview\b", "objective"),
    _row(r"\bsuccess metrics\b", "telling"),
    _row(r"\bmetrics\b", "metric"),
    _row(_TELLING, "telling"),
)


ANCESTOR = (
    _row(SUCCESS, "success"),
    _row(_ASIDE, "aside"),
    _row(r"\b(?:technical|functional|system|performance) requirements?\b", "demand"),
)


LABELS = (
    _row(r"^(?:performance|latency|throughput) targets?$|^resource (?:allocation|limits?)$|^limits?$", "demand"),
    _row(r"^service level|^slos?$|^slas?$", "demand"),
)


# What sections that ask for nothing may hold all the same: an edge case with an answer asks by its form.
_STANDINGS: Mapping[str, Standing] = {
    "story": "aside",
    "question": "telling",
    "entity": "aside",
    "assumption": "aside",
    "explanation": "aside",
    "history": "aside",
}


@lru_cache(maxsize=4096)
def standing_of(text: str, rows: tuple[_Row, ...]) -> Standing | None:
    """What a heading, or a label above a list, says of the lines below it; that they are criteria counts first."""
    shown = plain(text)
    if rows[0].pattern.search(shown):
        return rows[0].standing
    if silent := _STANDINGS.get(role_of_heading(text) or role_of_label(text)):
        return silent
    return next((row.standing for row in rows if row.pattern.search(shown)), None)
