"""Which words ask that a service is there and answers, and that it shows its health and its metrics."""

from __future__ import annotations

from signoff.acceptance.reading.typing import metric_drafts, service_drafts
from signoff.acceptance.reading.typing.rule import ASKED, MAKES, WORKS, Rule, any_of, words

_DONE = rf"\b(?:{WORKS}|{MAKES})\b"
_PAPER = r"\bdocument(?:ation|ed|s)?\b(?! retriev| stor| search| ind)|\bguides?\b|\brunbooks?\b"
_METRIC = r"\b(?:metrics?|monitor(?:s|ed|ing)?|telemetry|observability|prometheus|instrument(?:ed|ation))\b"
_NOT_HEALTH = any_of(
    _PAPER,
    r"\bdashboards?\b|\bgrafana\b|\bas (?:a|the) (?:metric|gauge)\b|\bhealth-based\b|\bbad health\b"
    r"|\bperformance health\b",
    # What is left out of a demand is not demanded: `every route except /healthz needs a key`.
    r"\b(?:except(?: for)?|other than|besides|apart from|excluding|but(?: not)?"
    r"|save for)\s+(?:[\w`]+\s+){0,3}?[`'\"]?"
    r"(?:(?:GET\s+)?/(?:healthz?|readyz?|livez?)\b|(?:the )?health\b)",
)
_NOT_METRICS = any_of(
    _PAPER,
    r"\bas an? (?:prometheus )?(?:metric|gauge|counter|histogram)\b",
    r"\bdashboards?\b|\bgrafana\b|\b(?:memory|gpu|cpu|disk|resource) (?:and \w+ )?monitoring\b"
    r"|\bhealth monitoring\b(?!.*metric)"
    r"|\brules? (?:that|which) (?:fires?|warns?|alerts?)\b|\bmetrics? (?:review|analysis)\b"
    r"|\bsuccess metrics\b|\bhealth metrics\b|\banaly[sz]e the metrics\b",
)
RULES: tuple[Rule, ...] = (
    Rule(
        "metric_named",
        ASKED,
        metric_drafts.metric_named,
        words(
            metric_drafts.STATES,
            r"\bas (?:a |an )?(?:prometheus )?(?:metric|gauge|counter)s?\b|\bin (?:the )?metrics\b|/metrics\b"
            r"|\bmetrics? (?:on|about|for|of)\b|\bprometheus\b",
        ),
        without=any_of(_PAPER, r"\bdashboards?\b|\bgrafana\b|\balert\w*"),
        alone=True,
    ),
    Rule(
        "metrics",
        ASKED,
        metric_drafts.metrics,
        words(
            _METRIC,
            rf"{_DONE}|\bmonitor(?:s|ed)? (?:the )?(?:performance|requests|latency|errors|service|traffic|usage"
            rf"|load)\b|\bintegration\b|\bcollection\b|\b(?:comprehensive|unified)\b|\bexport|\bscrap\w+|/metrics\b",
        ),
        without=_NOT_METRICS,
    ),
    Rule(
        "metric_named",
        ASKED,
        metric_drafts.resource_metrics,
        words(
            r"\b(?:gpu|memory|cpu|disk|resources?)\b",
            r"\b(?:gpu|memory|cpu|disk|resources?) (?:and \w+ )?(?:usage )?monitoring\b|\b(?:gpu|memory|cpu|disk"
            r"|resources)\b.{0,24}\b(?:is|are) monitored\b|\bmonitor(?:s"
            r"|ed)? (?:the )?(?:gpu|memory|cpu|disk|resources?)\b",
        ),
        without=any_of(_PAPER, r"\bdashboards?\b"),
    ),
    Rule(
        "health",
        ASKED,
        metric_drafts.health,
        words(
            r"\bhealth(?:[- ](?:checks?|endpoints?|monitoring|status|probes?|reporting|metrics|indicators?))?\b"
            r"|\b(?:readiness|liveness|startup) (?:probes?|checks?|endpoints?)\b|/(?:healthz?|readyz?|livez?)\b",
            rf"{_DONE}|\b(?:comprehensive|unified)\b|\b200\b|/(?:healthz?|readyz?|livez?)\b|\bframework\b|\bstatus\b",
        ),
        without=_NOT_HEALTH,
    ),
    Rule(
        "metric_named",
        ASKED,
        metric_drafts.metric_named,
        words(
            r"\bas (?:a |an )?(?:prometheus )?(?:metric|gauge|counter|histogram)s?\b|\bmetrics? (?:about|on|for"
            r"|of) \w+"
            r"|\b(?:is|are) counted\b|\bnumber of\b.{0,30}\bmetrics?\b|\bin (?:the )?metrics\b",
            rf"\b(?:{metric_drafts.NOUNS})s?\b",
        ),
        without=any_of(
            _PAPER, r"\bdashboards?\b|\bgrafana\b|\balert\w*|\bsuccess metrics\b|\btokens? (?:is|are) counted\b"
        ),
    ),
    Rule(
        "metric_named",
        ASKED,
        metric_drafts.metric_named,
        # `KV cache usage is exported`: figures are exported as metrics.
        words(
            rf"\b(?:{metric_drafts.NOUNS})s? (?:usage|utili[sz]ation|length|depth|size|occupancy|hit rate"
            rf"|hits|fill level)"
            r" (?:is|are) (?:exported|exposed|published|scraped)\b"
        ),
        without=any_of(_PAPER, r"\bdashboards?\b|\bgrafana\b|\balert\w*"),
    ),
    Rule(
        "metrics",
        ASKED,
        metric_drafts.metrics,
        words(
            r"\b(?:metrics?|prometheus|/metrics|counters?)\b",
            r"\b(?:counts?|among them|visible|found|scrap\w+|read|published|increment\w*|rises?|raises?|moves?|answers?"
            r"|as the metric|one (?:higher|more)|goes up)\b"
            r"|\b[a-z]\w*_(?:total|seconds|bytes)\b",
        ),
        without=any_of(_NOT_METRICS.pattern, r"\bsurvives?\b|\brestart\w*|\balert\w*|\bseconds? (?:after|within)\b"),
    ),
    Rule(
        "metrics",
        ASKED,
        metric_drafts.metrics,
        # A name that ends as names of metrics do needs no other word that says so.
        words(
            r"\bmetrics? (?-i:[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b)"
            r"|(?-i:\b[a-z][a-z0-9]*(?:_[a-z0-9]+)*_(?:total|count|sum|bucket|seconds|bytes|ratio|info)\b)",
            r"\b(?:expos\w+|export\w*|publish\w*|report\w*|count(?:s|ed)?|raises?|moves?|rises?|goes up|increments?"
            r"|increases?|present|found|visible|shown|shows?|there|samples?|exists?|available|histogram|gauge|counter"
            r"|metric)\b",
        ),
        without=any_of(_NOT_METRICS.pattern, r"\bsurvives?\b|\brestart\w*|\balert\w*|\blogs?\b|[=<>]"),
    ),
    Rule(
        "health",
        ASKED,
        metric_drafts.health,
        words(r"\bmonitoring\b", rf"\b{WORKS}\b"),
        without=any_of(_NOT_HEALTH.pattern, _NOT_METRICS.pattern, r"\balert"),
    ),
)
_NOT_SERVICE = any_of(
    _PAPER,
    r"\bnext to\b|\bclient librar|\bsdks?\b|\bclass\b|\b(?:framework|tool|harness|utilit(?:y|ie))s?\b|\bdiscovery\b"
    r"|\bgateway\b|\bpulled\b|\bdownload"
    r"|\bquality\b|\bbest practices\b|\bscal(?:e|es|able|ing)\b|\bconfiguration of\b|\bdeployment config"
    r"|\banalytics\b"
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
        without=any_of(
            _NOT_SERVICE.pattern, r"\badaptive|\bopenai\b|\badapt\b|\bcach(?:e|ing)\b|\blatency\b|\bthroughput\b"
        ),
    ),
    Rule(
        "service",
        ASKED,
        service_drafts.service,
        words(
            r"\bservice, implemented\b|\b(?:models?|services?|servers?|api|endpoints?|modules?)\s+"
            r"(?:(?:is|are|all|successfully|fully|up|and|comes|module|modules|starts?|has|have|been|that|it)\s+){0,4}"
            rf"(?:(?!supports?\b){WORKS}|loaded|loads|initiali[sz]es|written|implemented|built|complete[d]?"
            rf"|started)\b"
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
    Rule(
        "service",
        ASKED,
        service_drafts.service,
        words(
            r"\b(?:answers?|replies to|responds? to|serves?|completes?|generates?) (?:a |an |the |simple |first )*"
            r"(?:chat|completions?|questions?|prompts?|text)\b|\b(?:chat"
            r"|completion)s? requests? (?:\w+ )?(?:gets?|receives?|is"
            r"|are|yields?|returns?) (?:\w+ ){0,2}?(?:answer\w*|repl\w+|response|completion)\b"
            r"|\bcan be chatted with\b"
        ),
        without=any_of(
            _NOT_SERVICE.pattern, r"\b[45]\d\d\b|\bopenai\b|/v1/|\bstream\w*|\bwithin\b|\bkeys?\b|\bsessions?\b"
        ),
        only_if_nothing=True,
    ),
)
