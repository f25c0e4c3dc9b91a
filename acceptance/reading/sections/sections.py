"""What a bullet or a paragraph is for, by the headings and labels that it is under.

Ordered tables: the first row that matches decides. A heading says more than the headings above it. What no table
knows is a demand: a list under a heading that nobody here has thought of must not be lost.
"""

from __future__ import annotations

import re
from typing import Literal

from signoff.acceptance.reading.sections import normative
from signoff.acceptance.reading.sections.heading_rows import ANCESTOR, LABELS, NEAREST, Standing, standing_of
from signoff.acceptance.reading.sections.roles import ALARM, is_silent, is_story, role_of_heading, role_of_label
from signoff.acceptance.reading.source.block import Heading
from signoff.acceptance.reading.source.wording import plain

Role = Literal["success", "demand", "metric", "dependency", "objective", "none"]

_SMART = re.compile(r"\bSMART\b", re.IGNORECASE)


_FIELD_LABELS = re.compile(
    r"^(?:objective|duration|tasks|priority|status|owner|assigned to|effort|review required|reviewers?|author|date"
    r"|created|version|estimate[ds]?|estimated (?:duration|effort)|task (?:id|name|number)|ticket|links?|sources?"
    r"|see(?: also)?|note|notes|tip|hint|info|example|examples|remark|background|why|rationale|reason|steps?)$",
    re.IGNORECASE,
)
# What a list is for, by the line above it: `What it has to do:`, `We expect that:`.
_ASKING_LEAD = re.compile(
    r"^\W*what\b.{0,40}\b(?:has|have|needs?) to\b|^\W*what\b.{0,40}\b(?:must|shall|should)\b"
    r"|^\W*(?:we|i) (?:expect|require|demand)\b",
    re.IGNORECASE,
)
_NOT_REQUIRED = re.compile(
    r"\bnot (?:required|needed|applicable)\b|^\W*(?:n/?a|none(?: required)?|no special requirements?|optional|tbd)\W*$",
    re.IGNORECASE,
)
_NO_ITEM = re.compile(r"^\W*(?:for example|e\.g\.|for instance|note\b|see\b|tip\b|hint\b|example\b)", re.IGNORECASE)
_NAMED = r"(?:[\w.-]+://\S+|\[[^\]]*\]\([^)]*\)|[\w-]*(?:[./\\][\w-]+){1,9}/?|(?:[A-Z][a-z0-9]+){2,6})"
_REFERENCE = re.compile(rf"^\W{{0,5}}{_NAMED}(?:,\s*{_NAMED})*\W{{0,5}}$")
_PARTS = re.compile(
    r"\b(?:consists? of|comprises?|made of|are as follows|following (?:parts|components|options|steps|ways|people|tools"
    r"|files)|(?:parts|components|options|ways|layers|benefits|advantages|disadvantages|pros|cons|highlights"
    r"|reasons|symptoms"
    r"|causes|examples?)\W*$|such as\W*$|for example\W*$|we (?:use|used|saw|found|considered|tried))",
    re.IGNORECASE,
)
_STEP_PREFIX = re.compile(r"^\s*(?:[A-Z][A-Z0-9]*[-_ ]?\d[\w.]*|§\s?\d[\d.]*)(?:\s*[:.)\]\u2013-]\s+|[ ]{2,}|\t)\S")
_RESOURCE = re.compile(r"\b(?:memory|ram|disk|storage|cores?|cpus?|gpus?)\b", re.IGNORECASE)
_FEW_WORDS = 3
_EXAMPLE = re.compile(r"\bexamples?\b|\bcalculations?\b|\bformulas?\b", re.IGNORECASE)
_EXPECTED_HEADING = re.compile(
    r"^\W*(?:[\d.]+\s*)?(?:expected|desired|required|wanted) (?:behaviou?r|results?|outcome)\W*$", re.IGNORECASE
)
# `Not part of this: billing`, `Logprobs are out of scope`.
_THIS = (
    r"(?:this|the (?:present |current )?(?:scope|task|project|release|issue|ticket|work|contract|agreement|slos?|slas?"
    r"|test|acceptance))\b"
)
_EXCLUDED = re.compile(
    rf"^\W*(?:out of scope|not (?:in|within) scope|not (?:a )?part of {_THIS}|not covered (?:by|in) {_THIS}"
    rf"|not covered:|excluded:|excluded from {_THIS})"
    # `Except for probes, every route needs a key` goes on with what is asked for.
    r"|^\W*(?:excluding|except(?: for)?)\b(?!.*[,:;]\s)"
    r"|\b(?:is|are|stays?|remains?)\s+(?:(?:explicitly|all|both)\s+)?"
    rf"(?:out of scope|(?:not (?:a )?part of|not covered by|excluded from) {_THIS})[^,;]{{0,40}}$"
    r"|[(]out of scope[)]\W*$",
    re.IGNORECASE,
)
# What somebody said beneath a report: `@reviewer: we must look at this`.
_QUOTED = re.compile(r"^\W*@[\w-]+(?:\s+(?:wrote|said|commented|says))?\s*:|^\W*On .{1,80} wrote:", re.IGNORECASE)
_NUMBERED_HEADING = re.compile(r"^\W*[A-Z]{2}[A-Z0-9]*-\d[\d.]*\b")
_ALARMED = re.compile(r"^\W*(?:if|when(?:ever)?|once|as soon as)\b", re.IGNORECASE)
_LONGEST = 200
_IDENTIFIED = re.compile(r"^\W*(?:[A-Z]{2}[A-Z0-9]*|[RFN]|[A-Z](?=-))[-_ ]?\d[\d.]*\b")


def role_of_bullet(
    text: str, label: str, labels: tuple[str, ...], headings: tuple[Heading, ...], lead: str = ""
) -> Role:
    """Why a list item is a demand; `none` where it only describes.

    `text` is what follows its label, `labels` are those of the items around it, `lead` is the line above the list.
    """
    whole = f"{label}: {text}" if label else text
    if _NOT_REQUIRED.search(plain(text)) or _EXCLUDED.search(plain(whole)):
        return "none"
    if _is_alarm(whole, headings):
        return "none"
    if is_told_label(label) or is_story(whole) or _is_silent_list(lead, labels, headings):
        return "demand" if normative.is_normative(whole, strong=True) and not is_story(whole) else "none"
    if headings and standing_of(headings[-1].text, NEAREST) == "success":
        return "success"
    if _FIELD_LABELS.match(label) or not text.strip():
        return "none"
    for row in LABELS:
        if row.pattern.search(label):
            return "demand"
    if text.rstrip().endswith(":") and not normative.has_figure(text):
        return "none"
    if is_identified(whole):
        return "demand"
    standing = _of_labels((plain(lead), *labels))
    if standing is None and not (lead.startswith("**") and _of_headings(headings) in ("telling", "objective")):
        # A bold line above a list is a heading in all but form, so what it begins is not what the section tells.
        standing = _of_headings(headings)
    if standing == "success":
        return "success"
    if standing == "dependency":
        return standing
    if _is_reference(text):
        return "none"
    if standing in ("demand", "metric"):
        return standing
    if standing == "aside":
        return "demand" if normative.asks(whole, strong=True) else "none"
    if standing is None:
        # Nothing above the item says what its list is for: a section of its own asks, a document's first lines may.
        has_section = any(heading.level > 1 for heading in headings) or lead.startswith("**")
        if has_section and not _PARTS.search(plain(lead)):
            return "none" if _tells(whole) else "demand"
        return "demand" if normative.asks_by_form(whole) else "none"
    if (
        standing == "objective"
        and headings
        and re.search(r"\b(?:goal|objective|scope)", headings[-1].text, re.IGNORECASE)
    ):
        return "none" if _tells(whole) else "demand"
    if normative.asks(whole):
        return "demand"
    is_resource = _RESOURCE.search(text) is not None and normative.has_figure(text)
    return "dependency" if is_resource and _needs(headings) else "none"


def role_of_sentence(text: str, headings: tuple[Heading, ...], label: str = "") -> Role:
    """Why a sentence of a paragraph is a demand, `objective` where it states what the task is for, else `none`."""
    standing = _of_headings(headings)
    if is_told_label(label) or is_story(text):
        return "none"
    if _QUOTED.match(text) or (_EXCLUDED.search(plain(text)) and not normative.is_normative(text)):
        return "none"
    if standing == "aside":
        return "demand" if normative.asks(text, strong=True) else "none"
    if normative.asks(text):
        return "demand"
    if headings and _EXPECTED_HEADING.match(plain(headings[-1].text)):
        return "none" if _tells(text) else "demand"
    nearest = standing_of(headings[-1].text, NEAREST) if headings else None
    if nearest == "objective":
        return "objective"
    if nearest == "success" or (headings and _NUMBERED_HEADING.match(headings[-1].text)):
        return "demand" if normative.states(text) else "none"
    return "none"


def is_told_label(label: str) -> bool:
    """Whether what follows a label asks for nothing: `Why this priority: ...`."""
    return bool(label) and is_silent(role_of_label(label))


def _is_alarm(text: str, headings: tuple[Heading, ...]) -> bool:
    """Whether an item below a heading of alarms says when one rings, not that there be one."""
    is_below = bool(headings) and role_of_heading(headings[-1].text) == ALARM
    return is_below and _ALARMED.match(plain(text)) is not None and normative.has_figure(text)


def _is_silent_list(lead: str, labels: tuple[str, ...], headings: tuple[Heading, ...]) -> bool:
    """Whether a list is one of things that ask for nothing, whatever numbers its items have."""
    above = [name for name in (plain(lead), *labels) if name]
    roles = {role_of_heading(name) or role_of_label(name) for name in above[-1:]}
    roles |= {role_of_heading(heading.text) for heading in headings[-1:]}
    return any(role in ("story", "entity", "assumption", "explanation", "history") for role in roles)


def is_identified(text: str) -> bool:
    """Whether a text begins with the number of a requirement: `REQ-001: ...`, `NFR 2.1) ...`."""
    text = text[:_LONGEST]
    return _IDENTIFIED.match(text) is not None and _STEP_PREFIX.match(re.sub(r"^\W+", "", text[:80])) is not None


def is_aside(headings: tuple[Heading, ...]) -> bool:
    """Whether a section mentions other things than what is asked for: risks, hints, references."""
    return _of_headings(headings) == "aside"


def is_example(headings: tuple[Heading, ...], lead: str = "") -> bool:
    """Whether a section, or the line above, shows an example or a calculation."""
    return any(_EXAMPLE.search(plain(text)) for text in (*(heading.text for heading in headings[-1:]), lead))


def is_front(headings: tuple[Heading, ...]) -> bool:
    """Whether lines under these headings are the document's own header."""
    if not headings or (len(headings) == 1 and headings[0].level == 1):
        return True
    return re.search(r"\b(?:information|overview|metadata|header)\b", headings[-1].text, re.IGNORECASE) is not None


def is_smart(headings: tuple[Heading, ...]) -> bool:
    """Whether a heading or one above it is the SMART validation."""
    return any(_SMART.search(heading.text) for heading in headings)


def _of_labels(labels: tuple[str, ...]) -> Standing | None:
    """What the nearest telling label above an item says: `Acceptance criteria:`, `Tasks:`, `Risks:`."""
    for label in reversed(labels):
        if not label:
            continue
        if re.match(r"^(?:tasks|requirements?|checks)$", label, re.IGNORECASE) or normative.is_normative(label):
            return "demand"
        if _ASKING_LEAD.search(label):
            return "demand"
        found = standing_of(label, NEAREST)
        if found is not None and found != "objective":
            return "success" if found == "success" else found
    return None


def _of_headings(headings: tuple[Heading, ...]) -> Standing | None:
    if not headings:
        return None
    if is_smart(headings[:-1]):
        return "demand"
    # The document's title names its subject, not a section: a `Risk engine` may have requirements.
    above = [standing_of(heading.text, ANCESTOR) for heading in headings[:-1] if heading.level > 1]
    nearest = standing_of(headings[-1].text, NEAREST)
    is_title = headings[-1].level == 1 and len(plain(headings[-1].text).split()) > _FEW_WORDS
    if headings[-1].level == 1 and (nearest not in ("success", "demand", "aside") or (is_title and nearest == "aside")):
        return None
    if nearest == "success":
        return nearest
    if "aside" in above:
        return "aside"
    if nearest is not None:
        return nearest
    return next((found for found in reversed(above) if found is not None), None)


def _needs(headings: tuple[Heading, ...]) -> bool:
    return bool(headings) and re.search(r"\b(?:dependenc|prerequisite)", headings[-1].text, re.IGNORECASE) is not None


def _tells(text: str) -> bool:
    """Whether an item only describes, by its form: a question, a reference, an example, what somebody saw."""
    body = text.strip()
    return bool(
        not body
        or body.endswith("?")
        or _NO_ITEM.match(body)
        or _is_reference(body)
        or (normative.is_told(body) and not normative.is_normative(body))
    )


def _is_reference(text: str) -> bool:
    return _REFERENCE.match(plain(text)[:300]) is not None and len(text) < 300
