"""What a figure is about, by the words near it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from signoff.acceptance.reading.quantities.units import DIMENSIONS
from signoff.acceptance.reading.search.sought import EVERYTHING, Sought, Table

_Table = Table[str]


def _table(*rows: tuple[str, str]) -> _Table:
    return Table((Sought(pattern), name) for pattern, name in rows)


# By dimension, the words that say what a figure is about; the first that stands in the clause decides.
_SUBJECTS: dict[str, _Table] = {
    "time": _table(
        (
            (
                # Between the start and the first request that is taken.
                r"\b(?:from|after|of) (?:(?:a|the|its|each|every|being|process|cold) )*(?:re)?start(?:ed"
                r"|s|up)?(?: command)?"
                r"\b[^.;:]{0,60}?\b(?:ready|takes? requests|(?:first )?answers?|able to (?:answer|serve)"
                r"|serves?|accepts?)\b"
                r"|\bstart(?:ed)? (?:to|until) (?:it is )?ready\b"
                r"|\b(?:is|are|be) (?:back|there|ready) (?:[\w.]+ ){0,4}?after (?:it|they|the service) (?:was|were|is) "
                r"(?:re)?started\b"
                r"|\b(?:load(?:ing)?[ -]?times?|times? to (?:load|start|ready)|cold starts?|start-?up times?|warm-?up"
                r"|(?:is|be|becomes?|comes?) (?:ready|up)|ready (?:in|within|after))\b"
            ),
            "load_time",
        ),
        (
            (
                r"\b(?:ttft|(?:time (?:to|until) (?:the )?)?(?:first|1st)[ -](?:token|chunk|byte|word|piece|event)s?)\b"
                r"|\b(?:responses?|answers?|replies|streams?|streaming) (?:start|begin)s?\b"
                # Of what is streamed: `the words trickle in; the first one is there after 600 ms`.
                r"|\b(?:words?|tokens?|pieces?|chunks?)\b[^.]{0,80}\bfirst one\b"
                r"|\b(?:starts?|begins?) (?:streaming|answering|replying|to stream)\b"
            ),
            "ttft",
        ),
        (
            (
                r"\b(?:inter[ -]token|itl|tpot|tbt|(?:per|between)(?: (?:output|two|consecutive|successive|generated"
                r"|any two))*"
                r" tokens?|(?:token|mean|average) gaps?|gaps? (?:of|in) (?:the )?(?:tokens|stream))\b"
            ),
            "inter_token_latency",
        ),
        (
            (
                r"\bdurations? of (?:an?|the|each|one) (?:answer|request|response|completion|reply|chat)s?\b"
                r"|\b(?:whole|full|entire|complete) (?:answer|response|reply|completion)s?\b|\banswer(?:ing)? times?\b"
            ),
            "latency",
        ),
        (
            (
                r"\b(?:time-?outs?|intervals?|expir\w*|retention|durations?|uptime|recover\w*|restart\w*|failover"
                r"|drain\w*"
                r"|shut(?:s|ting)? ?down|rollback|cool-?down|keep-?alive|ttl)\b"
            ),
            "duration",
        ),
        (
            (
                r"\b(?:latency|latencies|responses?|respond\w*|inference|repl(?:y|ies)|answer(?:s|ed|ing)?|e2e"
                r"|end-to-end"
                r"|round-?trip|(?:requests?|completions?|generations?|queries|calls?)"
                r" (?:(?:may|must|can|should|shall|will|not|never|ever) ){0,3}(?:takes?|completes?|finish\w*|served"
                r"|(?:is|are|be) (?:served|done|complete\w*|finished))|completes? (?:in|within|after|under)|tail"
                r"|latencia|latenz\w*|(?:tiempo de )?respuesta|responde|antwort\w*|antwortzeit\w*)\b"
            ),
            "latency",
        ),
        (
            r"\b(?:loading|loads?|loaded|start-?up|starts?|started|boots?|initiali[sz]\w+|restarts?)\b",
            "load_time",
        ),
        (
            (
                r"\b(?:takes?|finish\w*|done|complete[ds]?|returns?|come back|comes back|delivers?|delivered|arrives?"
                r"|processed|slower)\b"
            ),
            "latency",
        ),
        (r"\b(?:t?p\s?\d{2}(?:\.\d+)?|percentile|median)\b", "latency"),
    ),
    "size": _table(
        (
            (
                r"\b(?:storage|disks?|disco|festplatten?(?:platz)?|speicherplatz|almacenamiento|drive|volume|ssd|nvme"
                r"|free (?:below|under|in|on)(?= /)"
                r"|space)\b"
            ),
            "storage",
        ),
        (r"\b(?:vram|gpus?)\b(?!-\d)", "gpu_memory"),
        (
            (
                r"\b(?:memory|mem|ram|rss|resident|footprint|working set|memoria|(?:arbeits)?speicher(?:bedarf"
                r"|verbrauch)?)\b"
            ),
            "memory",
        ),
    ),
    "tokens": _table(
        (
            (
                # What is accepted as a prompt, not how long the prompts of a figure are.
                r"\b(?:prompts?|inputs?|requests?)\b(?![^;]*\d\s?(?:ms|s|sec|seconds?|min|minutes?)\b)[^;]{0,60}\btokens\b"
                r"[^;]{0,30}\b(?:accepted|taken|supported|allowed|possible)\b"
                r"|\b(?:takes?|accepts?|supports?|allows?) (?:prompts?|inputs?)\b"
                r"(?![^;]*\d\s?(?:ms|s|sec|seconds?|min|minutes?)\b)"
                r"|\bprompts? and (?:the )?(?:answer|completion)s? together\b"
                r"|\b(?:contexts?|contexto|kontext\w*|window|max_model_len|prompt length|n_ctx|num_ctx|ctx"
                r"|sequence length"
                r"|max(?:imum)? length)\b"
            ),
            "context_length",
        ),
    ),
    "cores": _table((r".", "cpu")),
    "rate": _table(
        (
            (
                r"\brate[- ]?limit\w*|\bthrottl\w+|\bquotas?\b|\blimited to\b|(?<![\d.,])429\b|\bcapped\b|\bburst\b"
                r"|\b(?:each|every|one|a single|a)\s+(?:(?:api\s+)?key|client|tenant|user|consumer|address|visitor"
                r"|caller|ip)"
                r"\s+(?:may|can|gets?|has|is allowed|sends?|that sends)\b|\bfrom (?:one|a single|the same|each) "
                r"(?:address|client|key|user|ip|host)\b|\ball(?:ow|ow)s? (?:each|every|a|one) (?:key|client|user)\b"
                r"|\b(?:are|is) accepted from\b|\band (?:key|client|user|tenant)\b"
                r"|\bper (?:client|user|ip|(?:api )?key|token|tenant|consumer)\b|\blimit request rates\b"
                r"|\bpor (?:cliente|usuario|ip|clave|token)\b"
            ),
            "rate_limit",
        ),
        (r".", "throughput"),
    ),
    "token_rate": _table((r".", "token_rate")),
    "concurrency": _table((r".", "concurrency")),
    "ratio": _table(
        (r"\bcoheren\w+", "coherence"),
        (r"\b(?:documentation|requirements?|features?|api|alerts?|scenarios?|doc) coverage\b", "share"),
        (
            (
                r"\bcoverage\b|\b(?:statements|lines|code) (?:(?:is|are|must be|has to be"
                r"|have to be) )?(?:covered|tested|exercised)"
                r" by (?:the )?(?:unit )?tests\b|\btests (?:cover|exercise)\b.{0,40}\b(?:statements|lines|code)\b"
            ),
            "coverage",
        ),
        (r"\b(?:errors?|failures?|failed|fails?|unsuccessful\w*|5xx|error(?:es)?|fallos|fehler\w*)\b", "error_rate"),
        (r"\b(?:availab\w+|uptime)\b", "availability"),
        (r"\bcpu\b", "cpu_utilisation"),
        (r"\bgpu\b", "gpu_utilisation"),
        (r"\b(?:memory|ram)\b", "memory_utilisation"),
        (r"\b(?:succe\w+|answered|éxito|erfolgreich\w*|erfolgsquote)\b", "success_rate"),
    ),
}
# Bare numbers that need no unit, because what they count says it: `Requests per second > 20`.
_DONE = r"(?:requests )?(?:completed|answered|served|processed|finished|handled)(?: requests)?"
COUNTED: Table[tuple[str, str]] = Table(
    (Sought(pattern), (unit, dimension))
    for pattern, unit, dimension in (
        (r"\b(?:req(?:uest)?s? ?(?:per|/) ?s(?:ec(?:ond)?)?|rps|qps|throughput)\b", "requests/s", "rate"),
        (r"\btok(?:en)?s? ?(?:per|/) ?s(?:ec(?:ond)?)?\b", "tokens/s", "token_rate"),
        (
            r"\b(?:context(?:[ _-](?:length|window|size))?|max_model_len|n_ctx|num_ctx|ctx[-_ ]size)\b",
            "tokens",
            "tokens",
        ),
        (
            rf"\b(?:{_DONE}|answers|completions|responses|replies|chats) ?(?:per|an?|/) ?s(?:ec(?:ond)?)?\b",
            "requests/s",
            "rate",
        ),
        (
            r"\b(?:concurrency|concurrent|in parallel|at (?:once|a time|the same time)|side by side|open streams)\b",
            "requests",
            "concurrency",
        ),
        (r"\b(?:cpu )?cores\b", "cores", "cores"),
        (r"\b(?:coheren\w+|score|ratio|share|utili[sz]ation|error rate)\b", "ratio", "ratio"),
        (r"\bcoverage\b", "%", "ratio"),
    )
)
# What may stand straight before a bare number that has neither unit nor comparator: `context length: 8192`.
LEAD = re.compile(
    r"\b(?:context[ _-](?:length|window|size)|max_model_len|n_ctx|num_ctx|ctx[-_ ]size|concurrency(?: limit)?"
    r"|max(?:imum)? concurren\w+(?: requests)?|req(?:uest)?s?/s(?:ec)?"
    rf"|(?:{_DONE}|answers|completions|responses|replies) per second|cores (?:in use|busy"
    rf"|used)(?:,? (?:mean|on average))?"
    r"|(?:answers|generations|requests|streams|completions)[\w ]{0,24} (?:at (?:once|a time"
    r"|the same time)|side by side)"
    r"|open streams(?: in all)?"
    r"|coherence(?: score| threshold)?)\s*(?:of|:|=|is|to|at)?\s*$",
    re.IGNORECASE,
)
AT_LEAST = frozenset(
    {
        "throughput",
        "token_rate",
        "context_length",
        "coherence",
        "coverage",
        "availability",
        "success_rate",
        "storage",
        "concurrency",
        "share",
    }
)


def subject_of(dimension: str, places: Iterable[str], holds: int = EVERYTHING) -> str:
    """What a figure of this dimension is about, by the nearest text that says so.

    `holds` is what these texts hold at most of what is looked for in them.
    """
    places = tuple(filter(None, places))
    rows = _SUBJECTS.get(dimension)
    possible = rows.among(holds) if rows is not None else ()
    is_limited = dimension == "rate" and bool(possible) and possible[0][1] == "rate_limit"
    if is_limited and any(map(possible[0][0].search, places)):
        # A limit is often said in another clause than its figure: `4 requests/s; the fifth gets 429`.
        return "rate_limit"
    for place in places:
        for pattern, subject in possible:
            if pattern.search(place):
                return subject
    return DIMENSIONS[dimension]
