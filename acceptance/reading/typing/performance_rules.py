"""Which words ask for performance or resources without a figure, and which ask about the model and its engine."""

from __future__ import annotations

from signoff.acceptance.reading.typing import library_drafts, model_drafts, performance_drafts
from signoff.acceptance.reading.typing.rule import ASKED, WORKS, Rule, any_of, words

_TARGETS = r"(?:targets?|requirements?|goals?|criteria|objectives?|limits?|slos?|slas?|expectations?|budgets?)"
_NOT_MEASURED = any_of(
    r"\b(?:tool|framework|script|utilit(?:y|ie))s?\b",
    r"\bmonitor\w*|\bmetrics?\b|\balert\w*|\bindicators?\b|\bguides?\b|\bdocument\w*|\btechniques\b|\badaptive\w*\b"
    r"|\btuning\b|\btune\b|\bgpu\b|\bcach(?:e|ing)\b|\breview\w*|\bvarious\b|\buse cases\b|\bperformance health\b"
    r"|\bbaseline\b",
)
_PERFORMS = words(
    rf"\bperformance\b.{{0,40}}\b{_TARGETS}\b|\b{_TARGETS}\b.{{0,40}}\bperformance\b"
    r"|\bperformance\b.{0,20}\b(?:benchmark\w*|test\w*|validat\w+|verif\w+)|\b(?:benchmark\w*|test\w*"
    r"|validat\w*)\b.{0,30}"
    r"\bperformance\b|\b(?:benchmark\w*) (?:\w+ )?pass|\bperformance optimi[sz]ation for speed\b"
    r"|\boptimi[sz]e performance"
    r" for speed\b|\bhigh[- ]performance inference\b|\bperforms? (?:well )?under load\b"
    r"|^[\w.-]{1,40} performance:"
)
_FAST = (
    r"\b(?:(?:ultra-?)?fast(?:est)?|quick(?:ly)?|rapid(?:ly)?|low[- ]latency|swift(?:ly)?|without delay"
    r"|prompt(?:ly))\b"
)
_ANSWER = r"\b(?:responses?|respond\w*|generat\w+|inference|infers?|completions?|answers?|repl(?:y|ies))\b"
_USE = r"\b(?:usage|use[sd]?|consum\w+|manag\w+|allocat\w+|footprint|limits?|stays?|utili[sz]\w*|within|budget)\b"
_NOT_USE = any_of(
    r"\bconversation(?:al)? memory\b|\bmonitor\w*|\bmetrics?\b|\balert\w*|\bguides?\b|\bdocument\w*|\badapt\w*"
    r"|\bdynamic\w*"
    r"|\b(?:nvidia|rocm|xpu)-smi\b|\bgpu\b|\bvram\b"
    r"|\bmemory for\b|\bin-memory\b|\bshared memory\b|\bsession memory\b|\bchat memory\b"
)

RULES: tuple[Rule, ...] = (
    Rule(
        "memory",
        ASKED,
        performance_drafts.memory_growth,
        words(
            r"\bmemory[- ]leaks?\b|\bleaks? (?:no |any )?memory\b|\bmemory (?:usage )?(?:growth|creep)\b"
            r"|\b(?:no|without) (?:\w+ )?growth (?:of|in) (?:the )?memory\b"
            r"|\bmemory\b.{0,30}\b(?:does not|must not|never|not|without) (?:\w+ )?(?:grow\w*|leak\w*|creep\w*)"
        ),
        without=any_of(r"\bmonitor\w*|\bmetrics?\b|\balert\w*|\bguides?\b|\bdocument\w*|\bgpu\b|\bvram\b|\bdetect\w*"),
    ),
    Rule("latency", ASKED, performance_drafts.latency, _PERFORMS, without=_NOT_MEASURED, without_figures=True),
    Rule("throughput", ASKED, performance_drafts.throughput, _PERFORMS, without=_NOT_MEASURED, without_figures=True),
    Rule(
        "latency",
        ASKED,
        performance_drafts.latency,
        words(
            rf"\b(?:latency|response times?)\b.{{0,40}}\b(?:{_TARGETS}|met|acceptable|low|within)\b"
            rf"|{_FAST}.{{0,40}}{_ANSWER}|{_ANSWER}.{{0,30}}{_FAST}"
        ),
        without=any_of(_NOT_MEASURED.pattern, r"\brecover\w*|\bauthenticat\w+"),
    ),
    Rule(
        "throughput",
        ASKED,
        performance_drafts.throughput,
        words(rf"\bthroughput\b.{{0,40}}\b(?:{_TARGETS}|met|high|sustained|within)\b"),
        without=_NOT_MEASURED,
    ),
    Rule(
        "memory",
        ASKED,
        performance_drafts.memory,
        words(r"\bmemory\b|\bram\b", rf"{_USE}|\bleaks?\b"),
        without=_NOT_USE,
    ),
    Rule("cpu", ASKED, performance_drafts.cpu, words(r"\bcpu\b", _USE), without=_NOT_USE),
    Rule(
        "memory",
        ASKED,
        performance_drafts.memory,
        words(
            r"\bresources?\b",
            r"\b(?:within|minimal|minimum|limits?|no more than)\b.{0,40}|\bresource (?:usage|consumption)\b",
        ),
        without=any_of(_NOT_USE.pattern, r"\bsufficient\b|\bavailable\b"),
    ),
    Rule(
        "cpu",
        ASKED,
        performance_drafts.cpu,
        words(
            r"\bresources?\b",
            r"\b(?:within|minimal|minimum|limits?|no more than)\b.{0,40}|\bresource (?:usage|consumption)\b",
        ),
        without=any_of(_NOT_USE.pattern, r"\bsufficient\b|\bavailable\b"),
    ),
    Rule(
        "context_length",
        ASKED,
        performance_drafts.context_length,
        words(r"\b(?:full |whole |maximum |configured )?context (?:length|window|size)\b", rf"\b{WORKS}\b"),
        without=any_of(r"\boptimi[sz]\w*|\bdocument\w*|\bmanage\w*|\btruncat"),
    ),
    Rule(
        "coherence",
        ASKED,
        performance_drafts.coherence,
        words(r"\bcoheren(?:ce|t)\b"),
        without=any_of(r"\bdocument\w*"),
    ),
    Rule(
        "engine_settings",
        ASKED,
        model_drafts.engine_settings,
        words(
            r"\b(?:vllm|engine|inference server|llama\.cpp|tgi|sglang|triton)\b",
            r"\b(?:optimi[sz]ed|optimi[sz]e|configur\w+|tuned|settings?|parameters?|initiali[sz]\w*|flags|arguments"
            r"|options)\b",
        ),
        without=any_of(r"\bintegrat", r"\bbest practices\b", r"\bclass\b", r"\bdocument", r"\bguides?\b"),
    ),
    Rule(
        "engine_settings",
        ASKED,
        model_drafts.engine_settings,
        words(
            r"\b(?:model|service|chat|engine)-specific (?:configuration|settings|parameters)\b"
            r"|\boptimal \w*\s?parameters\b"
            r"|\b(?:choose|chosen|configure|set|tune)\w* (?:the )?(?:optimal )?parameters\b"
            r"|\bsettings that only this model has\b"
            r"|\boptimi[sz]ed configuration\b"
        ),
        without=any_of(r"\bdocument|\bguides?\b"),
    ),
    Rule(
        "model_files",
        ASKED,
        model_drafts.model_files,
        words(
            (
                r"\b(?:model (?:files?|artifacts?)|files? (?:below|under|in|of)|sums?|checksums? (?:in|of)"
                r"|weights?|checkpoints?|safetensors|gguf|checksum files?|sha-?256)\b"
            ),
            r"\b(?:download\w*|verif\w+|present|intact|in place|exist\w*|checksums?|complete|available|match\w*"
            r"|agree|sums?|hash(?:es)?)\b",
        ),
        without=any_of(r"\bdocument|\blicen[sc]e|\bupdate|\btokens?\b|\busage\b"),
    ),
    Rule(
        "file",
        ASKED,
        model_drafts.file,
        words(
            r"^\W*(?:the )?(?:file )?(?<![\w/])"
            r"/(?:srv|etc|opt|var|usr|home|data|mnt|models?|run|root)/(?:[\w.-]+/)*[\w.-]*\w",
            r"\b(?:exists?|present|not empty|non-empty|there|in place)\b",
        ),
        without=any_of(r"\bno longer\b|\bnever\b|\bnot (?:there|present|exist)\b|\b\d{3}\b|/v1/|\b(?:GET|POST)\b"),
        without_figures=True,
    ),
    Rule(
        "unit_file",
        ASKED,
        model_drafts.unit_file,
        words(
            r"\b(?:service (?:configuration|unit)|systemd|unit file)\b",
            rf"\b(?:{WORKS}|creat\w+|install\w*|finds no fault|complaints|accept\w*)\b",
        ),
        without=any_of(r"\bdocument"),
    ),
    Rule(
        "library_class",
        ASKED,
        library_drafts.library_class,
        words(
            r"\bclass(?:es)?\b|\bsubclass\w*\b|\b(?:extend|inherit|deriv)\w*\b",
            r"\b(?:extend|inherit|deriv|subclass|implement|creat|defin|writ|add|provid|based on)\w*\b",
            r"(?-i:\b[A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*\b)",
        ),
        without=any_of(r"\bdocument|\b(?:world|first|best|business|enterprise)[- ]class\b"),
    ),
    Rule(
        "model_information",
        ASKED,
        library_drafts.model_information,
        words(r"\bmodules?\b", rf"\b{WORKS}\b|\bmodel information\b"),
        without=any_of(r"\bdocument", r"\breview", r"\bkernel"),
    ),
)
