"""Which words ask something of what surrounds a service: gateway, stores, dashboards, tests, guides."""

from __future__ import annotations

from signoff.acceptance.reading.typing import estate_drafts, paper_drafts, service_drafts
from signoff.acceptance.reading.typing.rule import ASKED, Rule, any_of, words

_PAPER = r"\bdocument(?:ation|ed|s)?\b(?! retriev| stor| search| ind)|\bguides?\b|\brunbooks?\b"
_SUITE = r"(?:unit|integration|end-to-end|e2e|regression|smoke|acceptance|component|contract|functional)"
_PASSES = r"(?:pass(?:es|ed|ing)?|succe\w+|green|clean|without failures?|no failures?)"

RULES: tuple[Rule, ...] = (
    Rule(
        "retrieval",
        ASKED,
        service_drafts.retrieval,
        words(
            r"\bvector[- ](?:databases?|stores?|dbs?|search|index(?:es)?)\b|\b(?:qdrant|milvus|weaviate|pinecone"
            r"|chromadb?"
            r"|pgvector|faiss)\b|\bRAG\b|\bretrieval[- ]augment\w+|\b(?:context|document|knowledge"
            r"|passage)[- ]retrieval\b"
            r"|\bknowledge base\b"
            r"|\b(?:add|put|store|insert)s? (?:an?|the|one) (?:new )?(?:article|document|fact|passage"
            r"|entry) (?:in)?to the "
            r"(?:document )?(?:store|index)\b"
            r"|\b(?:articles?|documents?|facts?|passages?|entries|entry) (?:that (?:is|are|was|were) )?(?:added|put) "
            r"(?:in)?to the (?:document )?(?:store|index)\b"
        ),
        without=any_of(
            r"\bdocument(?:ation|ed)\b|\bguides?\b|\brunbooks?\b|\bvendor\b|\bselected\b|\bchosen\b",
            r"\bprocedures?\b|\bbackups?\b|\bfragment|\bquantit|\bstorage\b|\bseamless\w*|\bconfigurations?\b"
            r"|\bsoftrag",
        ),
    ),
    Rule(
        "breaker",
        ASKED,
        estate_drafts.breaker,
        words(
            r"\bcircuit[- ]?break\w*|\bbreak the circuit\b|\bcircuit (?:of|to|for)\b.{0,40}\bopens?\b"
            r"|\bcut off after\b"
            r"|\b(?:circuit|breaker) (?:\w+ ){0,2}?opens?\b"
        ),
    ),
    Rule(
        "fallback_chain",
        ASKED,
        service_drafts.fallback_chain,
        words(
            r"\bfall(?:s|ing)?[- ]?backs?\b|\bgraceful(?:ly)? degrad\w+|\bdegrad\w+ gracefully\b"
            r"|\bdegraded (?:mode|answers?|responses?|service|operation)\b|\bdegradation (?:strateg|path|mode)\w*"
            r"|\b(?:marked|flagged|labell?ed|says that it is|says so|mark\w*) .{0,20}\bdegraded\b"
            r"|\bdegraded\b.{0,12}\btrue\b"
            r"|\bdegradation is graceful\b"
        ),
        without=any_of(_PAPER, r"\brollback\b|\bfont\b"),
    ),
    Rule(
        "gateway_routing",
        ASKED,
        estate_drafts.gateway_routing,
        words(
            r"\bgateway\b|\b(?:requests?|traffic|model|intelligent|smart) rout(?:ing|er|ed)\b|\brout(?:es?|ing) "
            r"(?:of )?(?:requests?|traffic|calls|to)\b|\brouting (?:and|or) (?:load|balanc)|\bbalancing and routing\b"
            r"|\b(?:requests?|traffic|calls)\b.{0,12}\b(?:routed|forwarded|dispatched|directed)\b"
        ),
        without=any_of(
            _PAPER,
            r"\b50[234]\b|/(?:health|ready|live)\w*|\bmetrics?\b|\bkeys?\b|\b40\d\b|\bmemory\b|\bcores?\b"
            r"|\bregisters? (?:themselves|itself)\b|\bgateway (?:lists?|knows?)\b|\bgateway time-?outs?\b"
            r"|\bdefault gateway\b|\bpayment\b|\bnat gateway\b",
            # What a gateway costs says nothing of where it sends a request.
            r"\boverhead\b|\bgateway(?:'s)? (?:itself )?(?:latency|delay|adds)\b|\b(?:latency"
            r"|delay) of the gateway\b",
        ),
    ),
    Rule(
        "discovery",
        ASKED,
        estate_drafts.discovery,
        words(
            r"\b(?:service|model|endpoint) discovery\b|\bdiscovery of (?:the )?(?:services?|models?)\b"
            r"|\b(?:services?|models?|instances?) (?:are|is|can be|register\w*)\b.{0,40}\b(?:discover\w*|registry)\b"
            r"|\bdiscovers?\b.{0,20}\b(?:services?|models?)\b|\bregisters? (?:themselves|itself)\b"
            r"|\bgateway\b.{0,20}\b(?:lists?|knows?|shows?)\b.{0,40}\b(?:services?|models?|backends?)\b"
        ),
        without=any_of(_PAPER),
    ),
    Rule(
        "balancing",
        ASKED,
        estate_drafts.balancing,
        words(
            r"\bload[- ]balanc\w+|\bbalanc\w+ (?:the )?(?:load|requests|traffic)\b|\bround[- ]robin\b"
            r"|\b(?:requests?|traffic|load)\b.{0,24}\b(?:distributed|spread|balanced|shared|divided)\b"
            r"|\bbalanc(?:e|es|ed|ing)\b.{0,40}\b(?:replicas?|instances?|backends?)\b|\b(?:both|all|several|two"
            r"|three) (?:of "
            r"(?:its|the) )?replicas (?:\w+ )?(?:serve|answer|get|take|share)\b"
            r"|\b(?:distribut\w+|spreads?)\b.{0,20}\b(?:requests?|traffic|load)\b.{0,24}\b(?:replicas?|instances?"
            r"|backends?|across|over)\b"
        ),
        without=any_of(_PAPER),
    ),
    Rule(
        "service_gone",
        ASKED,
        estate_drafts.service_gone,
        words(
            r"\b(?:none of its processes|no process(?:es)? of it|no process(?:es)?)\b.{0,24}"
            r"\b(?:left|remains?|running|runs?|alive|there)\b"
        ),
        without=any_of(_PAPER, r"\b(?:old|former|other|previous|metrics?|alert\w*)\b"),
    ),
    Rule(
        "alert_rules",
        ASKED,
        estate_drafts.alert_rules,
        words(r"\balert(?:s|ing|ed|manager)?\b(?!\()|\brules? (?:that|which) (?:fires?|warns?|alerts?)\b"),
        without=any_of(_PAPER, r"\bno alerts\b|\balert coverage\b|\blook at\b"),
    ),
    Rule(
        "dashboard",
        ASKED,
        estate_drafts.dashboard,
        words(r"\bdashboards?\b|\bgrafana\b"),
        without=any_of(_PAPER, r"\bupdate\b|\bproject\b|\bstatus dashboard\b|\breview\w*"),
    ),
    Rule(
        "test_report",
        ASKED,
        paper_drafts.test_report,
        words(
            rf"\b(?:tests?|test (?:suites?|cases?)|pytest|ctest|ci(?: pipeline)?"
            rf"|test ?suites?)\b.{{0,30}}\b{_PASSES}\b"
            rf"|\b{_PASSES}\b.{{0,20}}\b(?:tests?|test suites?)\b"
            rf"|(?<!database )(?<!engine )(?<!monitoring )(?<!gateway )\b{_SUITE} test(?:s|ing)?\b"
            r"|\bjunit\b.{0,40}\b(?:no failures?|green|pass\w*)\b|\b(?:tests?|suite)\b.{0,20}\bno failures?\b"
            r"|\btests? (?:of|for) the integration\b|\b(?:test|validate) (?:and \w+ )?the integration\b"
        ),
        without=any_of(
            _PAPER,
            r"\bvector\b|\bhealth checks?\b|\butilit\w+|\bframeworks?\b|\btools?\b|\bplan\b|\bresults?\b|\bsession"
            r"|\bpenetration\b|\bcoverage\b",
        ),
    ),
    Rule(
        "api_documentation",
        ASKED,
        paper_drafts.api_documentation,
        (paper_drafts.API,),
        without=any_of(r"\bupdate\b|\breviews?\b"),
    ),
    Rule(
        "guides",
        ASKED,
        paper_drafts.guides,
        words(
            r"\b(?:guides?|runbooks?|readme|handbooks?|manuals?|playbooks?|how-?tos?|tutorials?)\b"
            r"|\b[\w-]{3,40} (?:documentation|docs|documented)\b|\b(?:documentation|docs) (?:of|on|for|about) \w+"
            r"|\bprocedures? (?:is |are )?(?:documented|written)\b|\b(?:is|are) (?:documented|described|explained)\b"
            r"|\bchapters? (?:on|about|for)\b|\b(?:read|find|written) (?:\w+ )?(?:in|below) [`'\"]?docs\b"
        ),
        without=any_of(
            r"\bupdate\b|\barchitecture document\b|\blibrary documentation\b|\bresults?\b|\bbenchmarks?\b"
            r"|\bthe documentation"
            r"|\bapi\b.{0,20}\b(?:documentation|docs)\b|\blessons\b|\bmanual(?:ly)? test|\bstyle guides?\b"
            r"|\bcompliance\b"
        ),
    ),
)
