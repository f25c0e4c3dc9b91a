"""Which words ask that sessions and conversations work."""

from __future__ import annotations

from signoff.acceptance.reading.typing import session_drafts
from signoff.acceptance.reading.typing.rule import ASKED, BOXES, Rule, any_of, words

_TALK = r"\b(?:sessions?|conversation(?:al|s)?|dialog(?:ue)?s?|chats?|multi-turn)\b"
_KEPT = (
    r"\b(?:manag\w+|memory|contexts?|states?|track(?:s|ing|ed)?|histor(?:y|ies)|sessions?|caching|cached|multi-turn"
    r"|(?:several|many|previous|earlier|multiple|past) (?:turns|messages|rounds|exchanges)|turns|remember\w*)\b"
)
_NOT_TALK = (
    r"\b(?:security|secur\w+|metrics?|document\w*|guides?|benchmark\w*|health|analytics|insights|settings|configuration"
    r"|context length|thread\w*|branch\w*|moderat\w*|optimi[sz]\w*|context window|truncat\w*|recover\w*|tuning"
    r"|database|format\w*"
    r"|efficiency|prompt engineering|completions?)\b"
)
_WITH_TALK = r"\b(?:completions?|generation|complete texts?)\b"
_NO_MATTER = any_of(_NOT_TALK)
# Both words in one clause, in any order.
_MANAGED = words(rf"{_TALK}[^,;.]{{0,60}}{_KEPT}|{_KEPT}[^,;.]{{0,60}}{_TALK}|\bmulti-turn\b")

RULES: tuple[Rule, ...] = (
    Rule("session_recall", ASKED, session_drafts.session_recall, _MANAGED, without=_NO_MATTER),
    Rule(
        "session_recall",
        ASKED,
        session_drafts.session_recall,
        words(_WITH_TALK, r"\b(?:conversation(?:al|s)?|multi-turn|turns of)\b"),
        without=any_of(r"\b(?:document\w*|chat completions?\b(?!.{0,40}conversation)|metrics|guides?)\b"),
    ),
    Rule(
        "session_recall",
        ASKED,
        session_drafts.session_recall,
        words(
            r"\b(?:remember\w*|recall\w*|refer(?:s|ring)? (?:back )?to|draws? on|aware of)\b",
            r"\b(?:previous|earlier|prior|past|preceding|first) (?:\w+ )?(?:messages?|turns?|questions?|answers?"
            r"|context)\b",
        ),
    ),
    Rule(
        "session_isolation",
        BOXES,
        session_drafts.session_isolation,
        _MANAGED,
        without=_NO_MATTER,
    ),
    Rule(
        "session_isolation",
        ASKED,
        session_drafts.session_security,
        words(r"\bsessions?\b", r"\b(?:secur\w+|isolat\w+|leak\w*|separat\w+|kept apart|cross-talk|never see|bleed)\b"),
        without=any_of(r"\b(?:document\w*|review\w*|guides?|memory leaks?|audit\w*|scales?|scalab\w+)\b"),
    ),
    Rule(
        "session_isolation",
        ASKED,
        session_drafts.session_security,
        words(
            r"\b(?:users?|conversations?|chats?|tenants?)\b",
            r"\b(?:isolat\w+|leak(?:s|ed)? (?:in)?to|(?:never|cannot|can not|must not|do not) (?:see|read)|cross-talk"
            r"|kept apart)\b",
        ),
        without=any_of(r"\b(?:document\w*|network|gpu|process|memory leaks?)\b"),
    ),
    Rule(
        "session_record",
        ASKED,
        session_drafts.session_record,
        words(
            r"\b(?:session|conversation|chat|message|dialogue) (?:histor(?:y|ies)|transcripts?|logs?)\b|/sessions?/",
            r"\b(?:persist\w*|stor(?:e|es|ed|age)|retriev\w+|read back|gives? it back|fetch\w*|export\w*|returns?"
            r"|survives?)\b",
        ),
        without=any_of(r"\b(?:document\w*|vector|guides?)\b"),
    ),
    Rule(
        "context_truncation",
        ASKED,
        session_drafts.context_truncation,
        words(
            r"\b(?:context|history|conversations?|prompts?)\b",
            r"\b(?:truncat\w+|trim(?:s|med|ming)?|sliding window|overflow\w*|(?:grows?|gets?|is|are) too long|evict\w*"
            r"|exceed\w* the (?:context|window)|context (?:window )?management|manage context|drops? old\w*|oldest)\b",
        ),
        without=any_of(r"\b(?:document\w*|guides?|conversational|conversation context|settings|40[0-9])\b"),
    ),
)
