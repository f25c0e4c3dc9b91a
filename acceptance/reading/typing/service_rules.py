"""Which words ask something of a service's own behaviour: endpoints, protocols, protection."""

from __future__ import annotations

from signoff.acceptance.reading.drafts.status import status
from signoff.acceptance.reading.typing import service_drafts
from signoff.acceptance.reading.typing.rule import ASKED, WORKS, Rule, any_of, words

_PAPER = r"\bdocument(?:ation|ed|s)?\b(?! retriev| stor| search| ind)|\bguides?\b|\brunbooks?\b"
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

PROTOCOLS: tuple[Rule, ...] = (
    Rule("websocket", ASKED, service_drafts.websocket, words(r"\bweb[- ]?sockets?\b|\bwss?://")),
    Rule("graphql", ASKED, service_drafts.graphql, words(r"\bgraphql\b")),
    Rule(
        "streaming",
        ASKED,
        service_drafts.streaming,
        words(
            r"\bstream(?:s|ed|ing|able)?\b|\bSSE\b|\bserver-sent events?\b|\btoken[- ]by[- ]token\b"
            r"|\bincremental(?:ly)? (?:token|output|response|delivered)"
        ),
        without=any_of(
            r"\bweb[- ]?sockets?\b|\b(?:single|one|per|each|concurrent|parallel|\d+) streams?\b"
            r"|\bkafka\b|\b(?:cuda|log|video|audio|data|event|metric|bit)[- ]?stream"
            r"|\bstream(?:s|ed|ing)? (?:logs?|metrics|video|audio|weights)\b|\bwork ?stream"
        ),
    ),
    Rule(
        "openai_api",
        ASKED,
        service_drafts.openai_api,
        words(
            r"\bopenai(?:'s)?[ -](?:api|compatib\w+|format|schema|style|spec\w*|protocol)\b"
            r"|\b(?:compatible|works?|working|usable|used|conform\w*|complian\w+|drop-in)\b.{0,40}\bopenai\b"
            r"|/v1/(?:chat/completions|completions|models|embeddings)\b"
        ),
        without=any_of(r"\bfall(?:s|ing)?[- ]?backs?\b|\bapi[- ]key\b|\b40[013]\b|\b429\b|\blatency\b"),
    ),
    Rule(
        "openai_api",
        ASKED,
        service_drafts.compatibility,
        words(r"\b(?:api|endpoints?)\b", r"\bcompatib\w+\b"),
        without=any_of(r"\bbackwards?\b|\bversions?\b|\bbrowser|\bcomponent"),
    ),
    Rule(
        "chat_roles",
        ASKED,
        service_drafts.chat_roles,
        words(
            r"\brole[- ]based (?:responses?|messages?|format\w*|chat|prompt\w*)\b|\bmessage roles?\b"
            r"|\bheed the roles\b|\broles?\b.{0,40}\b(?:system|assistant)\b|\bby their roles?\b"
            r"|\b(?:system|user|assistant)\b.{0,12}\b(?:user|assistant|system)\b.{0,16}\b(?:assistant|system|user"
            r"|messages|roles)\b"
            r"|\b(?:system|assistant) (?:and user )?(?:messages?|roles?|prompts?)\b"
        ),
        without=any_of(
            r"\b(?:leak|reveal|disclos|expos|extract)\w*"
            r"|\baccess control\b|\brbac\b|\bpermission|\badmin|\bfile system\b|\boperating system\b"
        ),
    ),
    Rule(
        "tokenization",
        ASKED,
        service_drafts.tokenization,
        words(r"\btoken(?:i[sz](?:e[sd]?|ers?|ing|ation)|[- ]count(?:s|ing)?)\b|/tokenize\b"),
    ),
    Rule(
        "queueing",
        ASKED,
        service_drafts.queueing,
        words(
            r"\bqueu(?:e[sd]?|eing|ing)\b.{0,60}\b(?:requests?|batch\w*|slots?|busy|wait\w*|prompts?|generations?"
            r"|priorit\w+)\b"
            r"|\b(?:requests?|batch\w*|prompts?|generations?)\b.{0,40}\bqueu(?:e[sd]?|eing|ing)\b"
            r"|\b(?:batch\w*|priorit\w+) (?:\w+ )?requests?\b|\brequest (?:batch\w*|priorit\w+)"
            r"|\b(?:handl\w+|serv\w+|support\w*|process\w*|accept\w*)\b.{0,40}\b(?:concurrent|simultaneous|parallel)\b"
            r"|\bconcurrent requests? (?:handl\w+|support\w*|process\w*)\b"
        ),
        without=any_of(
            r"\bkafka\b|\brabbit|\bmessage (?:queue|broker)|\bmetrics?\b|\balert|\bqueue (?:length|depth|size)\b"
        ),
        without_figures=True,
    ),
    Rule(
        "concurrency_limit",
        ASKED,
        service_drafts.concurrency_limit,
        words(r"\bconcurrency (?:is )?limit\w*|\blimit\w* (?:the |of )?concurren\w+|\bmax(?:imum)? concurren\w+"),
    ),
)
PROTECTION: tuple[Rule, ...] = (
    Rule(
        "authentication",
        ASKED,
        service_drafts.authentication,
        words(_AUTH),
        without=any_of(
            r"\bhugging ?face\b|\bregistry\b|\bgit(?:hub)?\b|\bssh\b|\bdownload|\bgated\b|\bdatabase auth"
            r"|\bin (?:the )?logs?\b"
            r"|\bno auth|\bunauthenticated access|\bwithout authentication (?:is|are) (?:ok|fine|allowed)"
        ),
    ),
    Rule(
        "rate_limit",
        ASKED,
        service_drafts.rate_limit,
        words(
            rf"\brate[- ]?limit\w*|\bthrottl\w+|{status(429)}|\btoo many requests\b|\brequest quotas?\b"
            r"|\blimit\w* (?:the )?(?:\w+ )?(?:request )?rates?\b|\bask too often\b"
        ),
        without=any_of(
            r"\b(?:second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
            r"|\d+(?:st|nd|rd|th)) (?!time|request|call)\w+ "
            r"(?:is|are|gets?|receives?|must|shall|has)\b"
            r"|\bconcurren|\bat (?:once|a time)\b|\b(?:cpu|thermal|gpu|disk|power) throttl|\bgithub\b|\bhugging ?face\b"
        ),
    ),
    Rule(
        "request_validation",
        ASKED,
        service_drafts.request_validation,
        words(
            rf"\b{_INPUT}\b.{{0,30}}\b{_CHECKED}|\b{_CHECKED}\b.{{0,30}}\b{_INPUT}\b|\bauthenticat\w+ and validat\w+"
            rf"|\b(?:invalid|malformed|bad|broken|incomplete|oversized)\b.{{0,20}}\b{_INPUT}\b.{{0,60}}"
            r"\b(?:4\d\d|4xx|reject\w*|refus\w*|errors?|answered|returns?)\b"
            rf"|\b(?:reject\w*|refus\w*|4\d\d|4xx)\b.{{0,40}}\b(?:invalid|malformed|bad|broken)\b.{{0,20}}\b{_INPUT}\b"
            rf"|{status(400, 422)}.{{0,60}}\b(?:invalid|malformed|missing|bad|unknown|wrong)\b"
        ),
        without=any_of(r"\bperformance\b.{0,30}\bvalidat|\bapi[- ]keys?\b|\brequests? per\b"),
    ),
    Rule(
        "error_handling",
        ASKED,
        service_drafts.error_handling,
        words(
            r"\berror[- ]handling\b|\bhandl\w+ (?:all )?(?:the )?(?:errors?|failures?|exceptions?)\b"
            r"|\b(?:errors?|failures?|exceptions?) (?:are|is|get|gets) (?:\w+ )?handled\b|\bfail(?:s|ing)? gracefully\b"
            r"|\bhandles? errors?\b|\berror recovery\b|\brecover\w* (?:\w+ )?from (?:\w+ )?(?:errors?|failures?|them)\b"
            r"|\b(?:structured|clear|meaningful|consistent|proper|secure) error (?:messages?|responses?|bod(?:y|ies)"
            r"|codes?)\b"
            r"|\b(?:does not|doesn't|never|must not|without) crash\w*|\bunknown (?:route|model|endpoint|path)s?\b"
            r"|\bclient disconnects?\b|\bstack ?traces?\b"
        ),
        without=any_of(r"\b(?:disaster|backup)\b|\balert\w*\b.{0,20}\berror|\berror[- ](?:based|rate)"),
    ),
)
_NOT_SERVICE = any_of(
    _PAPER,
    r"\bnext to\b|\bclient librar|\bsdks?\b|\bclass\b|\b(?:framework|tool|harness|utilit(?:y|ie))s?\b|\bdiscovery\b"
    r"|\bgateway\b|\bpulled\b|\bdownload"
    r"|\bquality\b|\bbest practices\b|\bscal(?:e|es|able|ing)\b|\bconfiguration of\b|\bdeployment config|\banalytics\b"
    r"|\bgraphql\b|\bweb[- ]?sockets?\b|\bservice level\b",
)
_BUILT = (
    r"\b(?:implement\w*|build|write|create|develop|complete|deliver)s? (?:\S+ ){0,6}?(?:service|inference) modules?\b"
    r"|\bservice implementation\b|\bservice modules?\s*$"
)
_COMPLETES = (
    r"\b(?:text|chat) completions?\b|\bgenerat\w+ (?:of )?(?:text|chats?|completions?|answers|responses)\b"
    r"|\b(?:text|response) generation\b"
)
IN_GENERAL: tuple[Rule, ...] = (
    Rule(
        "service",
        ASKED,
        service_drafts.service,
        words(rf"{_BUILT}|{_COMPLETES}"),
        without=any_of(_NOT_SERVICE.pattern, r"\badaptive|\badapt\b|\bcach(?:e|ing)\b|\blatency\b|\bthroughput\b"),
    ),
    Rule(
        "service",
        ASKED,
        service_drafts.service,
        words(
            r"\b(?:models?|services?|servers?|api|endpoints?|modules?)\s+"
            r"(?:(?:is|are|all|successfully|fully|up|and|comes|module|modules|starts?|has|have|been|that|it)\s+){0,4}"
            rf"(?:(?!supports?\b){WORKS}|loaded|loads|initiali[sz]es|written|implemented|built|complete[d]?|started)\b"
            r"|\b(?:implement\w*|build|write|create|develop|offer|provide|expose)s? (?:\S+ ){0,6}?"
            r"(?:services?|(?:api |rest )?endpoints?)\b"
            rf"|\b(?:completions?|inference|endpoints?|chat)\b.{{0,40}}\b(?:{WORKS})\b"
            r"|\bmodel (?:loading|initiali[sz]ation)(?: and (?:loading|initiali[sz]ation))? "
            r"(?:test\w*|valid\w*|verif\w*|works|succe\w+)"
            r"|\b(?:test|verify|confirm|check|see) (?:that )?(?:the )?model loads\b"
        ),
        without=_NOT_SERVICE,
        only_if_nothing=True,
    ),
)
