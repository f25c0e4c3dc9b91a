"""Why a person has to judge a demand, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from signoff.acceptance.reading.drafts.criterion_draft import Note
from signoff.acceptance.reading.search.sought import Sought, Table
from signoff.acceptance.reading.source.document import Statement

PREREQUISITE = "it is a prerequisite of the task, outside the server under test: a person has to see that it is met"
ABOUT_TASK = "it is a judgement about the task, not about the server: a person has to make it"
RECOMMENDED = "it is a recommendation, so nothing fails by it: a person has to weigh it"
_UNKNOWN = "no rule turns these words into a measurement: a person has to say how it shows, or a binding does"
_EXCLUDED = "the text says that it is optional or left out: a person has to say whether it counts"
_ADJECTIVES = (
    r"(?:robust|efficient|seamless|elegant|scalable|secure|optimal|optimi[sz]ed|comprehensive|clean|maintainable"
    r"|intuitive"
    r"|user-friendly|reliable|effective|modular|flexible|extensible|simple|good|adequate|sufficient|professional"
    r"|production-(?:ready|grade)|well[- ]designed|readable|thorough)"
)
_QUALITY = Sought(
    rf"(?<!accurate and )\b(?P<words>{_ADJECTIVES}(?:(?:,| and| &) {_ADJECTIVES})*)\s*[.!]?\s*$"
    r"|\b(?:is|are|was|were|be|been)\b[^,;]{0,60}?\b(?P<how>(?:seamless|reliab|efficient|effective|optimal|elegant"
    r"|robust)l?y"
    r"(?: and \w+ly)?)\s*[.!]?\s*$"
)
_PAPER = Sought(r"\bdocument(?:ation|s)?\b|\bdocs\b|\bguides?\b|\brunbooks?\b|\breadme\b")
_PEOPLE = Sought(
    r"\b(?:code|security|architecture|peer|design|legal|privacy|compliance|ux) (?:reviews?|audits?)\b"
    r"|\breviewed (?:by|with)\b"
    r"|\bpull request|\bsign(?:ed)?[- ]off\b|\b(?:has|have) signed\b"
    r"|\bapproved by\b|\bnotif(?:y|ied) (?!on\b)|\bcommunicate\w* (?:to|with)\b"
    r"|\bstakeholders?\b|\bresults? (?:are )?documented\b|\bdocumented and validated\b|\blessons learned\b"
    r"|\bmeetings?\b"
    r"|\bworkshops?\b|\b(?:discussed|agreed) (?:with|by|on)\b|\btrained on\b|\b(?:team|staff) trained\b"
    r"|\btrain(?:ed|ing) (?:of )?(?:the )?(?:team|staff|users|operators)\b|\bteam (?:is|has been|was)\b"
    r"|\bdecide (?:on|whether|between|if|which)\b|\bwhether to (?:use|add|build|support|offer)\b"
    r"|^(?:evaluate|investigate|research|discuss|consider|compare|explore|plan|propose|estimate|assess|brainstorm)\b"
    r"|\bupdate (?:the )?(?:high-level|task|project|architecture|status|modular|monitoring dashboards|documentation"
    r"|wiki"
    r"|ticket|changelog|roadmap)\b|\bdetailed result summary\b|\bmilestones?\b|\btimelines?\b|\bticket\b"
    r"|\bbudget approved\b"
)
_LEFT_OUT = Sought(
    r"\b(?:out of scope|not in scope|not (?:required|needed|part of)|nice[- ]to[- ]have|optional(?:ly)?|deferred"
    r"|postponed"
    r"|future (?:work|releases?|phases?|versions?)|(?:in|to) a later (?:phase|release|version)|no longer (?:needed"
    r"|required))\b"
    r"|^no (?:auth\w*|streaming|rate limit\w*|graphql|websockets?|gateway|caching|dashboards?|fallbacks?|retrieval)\b"
    r"|^auth(?:entication)?: ?(?:none|no)\b|\?\s*$"
)
_TASK_HEADINGS = Sought(
    r"^\W*(?:achievable|attainable|realistic|relevant|time-?bound|timely|strategic|tactical|small)\b"
)
_FAULTLESS = (
    r"(?<![\d.,])\b(?:0|zero|no) (?:errors?|failures?|failed requests?)\b(?! (?:lines?|logs?|messages?|entr))"
    r"|\berrors:? 0\s*$"
)
_REASONS: Table[str] = Table(
    (Sought(pattern), reason)
    for pattern, reason in (
        (
            _FAULTLESS,
            "no number of requests shows that none ever fails: a person has to say which share of them may",
        ),
        (
            r"\bresults? (?:are )?documented\b|\bdocumented and validated\b",
            "a person has to read what was written down",
        ),
        (
            (
                r"\b(?:notif(?:y|ied)|communicate\w*|update (?:the )?[a-z]|stakeholders?|create detailed|meetings?"
                r"|workshops?|train(?:ed|ing)"
                r"|decide|milestones?|timelines?)\b"
            ),
            "it is something that people do, not the server: a person has to say that it was done",
        ),
        (
            r"\b(?:document\w*|guides?|examples (?:\w+ )?provided|examples of|lessons|docs)\b",
            "a person has to read the documentation",
        ),
        (r"\b(?:review\w*|audit\w*|approv\w*|sign(?:ed)?[- ]off)\b", "a person has to show that the review took place"),
        (r"\bcode\b|\bclass\b|\bunit tests?\b|\bbest practices\b", "it is about the code: a person has to read it"),
        (r"\bsdks?\b|\bclient librar\w+", "it is about code that clients use: a person has to look for it and try it"),
        (
            r"\b(?:vllm|engine|ollama|llama\.cpp|tgi|sglang|tensorrt|triton)\b",
            "answers look the same with any engine: a person has to see which one runs behind the API",
        ),
        (
            r"\b(?:secur\w*|vulnerab\w*|penetration|encrypt\w*|tls|ssl|saniti[sz]\w*)\b",
            "no check here looks for weaknesses: a person has to assess the security",
        ),
        (
            (
                r"\b(?:moderat\w*|safety|bias|toxic\w*|harmful|quality of (?:the )?(?:answers|responses)|tone"
                r"|helpful\w*)\b"
            ),
            "it is about what the answers are worth: a person has to read some of them",
        ),
        (
            r"\bprompt engineering|\bprompts? (?:is|are) (?:tuned|designed|written|good|engineered|crafted)\b",
            "a person has to read the prompts, and what comes of them",
        ),
        (
            r"\b(?:databases?|redis|postgres\w*|gateway|external|kafka|s3|upstream)\b",
            "it needs a look at another system than the server under test",
        ),
        (
            r"\bcach\w+",
            "a cache is not seen from outside: a person has to look at what is cached and how often it serves",
        ),
        (
            r"\b(?:adaptive|adapt|dynamic\w*|auto-?scal\w*|scal(?:e|es|able|ing)|horizontal)\b",
            "a person has to change the load and see what the service makes of it: nothing says what should happen",
        ),
        (
            r"\brecover\w*|\brestart\w*|\bfailover\b",
            "a person has to make it fail and see it come back: nothing is stopped or broken by a check",
        ),
        (
            r"\b(?:gpus?|vram|cuda|nvidia|rtx|[ahlv]\d{2,3}s?)\b",
            "no check here looks at GPUs: a person has to read what the driver reports",
        ),
        (r"\blogs?\b|\blogging\b|\blogged\b|\berror reporting\b", "logs are not looked at: a person has to read them"),
        (r"\banaly(?:tics|sis)\b|\binsights\b", "a person has to see what is analysed, and whether it is of use"),
        (r"\bbackups?\b|\brestore\b", "a person has to restore a backup and see"),
        (
            r"\bdeploy\w*\b|\bkubernetes\b|\bdocker\b|\bhelm\b|\bcontainer",
            "a person has to look at the deployment itself",
        ),
        (
            r"\ball (?:\w+ )?(?:success|acceptance) criteria\b|\bcriteria (?:are )?met\b",
            "it sums up the other criteria: the reviewer of the result answers it",
        ),
        (
            r"\b(?:stable|stability|normal resource usage)\b",
            "a person has to look at the machine: it is not said by which figure it counts as stable",
        ),
        (
            r"\b(?:configuration|settings?)\b",
            "it does not say which setting should have which value: a person has to look",
        ),
        (
            r"\b(?:targets?|limits?|performance|optimi[sz]\w*|fast|speed)\b",
            "it states no figure of its own: a person has to say what counts as enough",
        ),
    )
)


def for_people(statement: Statement) -> str:
    """Why no rule is asked about a statement, by its own words or its heading; "" where rules may be."""
    if any(_TASK_HEADINGS.search(heading.text) for heading in statement.headings[-1:]):
        return ABOUT_TASK
    return _for_people(statement.text[:4000])


@lru_cache(maxsize=1024)
def _for_people(text: str) -> str:
    if _LEFT_OUT.search(text):
        return _EXCLUDED
    if _PEOPLE.search(text):
        return _by_words(text)
    quality = _QUALITY.search(text)
    if quality is not None and not _PAPER.search(text):
        words = quality["words"] or quality["how"]
        return f'whether "{words.lower()}" is true of it, people have to say: no figure shows it'
    return ""


def reason_for(statement: Statement, notes: Sequence[Note]) -> str:
    """Why a statement that no figure and no rule covers is for a person."""
    if statement.type == "smart":
        return ABOUT_TASK
    if not statement.text:
        return "the box has no text: a person has to say what is meant"
    if any(note.code == "quantity-unreadable" for note in notes):
        return "its figure is not a limit that can be decided by measuring: a person has to say what it means"
    if statement.command is not None and statement.command.problem:
        return f"its command has no native form: {statement.command.problem}"
    return _by_words(statement.text[:4000])


@lru_cache(maxsize=1024)
def _by_words(text: str) -> str:
    return next((reason for pattern, reason in _REASONS.of(text) if pattern.search(text)), _UNKNOWN)
