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
    r"\b(?:security|secur\w+|metrics?|gauges?|counters?|document\w*|guides?|benchmark\w*|health|analytics|insights|settings"
    r"|configuration"
    r"|context length|(?<!their )(?<!its )(?<!the )thread\w*|branch\w*|moderat\w*|optimi[sz]\w*"
    r"|context window|truncat\w*|recover\w*|tuning"
    r"|database|format\w*|gives? (?:it )?back|hands? (?:it )?(?:out|back)|read back|can be (?:read|retrieved"
    r"|fetched)|another (?:session|user|conversation)|each other|one another|isolat\w+|/sessions?/|(?:longer"
    r"|larger|more) than the|(?:very|arbitrarily) long|more tokens than|outgrow\w*|too long|past the (?:context|window)"
    r"|efficiency|prompt engineering|completions?)\b|/sessions?/"
)
_WITH_TALK = r"\b(?:completions?|generation|complete texts?)\b"
_NO_MATTER = any_of(_NOT_TALK)
# Both words in one clause, in any order.
_MANAGED = words(rf"{_TALK}[^,;.]{{0,60}}{_KEPT}|{_KEPT}[^,;.]{{0,60}}{_TALK}|\bmulti-turn\b")

_SPOKEN = (
    r"\b(?:sessions?|conversations?|dialog(?:ue)?s?|chats?|talks?|threads?|turns?|users?|visitors?|customers?"
    r"|clients?"
    r"|callers?|agents?|assistants?|bots?|models?|tenants?|matters?|questions?|messages?|fact|facts"
    r"|what was said|server|service)\b"
)
_REMEMBERS = (
    r"\b(?:remember\w*|recall\w*|knows?|known|(?:refer\w*|draw\w*|build\w*|rel(?:y|ies)|based?"
    r"|come\w*) (?:back )?(?:on|upon|to)"
    r"|into account|keep\w* (?:track|their|its|the)|kept|aware of|answers?|answered from|understood"
    r"|us(?:es?|ing|ed)|taken up"
    r"|pick\w* up|carr\w+"
    r" over)\b"
)
_EARLIER = (
    r"\b(?:(?:earlier|previous|prior|past|preceding) (?:\w+ )?(?:turns?|messages?|questions?|answers?|one"
    r"|statements?|input"
    r"|exchanges?)|(?:said|mentioned|stated|told|given|established) (?:\w+ ){0,2}?(?:earlier|before|previously"
    r"|ago)|turns? (?:ago|later"
    r"|before)|turns of (?:a|the|that) (?:session|conversation)|what (?:was|has been|a \w+|the \w+) (?:said|told"
    r"|mentioned)"
    r"|follow-?ups?|thread|name (?:given|mentioned|told|from))\b"
)
_FOREIGN = (
    r"\b(?:(?:another|other|foreign|different|two|separate|its own|their own"
    r"|own) (?:\w+ )??(?:sessions?|users?"
    r"|conversations?|chats?|clients?|tenants?|visitors?|customers?|callers?|matters?|talks?)(?:'s?)?|(?:each"
    r"|one an)other"
    r"(?:'s)?|to another|from another|another's|somebody else(?:'s)?|someone else(?:'s)?|others|other's"
    r"|into another|of another"
    r"|\b(?:of|about) (?:any|every|all) others?\b|between (?:sessions|users"
    r"|conversations|chats|tenants|clients)|across (?:sessions|users|conversations|chats|tenants|clients))"
)
_SHOWS = (
    r"\b(?:leak\w*|spill\w*|bleed\w*|see[sn]?|see into|reveal\w*|show\w*|mix\w*|cross\w*|know\w*|contain\w*"
    r"|turn\w* up|appear\w*"
    r"|visible|isolat\w*|separat\w*|apart|read(?:s|able)?|disclos\w*|contaminat\w*|carr\w+ over|learn\w*|hold"
    r"|holds|surface\w*"
    r"|expos\w*|access\w*|confus\w*|blend\w*|seep\w*|private|reach\w*"
    r"|not in the (?:answer|reply|response)|(?:not|never) (?:repeat\w*|mention\w*|nam(?:e|es|ed)|giv(?:e|es|en)))\b"
)
_FACT = r"(?:facts?|names?|colou?rs?|words?|numbers?|details?|codes?|dates?|places?|city|town|preferences?)"
_TOLD = (
    rf"\b(?:tells?|told|stat(?:es?|ed)|says?|said|mention(?:s|ed)?|giv(?:es?|en)|introduc(?:es?|ed)|learn(?:s|t|ed)?)\b"
    rf".{{0,30}}?\b{_FACT}\b|\b{_FACT}\b.{{0,20}}?\b(?:(?:was|is|were|has been) "
    r"(?:told|stated|said|mentioned|given))\b"
)

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
        "session_recall",
        ASKED,
        session_drafts.session_recall,
        words(_SPOKEN, _REMEMBERS, _EARLIER),
        without=any_of(_NOT_TALK, _FOREIGN, r"\b(?:summar\w+|restart\w*|days?|weeks?|hours?|forgets?|forgotten)\b"),
    ),
    Rule(
        "session_recall",
        ASKED,
        session_drafts.session_recall,
        # Told in one turn, asked for in a later one, and found in the answer.
        words(
            _TOLD,
            r"\bask(?:s|ed)? (?:for|about|what|again)\b",
            r"\b(?:later|afterwards|(?:next|following|second|third|new) (?:turn|message|question|request)"
            r"|(?:one|two|three|several|some|a few) (?:turns?|messages) (?:on|later|after\w*))\b",
            r"\b(?:reply|answers?|response)\b.{0,24}\b(?:contains?|names?|knows?|holds?|includes?|mentions?|repeats?"
            r"|gives?|states?)\b|\b(?:is|are|appears?) in the (?:reply|answer|response)\b",
        ),
        without=any_of(_FOREIGN, r"\b(?:not|never|no|restart\w*|days?|weeks?|hours?|months?)\b"),
    ),
    Rule(
        "session_isolation",
        BOXES,
        session_drafts.session_isolation,
        # Who manages sessions keeps them apart; who only keeps or remembers a history says nothing of others.
        words(
            _MANAGED[0].pattern,
            r"\bmanag\w+|\b(?:sessions?|conversations?) (?:state|track\w*|support|handl\w+|cach\w+)\b",
        ),
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
        "session_isolation",
        ASKED,
        session_drafts.session_security,
        words(_SPOKEN, _FOREIGN, _SHOWS),
        without=any_of(
            r"\b(?:document\w*|network|gpu|memory leaks?|review\w*|audit\w*|shares?|shared|moves?|switch\w*)\b"
        ),
    ),
    Rule(
        "session_metrics",
        ASKED,
        session_drafts.session_metrics,
        words(
            r"\bsessions?\b",
            r"\b(?:metrics?|figures?|gauges?|counters?)\b",
            r"\b(?:moves?|rises?|go(?:es)? up|grows?|incre(?:ase|ment)s?|changes?)\b.{0,12}"
            r"\b(?:when|with|as soon as) (?:one|it|(?:a|each|every|the)(?: new)? session)\b",
        ),
        without=any_of(r"\b(?:document\w*|guides?|dashboards?|grafana|alert\w*)\b"),
        alone=True,
    ),
    Rule(
        "session_record",
        ASKED,
        session_drafts.session_record,
        words(
            r"\b(?:history|transcripts?|turns|messages)\b",
            r"\b(?:sessions?|conversations?|chats?|dialogues?)\b",
            r"\b(?:hand(?:s|ed)? (?:it )?(?:out|back)|giv(?:es?|en) (?:it )?back|read back|list(?:s|ed)"
            r"|can be (?:read|fetched"
            r"|retrieved)|returns?|retriev\w+|fetch\w*|persist\w*|stored)\b",
        ),
        without=any_of(r"\b(?:document\w*|vector|guides?|metrics?|answers?|next|context|completions?)\b"),
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
        "session_record",
        ASKED,
        session_drafts.session_record,
        words(
            r"\bsessions?\b|\bids?\b",
            r"\b404\b",
            r"\b(?:unknown|never (?:existed|handed out|opened)"
            r"|does not exist|no such)\b",
        ),
        without=any_of(r"\bmodels?\b|\broutes?\b"),
    ),
    Rule(
        "context_truncation",
        ASKED,
        session_drafts.context_truncation,
        words(
            r"\b(?:sessions?|conversations?|chats?|dialogues?|talks?|histor(?:y|ies))\b",
            r"\b(?:outgrow\w*|(?:longer|larger|bigger|more) than the (?:context|window)|past the (?:context|window)"
            r"|more tokens than|(?:very|arbitrarily) long (?:sessions?|conversations?|chats?|dialogues?|talks?)"
            r"|(?:exceed\w*|overflow\w*|fills?|beyond|over) (?:\w+ )?(?:context|window)|too long|full context"
            r"|context is full)\b",
        ),
        without=any_of(
            r"\b(?:document\w*|guides?|settings|refus\w+|reject\w+|error|summari[sz]\w*|summar\w+"
            r"|4\d\d)\b(?<!without an error)"
        ),
    ),
    Rule(
        "context_truncation",
        ASKED,
        session_drafts.context_truncation,
        words(
            r"\b(?:context|history|conversations?|prompts?)\b",
            r"\b(?:truncat\w+|trim(?:s|med|ming)?|sliding window|overflow\w*|(?:grows?|gets?|is|are) too long"
            r"|evict\w*"
            r"|exceed\w* the (?:context|window)|context (?:window )?management|manage context|drops? old\w*"
            r"|oldest)\b",
        ),
        without=any_of(r"\b(?:document\w*|guides?|conversational|conversation context|settings|40[0-9])\b"),
    ),
)
