"""Which words ask something of a service's own behaviour: endpoints, protocols, queues."""

from __future__ import annotations

from signoff.acceptance.reading.typing import service_drafts
from signoff.acceptance.reading.typing.rule import ASKED, Rule, any_of, words

_NOT_STREAMED = any_of(
    r"\bweb[- ]?sockets?\b|\b(?:single|one|per|each|concurrent|parallel|\d+) streams?\b"
    r"|\bhangs? up\b|\bdisconnect\w*|\bmid-?stream\b|\b(?:middle of|during|abort\w*|cancel\w*"
    r"|leaves?) (?:a |the )?stream\b"
    r"|\b(?:api[- ]?)?keys?\b|\b40[13]\b"
    r"|\bkafka\b|(?<!text/)\b(?:cuda|log|video|audio|data|event|metric|bit)[- ]?stream"
    r"|\bstream(?:s|ed|ing)? (?:logs?|metrics|video|audio|weights)\b|\bwork ?stream"
)
PROTOCOLS: tuple[Rule, ...] = (
    Rule("websocket", ASKED, service_drafts.websocket, words(r"\bweb[- ]?sockets?\b|\bwss?://")),
    Rule("graphql", ASKED, service_drafts.graphql, words(r"\bgraphql\b")),
    Rule(
        "streaming",
        ASKED,
        service_drafts.streaming,
        # What comes, not the name of the flag that asks for it: `with "stream": true the words trickle in`.
        words(
            r"\bstream",
            r"\b(?:words?|tokens?|pieces?|chunks?|text|answer) (?:trickles?|drips?|flows?|comes?|arrives?) in\b",
        ),
        without=_NOT_STREAMED,
    ),
    Rule(
        "streaming",
        ASKED,
        service_drafts.streaming,
        words(
            r"\bstream(?:s|ed|ing|able)?\b|\bSSE\b|\bserver-sent events?\b|\btoken[- ]by[- ]token\b"
            r"|\bincremental(?:ly)? (?:token|output|response|delivered)|\b(?:delivered|sent|written|returned"
            r"|arrives?) "
            r"(?:incrementally|(?:in|as) (?:chunks|pieces|parts))\b"
            r"|\b(?:word|piece|chunk|bit|part|one)s?[- ](?:by|for|after)[- ](?:word|piece|chunk|bit|part|one"
            r"|another|the other)"
            r"|\btoken[- ](?:after|for)[- ]token\b|\[DONE\]"
            r"|\bdata: ?\[?done\b|\bchunks arrive\b|\bone token at a time\b"
            r"|\b(?:as|while|when|as soon as) (?:they|it|tokens|the answer) (?:are|is|get|gets) (?:being )?"
            r"(?:generated|produced|written|created)\b|\b(?:trickles?|drips?|flows?) in\b"
            r"|\btext/event-stream\b|\b(?:put together|joined|concatenated|glued together)\b.{0,40}"
            r"\b(?:pieces|chunks|events|parts|deltas)\b|\b(?:pieces|chunks|events|parts|deltas)\b.{0,24}"
            r"\b(?:put together|joined|concatenated|add up|give the same text)\b"
        ),
        without=_NOT_STREAMED,
    ),
    Rule(
        "openai_api",
        ASKED,
        service_drafts.openai_api,
        words(
            r"\bopenai(?:'s)?[ -](?:api|compatib\w+|format|schema|style|spec\w*|protocol)\b"
            r"|\b(?:compatible|works?|working|usable|used|conform\w*|complian\w+|drop-in)\b.{0,40}\bopenai\b"
            r"|/v1/(?:chat/completions|completions|models|embeddings)\b"
            r"|\bopenai(?:'s)? (?:clients?|sdks?|request|wire|dialect|interface|conventions|chat|embeddings?"
            r"|completions?)\b"
            r"|\b(?:as|like|what) (?:an? |any |the )?openai clients? (?:expects?|would|wants?|do(?:es)?)\b"
            r"|\b(?:speaks?|talks?|understands?|follows?|implements?|mirrors?|behaves? like|shape of"
            r"|format of)\b.{0,30}\bopenai\b"
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
            r"|\b(?:unknown|other|another|foreign|invalid) roles?\b|\broles? other than\b"
        ),
        without=any_of(
            r"\b(?:leak|reveal|disclos|expos|extract)\w*"
            r"|\baccess control\b|\brbac\b|\bpermission|\badmin|\bfile system\b|\boperating system\b"
            r"|/[\w.-]+\.\w{2,5}\b"
        ),
    ),
    Rule(
        "tokenization",
        ASKED,
        service_drafts.tokenization,
        words(
            r"\bcount(?:s|ing|ed)? (?:the )?tokens\b|\btokens? (?:are|is) counted\b|\btoken(?:i[sz](?:e[sd]?"
            r"|ers?|ing|ation)|[- ]count(?:s|ing)?)\b|/tokenize\b"
        ),
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
            r"|\b(?:handl\w+|serv\w+|support\w*|process\w*|accept\w*)\b.{0,40}\b(?:concurrent|simultaneous"
            r"|parallel)\b"
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
    Rule(
        "queueing",
        ASKED,
        service_drafts.queueing,
        words(
            r"\b(?:requests?|generations?|prompts?|what|the rest|the others)\b",
            r"\b(?:wait(?:s|ing)? (?:in (?:a )?(?:queue|line)|their turn|for a slot)|queues? up|queued|lined? up"
            r"|held back"
            r"|has to wait|have to wait|are buffered|queues (?:the )?requests|(?:concurrent|simultaneous"
            r"|parallel) requests (?:are|get) "
            r"(?:handled|served|processed|answered))\b",
        ),
        without=any_of(r"\bmetrics?\b|\balert|\bqueue (?:length|depth|size)\b|\bkafka\b|\bat most\b|\bno more than\b"),
        without_figures=True,
    ),
    # The check of queueing sends more than is served, and looks for what is lost.
    Rule(
        "queueing",
        ASKED,
        service_drafts.queueing,
        words(
            r"\bnot (?:be )?(?:served|answered|accepted|taken)\b",
            r"\b(?:429|503|refused|rejected)\b",
            r"\bretry\b|\bcome again\b",
        ),
        without=any_of(r"\bkeys?\b|\bper \w+\b|\brate\b|\bmetrics?\b|\balert"),
        without_figures=True,
        alone=True,
    ),
)
