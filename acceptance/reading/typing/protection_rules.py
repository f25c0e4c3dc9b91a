"""Which words ask that a service protects itself: keys, rates, wrong requests, errors."""

from __future__ import annotations

from signoff.acceptance.reading.drafts.status import status
from signoff.acceptance.reading.typing import service_drafts
from signoff.acceptance.reading.typing.rule import ASKED, Rule, any_of, words

_AUTH = (
    r"\bauth(?:n|z)?\b(?!:? ?none)|\bauthenticat\w+|\bauthori[sz](?:ation|es?|ed|ing)\b|\bunauthori[sz]ed\b"
    rf"|{status(401)}"
    r"|\bjwt\b|\boauth2?\b"
    r"|\b(?:api[- ]keys?|bearer tokens?|access tokens?|valid (?:key|token))\b.{0,60}"
    r"\b(?:requir\w+|valid\w*|reject\w*|refus\w*|needs?|must|protect\w*|check\w*|missing|wrong|40[13])\b"
    r"|\b(?:requir\w+|without|reject\w*|refus\w*|needs?|protect\w*|missing|wrong|invalid|only)\b.{0,60}"
    r"\b(?:api[- ]keys?|bearer tokens?|access tokens?|valid (?:key|token)|x-[a-z-]+ header|credentials)\b"
)
_INPUT = r"(?:requests?|inputs?|payloads?|parameters?|prompts?|schemas?|bod(?:y|ies)|user data|json)"
_CHECKED = r"(?:validat\w+|saniti[sz]\w+)"
_OPEN = (
    r"\b(?:answers?|works?|reachable|open|public|served|available|accessible|usable|possible|readable|allowed"
    r"|accepted"
    r"|responds?)\b.{0,30}\bwithout\b|\bwithout\b.{0,40}\b(?:is|are) (?:ok|fine|allowed|accepted|served|answered"
    r"|possible)\b"
    r"|\b(?:needs?|requires?|demands?) no\b|\b(?:no|not|without)\b.{0,24}\b(?:needed|required|necessary)\b"
    r"|\b(?:not|never) (?:be )?(?:refused|rejected|turned away|denied|protected)\b"
)
_KEY = (
    r"\b(?:keys?|credentials?|(?:(?:api|access|bearer|valid|invalid|wrong|missing|auth|security|a|the) )tokens?"
    r"|bearer|authorization header|without authorization)\b"
)
_TURNED_AWAY = (
    r"\b(?:turn(?:s|ed)? (?:\w+ ){0,3}?(?:away|down)|refus\w+|reject\w+|den(?:y|ied|ies)|declin\w+|block(?:s|ed)?"
    r"|bounc\w+|unauthori[sz]ed|forbidden|locked out|shut out|40[13])\b"
)
_NOT_THAT_KEY = any_of(
    _OPEN,
    r"\b(?:second|minute|hour|429|rate|quota|rotat\w+|revok\w+|log(?:s|ged|ging)?|cache[ds]?|public|private|foreign"
    r"|primary|ssh|kv|key[- ]value|metrics?|features?|encrypt\w*|vault|expir\w+|stored|hard-?coded|environment)\b",
)
_CRASHES = r"\b(?:crash\w*|(?:take|bring|knock)s? .{0,24}\bdown|unharmed|no harm|leaves? the (?:server|service) well)\b"
_LEAVES = (
    r"\b(?:hangs? up|disconnect(?:s|ed|ing|ion)?|(?:close[sd]?|drop(?:s|ped)?|broken|abort(?:s|ed)?) "
    r"(?:the )?(?:connection|stream|request)s?|abort(?:s|ed)?|cancel(?:s|led)?|goes away|vanish(?:es)?)\b"
)
_SURVIVES = (
    r"\b(?:crash\w*|down|harm\w*|unaffected|as before|well|healthy|surviv\w+|stays? up|(?:keep|go|carr(?:y|ies)"
    r"|goes)\w* "
    r"(?:on )?\w+ing|still|afterwards|leav(?:es?|ing)|continues?|handl\w+|free[sd]?|clean\w*)\b"
)
_WRONG_INPUT = (
    r"\b(?:malformed|invalid|broken|garbage|rubbish|nonsense|torn|faulty|incomplete|ill-formed|unparseable"
    r"|missing|wrong(?:ly)?"
    r"|bad|(?:that |which )?(?:is|are) (?:not|no) (?:valid )?json|not valid json|cannot be parsed|lacks?"
    r"|out of range|as a string)\b"
)
_BODY = (
    r"\b(?:requests?|bod(?:y|ies)|json|payloads?|inputs?|fields?|parameters?|types?|values?|temperature|max_tokens)\b"
)
_REFUSED = rf"{_TURNED_AWAY}|\b(?:4\d\d|4xx|errors?|explain\w*|explanation|reason|validat\w+|caught|catch(?:es)?)\b"
RULES: tuple[Rule, ...] = (
    Rule(
        "authentication",
        ASKED,
        service_drafts.authentication,
        words(_AUTH),
        without=any_of(
            r"\bhugging ?face\b|\bregistry\b|\bgit(?:hub)?\b|\bssh\b|\bdownload|\bgated\b|\bdatabase auth"
            r"|\bin (?:the )?logs?\b"
            r"|\bno auth|\bunauthenticated access|\bwithout authentication (?:is|are) (?:ok|fine|allowed)",
            _OPEN,
        ),
    ),
    Rule(
        "authentication",
        ASKED,
        service_drafts.authentication,
        words(_KEY, _TURNED_AWAY),
        without=_NOT_THAT_KEY,
    ),
    Rule(
        "authentication",
        ASKED,
        service_drafts.authentication,
        words(
            r"\b(?:needs?|wants?|expects?|requir\w+|demands?|(?:must|has to|have to"
            r"|shall) (?:\w+ ){0,2}?(?:present|carry|send"
            r"|show|supply"
            r"|bear)|only|protect\w*|guard\w*|behind|sent as)\b",
            r"\b(?:keys?|(?:api|access|bearer|auth) tokens?|credentials)\b",
        ),
        without=_NOT_THAT_KEY,
    ),
    Rule(
        "authentication",
        ASKED,
        service_drafts.authentication,
        words(r"\b(?:anonymous(?:ly)?|unauthenticated|not authenticated|unauthori[sz]ed)\b", _TURNED_AWAY),
        without=_NOT_THAT_KEY,
    ),
    Rule(
        "rate_limit",
        ASKED,
        service_drafts.rate_limit,
        words(
            rf"\brate[- ]?limit\w*|\bthrottl\w+|{status(429)}|\btoo many requests\b|\brequest quotas?\b"
            r"|\blimit\w* (?:the )?(?:\w+ )?(?:request )?rates?\b|\bask too often\b"
            r"|\bafter (?:a|the|each|every) burst\b.{0,60}\b(?:recovers?|answers? (?:again|as before)|serves? again)\b"
        ),
        without=any_of(
            r"\b(?:second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
            r"|\d+(?:st|nd|rd|th)) (?!time|request|call)\w+ "
            r"(?:is|are|gets?|receives?|must|shall|has)\b"
            r"|\bconcurren|\bat (?:once|a time)\b|\b(?:cpu|thermal|gpu|disk|power) throttl|\bgithub\b"
            r"|\bhugging ?face\b"
        ),
    ),
    Rule(
        "request_validation",
        ASKED,
        service_drafts.request_validation,
        words(
            rf"\b{_INPUT}\b.{{0,30}}?\b{_CHECKED}|\b{_CHECKED}\b.{{0,30}}\b{_INPUT}\b|\bauthenticat\w+ and validat\w+"
            rf"|\b(?:invalid|malformed|bad|broken|incomplete|oversized)\b.{{0,20}}\b{_INPUT}\b.{{0,60}}"
            r"\b(?:4\d\d|4xx|reject\w*|refus\w*|errors?|answered|returns?)\b"
            rf"|\b(?:reject\w*|refus\w*|4\d\d|4xx)\b.{{0,40}}\b(?:invalid|malformed|bad"
            rf"|broken)\b.{{0,20}}\b{_INPUT}\b"
            rf"|{status(400, 422)}.{{0,60}}\b(?:invalid|malformed|missing|bad|unknown|wrong)\b"
        ),
        without=any_of(r"\bperformance\b.{0,30}\bvalidat|\bapi[- ]keys?\b|\brequests? per\b"),
    ),
    Rule(
        "request_validation",
        ASKED,
        service_drafts.request_validation,
        words(_WRONG_INPUT, _BODY, _REFUSED),
        # One wrong request with a code of its own is asked as such, not as wrong requests at large.
        without=any_of(
            r"\b(?:api[- ])?keys?\b|\bcredentials?\b|\btoken\b|\brequests? per\b|\bunknown\b|\b4\d\d\b",
            r"\bmodel\b|\broles?\b|\bsessions?\b|\bnot (?:refused|rejected)\b|\brates?\b",
        ),
    ),
    Rule(
        "error_handling",
        ASKED,
        service_drafts.error_handling,
        words(_LEAVES, _SURVIVES),
        without=any_of(
            r"\bsessions?\b|\bgateway\b|\bslots?\b|\bdatabase\b|\bupstream\b|\bmetrics?\b|\bgenerat\w+ stops?\b"
        ),
    ),
    Rule(
        "error_handling",
        ASKED,
        service_drafts.error_handling,
        words(rf"{_CRASHES}|\bsurvives?\b", r"\b(?:errors?|requests?|bod(?:y|ies)|input|json|clients?)\b"),
        without=any_of(r"\bsessions?\b|\bgateway\b|\bdatabase\b|\bupstream\b|\bload\b|\bserver crash"),
    ),
    Rule(
        "error_handling",
        ASKED,
        service_drafts.error_handling,
        words(
            r"\berror[- ]handling\b|\bhandl\w+ (?:all )?(?:the )?(?:errors?|failures?|exceptions?)\b"
            r"|\b(?:errors?|failures?|exceptions?) (?:are|is|get|gets) (?:\w+ )?handled\b|\bfail(?:s"
            r"|ing)? gracefully\b"
            r"|\bhandles? errors?\b|\berror recovery\b|\brecover\w* (?:\w+ )?from (?:\w+ )?(?:errors?|failures?"
            r"|them)\b"
            r"|\b(?:structured|clear|meaningful|consistent|proper|secure) error (?:messages?|responses?|bod(?:y|ies)"
            r"|codes?)\b"
            r"|\b(?:does not|doesn't|never|must not|without) crash\w*|\bunknown (?:route|model|endpoint|path)s?\b"
            r"|\bclient disconnects?\b|\bstack ?traces?\b"
        ),
        without=any_of(
            r"\b(?:disaster|backup)\b|\b(?:malformed|invalid)\b.{0,40}\b(?:rejected|refused)\b",
            r"\balert\w*\b.{0,20}\berror|\berror[- ](?:based|rate)",
        ),
    ),
)
