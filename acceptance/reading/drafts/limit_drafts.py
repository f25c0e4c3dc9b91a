"""Figures of a statement as criteria: the check for each limit, and its parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from signoff.acceptance.criterion import Comparator, Threshold
from signoff.acceptance.parameters import Parameters
from signoff.acceptance.reading.commands.routes import routes_of
from signoff.acceptance.reading.drafts.criterion_draft import Draft, Note, Placed, person
from signoff.acceptance.reading.drafts.load_drafts import REFUSED, concurrency, is_outgrown, refused_length, window
from signoff.acceptance.reading.drafts.port_drafts import ports
from signoff.acceptance.reading.drafts.reasons import RECOMMENDED
from signoff.acceptance.reading.drafts.route_drafts import on_its_route
from signoff.acceptance.reading.drafts.setting_figures import setting_for
from signoff.acceptance.reading.drafts.size_drafts import OF_FILES, disk, sized_file, sized_path
from signoff.acceptance.reading.drafts.stated_load import stated_load
from signoff.acceptance.reading.drafts.unjudged_figure import OTHER, reason_against
from signoff.acceptance.reading.facts.asked import asked_within
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.facts.service_names import named_services
from signoff.acceptance.reading.quantities.number_words import with_digits
from signoff.acceptance.reading.quantities.quantity import LONGEST, Quantity, Unreadable
from signoff.acceptance.reading.search.sought import Sought
from signoff.acceptance.reading.source.document import Statement

_FAULTLESS = Sought(
    r"\b(?:without|with no|no|zero|(?<![\d.,])0) (?:any )?(?:errors?|failures?|failed requests?)\b|\berror-free\b"
)
_DIGIT = re.compile(r"\d")
# A point before three digits divides thousands in one language and begins a fraction in another.
_OPEN = re.compile(r"(?<![\d.,])[1-9]\d{0,2}\.\d{3}(?![\d.,])")
_MEMORY_PROPERTY = re.compile(r"^Memory")
# What `docker stats --format` prints.
_SHOWN = {"MemUsage": "memory", "CPUPerc": "cpu"}
_REASONS = {
    "storage": "a person has to look at the disk: it is about what is used, not about what is there",
    "duration": "it is not said what takes this long, or no check times it",
    "size": "it is not said what has this size",
    "token_rate": "no check here judges tokens per second: a person has to read it from a load run",
    "error_rate": "a share of errors above a limit is no demand: a person has to say what is meant",
    "success_rate": "a share of successes below a limit is no demand: a person has to say what is meant",
    "availability": "availability shows over months, not in a run: a person has to read it from the monitoring",
    "gpu_memory": "no check here looks at GPUs: a person has to read what the driver reports",
    "gpu_utilisation": "no check here looks at GPUs: a person has to read what the driver reports",
    "cpu_utilisation": "it is not said of how many cores this is the share",
}
# The statistics that checks decide; a limit on another one must not be judged as if it were one of these.
_DECIDED = {
    "latency": re.compile(r"mean|p\d{2}(?:\.\d+)?"),
    "memory": re.compile("max"),
    "cpu": re.compile("mean|max"),
    "load_time": re.compile("each|max"),
    "coherence": re.compile("mean"),
}
_DECIDED |= dict.fromkeys(("ttft", "inter_token_latency"), _DECIDED["latency"])
# More that succeed are fewer that fail.
_TURNED: dict[Comparator, Comparator] = {">": "<", ">=": "<=", "==": "<="}
_SAME_KIND = frozenset(
    {
        "latency",
        "throughput",
        "memory",
        "cpu",
        "load_time",
        "context_length",
        "coherence",
        "coverage",
        "rate_limit",
        "ttft",
        "inter_token_latency",
    }
)
_RECOMMENDED = Sought(r"\b(?:recommended|ideally|preferabl[ey]|beneficial|nice[- ]to[- ]have|optional|stretch)\b")
_OF_THE_HOST = Sought(
    r"\b(?:hardware|system requirements?|host requirements?|server requirements?|prerequisites?|minimum (?:hardware"
    r"|system)"
    r"|what the machine needs|resource constraints)\b"
)
_THERE = Sought(r"\b(?:available|free|installed|present on|of the host|to spare)\b")
_USED = Sought(r"\b(?:usage|used|uses|consum\w*|grows?|footprint|occup\w*|on disk|takes)\b")
_SHARE_BEFORE = re.compile(r"(?:%|percent|\d)\s+(?:out\s+)?of\s+(?:all\s+|the\s+|its\s+)*$", re.IGNORECASE)
_CORES_BEHIND = re.compile(
    r"\s+of\s+(?:all\s+|the\s+|its\s+)*(\d{1,4})\s+(?:v?cpus?|(?:cpu\s+)?cores)\b", re.IGNORECASE
)
_REFUSED_RATE = re.compile(r"\b429\b|\brefus\w*|\breject\w*|\bthrottl\w*", re.IGNORECASE)
_WITH_SUCH = "it says what a machine of this kind would reach: a person has to try such a machine"


def figures(statement: Statement, facts: Facts) -> tuple[list[Placed], list[Note]]:
    """What the figures of the text ask for; a JSON expectation is read as JSON, not as figures."""
    if not _DIGIT.search(with_digits(statement.text)):
        return [], []
    if statement.type == "expected" and statement.text.lstrip()[:1] in ("{", "["):
        return [], []
    quantities, unreadable = facts.quantities(statement.text, _about(statement))
    begin, end = asked_within(statement)
    quantities = tuple(quantity for quantity in quantities if begin <= quantity.begin < end)
    # No figure is read behind it, so nothing there is asked about one.
    if len(statement.text) > LONGEST:
        statement = replace(statement, text=statement.text[:LONGEST])
    placed = [
        (draft_of(quantity, statement, facts), (quantity.begin, quantity.end))
        for quantity in quantities
        if _is_for(quantity, statement, facts)
        and not _is_whole_of_share(quantity, statement.text)
        and not is_outgrown(quantity, statement.text)
    ]
    if statement.role == "objective":
        placed = [(draft, span) for draft, span in placed if draft.judge == "machine"]
    if statement.type != "expected":
        placed += ports(statement, begin, end)
    return placed, [_unreadable_note(statement, item) for item in unreadable]


def of_other_services(statement: Statement, facts: Facts) -> tuple[tuple[int, int], ...]:
    """Where figures stand that a sentence about several services states for another one."""
    if not facts.service or not _DIGIT.search(statement.text):
        return ()
    quantities, _ = facts.quantities(statement.text, _about(statement))
    return tuple((found.begin, found.end) for found in quantities if not _is_for(found, statement, facts))


def draft_of(quantity: Quantity, statement: Statement, facts: Facts) -> Draft:
    """The criterion that a figure asks for, with the circumstances that its check does not make."""
    draft = on_its_route(_draft_of(quantity, statement, facts), quantity, statement, facts)
    if draft.kind in ("throughput", "latency", "queueing") and (found := _FAULTLESS.search(statement.text)):
        assumption = f'"{found[0].lower()}" is not judged of its own: no number of requests shows that none ever fails'
        draft = replace(draft, assumptions=(*draft.assumptions, assumption))
    # A stage or workload is one of requests, which a start has none of.
    workload = statement.population if draft.kind != "load_time" else ""
    population = ", ".join(filter(None, (workload, quantity.population)))
    said: Parameters = {}
    if quantity.load:
        said["load"] = quantity.load
    if population:
        said["population"] = population
    if draft.judge != "machine" or not said:
        return draft
    words = ", ".join(filter(None, (quantity.load, population)))
    # A route says what is asked, and is no load.
    of_routes = bool(routes_of(population))
    load = stated_load(quantity.load, "" if of_routes else population, "" if of_routes else workload)
    sentence = (
        f'it holds only under "{words}"'
        if load is not None
        else f'"{words}" is kept beside the figure: it is judged under the run\'s own load and requests'
    )
    parameters: Parameters = {**draft.parameters, **said}
    return replace(draft, assumptions=(*draft.assumptions, sentence), parameters=parameters, load=load)


def _draft_of(quantity: Quantity, statement: Statement, facts: Facts) -> Draft:
    limit, subject = quantity.threshold(), quantity.subject
    if (written := _OPEN.search(statement.text, quantity.begin, quantity.end)) is not None:
        return _for_person(quantity, f"{written[0]} is {written[0]} or {written[0].replace('.', ',')}: write which")
    clause = statement.text[max(0, quantity.begin - 80) : quantity.end + 60]
    heading = statement.headings[-1].text if statement.headings else ""
    if _RECOMMENDED.search_part(_clause(statement.text, quantity), statement.text) or _RECOMMENDED.search(heading):
        return _for_person(quantity, RECOMMENDED)
    if against := reason_against(quantity, statement, _clause(statement.text, quantity)):
        # Under a name of its own, the figure is compared with no limit of the service.
        return _for_person(replace(quantity, subject=f"{OTHER}{subject}"), against)
    if subject == "storage" and limit.comparator in (">", ">=") and not _USED.search_part(clause, statement.text):
        return disk(quantity, statement, facts)
    if subject not in ("memory", "cpu") and _OF_THE_HOST.search(heading):
        return _for_person(quantity, _WITH_SUCH)
    is_stated = not any(text.startswith("no comparator") for text in quantity.assumptions)
    if quantity.dimension == "tokens" and limit.comparator in (">", ">=") and is_stated and REFUSED.search(clause):
        return refused_length(quantity, facts)
    if subject in ("memory", "cpu") and (reason := _of_the_host(quantity, statement)):
        return _for_person(quantity, reason)
    if subject in ("size", "storage") and (path := sized_path(quantity, statement, facts)):
        return sized_file(quantity, path)
    if subject == "concurrency":
        return concurrency(quantity, statement)
    if subject == "cpu" and (whole := _CORES_BEHIND.match(statement.text, quantity.end)) is not None:
        return Draft("cpu", limit, quantity.assumptions, spans=(whole.span(),))
    if subject == "cpu_utilisation":
        return _share_of_cores(quantity, statement, facts)
    decided = _DECIDED.get(subject)
    if decided is not None and quantity.statistic is not None and not decided.fullmatch(quantity.statistic):
        return _for_person(quantity, _undecided(subject, quantity.statistic))
    if subject in ("error_rate", "success_rate"):
        return _share_of_errors(quantity)
    if subject in _SAME_KIND:
        if subject == "rate_limit" and limit.comparator in (">", ">=") and _REFUSED_RATE.search(statement.text):
            # `More than 20 a second get 429` allows 20.
            limit = replace(limit, comparator="<=")
        draft = Draft(subject, limit, quantity.assumptions)
        return (
            replace(draft, parameters=window(statement.text[quantity.begin : quantity.end]))
            if subject == "rate_limit"
            else draft
        )
    if subject == "size" and OF_FILES.search(statement.text):
        return _for_person(quantity, "no command of the document names this file: a person has to look at its size")
    return _for_person(quantity, _REASONS.get(subject, f"no check here measures {subject.replace('_', ' ')}"))


def _undecided(subject: str, statistic: str) -> str:
    if statistic == "max" and subject in ("latency", "ttft", "inter_token_latency"):
        return "no finite run decides a maximum over all requests: a person has to look at the slowest one over time"
    return f"no check here judges the {statistic} of the {subject.replace('_', ' ')}"


def _share_of_errors(quantity: Quantity) -> Draft:
    """How many requests may fail; so many that succeed leave the rest to fail."""
    limit, assumptions = quantity.threshold(), quantity.assumptions
    if quantity.subject == "success_rate":
        whole = 100.0 if limit.unit == "%" else 1.0
        turned = _TURNED.get(limit.comparator)
        if turned is None or not 0 <= limit.value <= whole:
            return _for_person(quantity, _REASONS["success_rate"])
        rest = float(f"{whole - limit.value:.12g}")
        assumption = (
            f"{limit.value:g} {limit.unit} that succeed are read as an error rate of at most {rest:g} {limit.unit}"
        )
        return Draft("error_rate", Threshold(rest, limit.unit, turned, None, "error_rate"), (*assumptions, assumption))
    if limit.comparator not in ("<", "<="):
        return _for_person(quantity, _REASONS["error_rate"])
    return Draft("error_rate", limit, assumptions)


def _for_person(quantity: Quantity, reason: str) -> Draft:
    return replace(person(reason, quantity.threshold()), assumptions=quantity.assumptions)


def _of_the_host(quantity: Quantity, statement: Statement) -> str:
    """Why a figure about memory or cores is not about the service's use of them."""
    what = "memory" if quantity.subject == "memory" else "cores"
    heading = statement.headings[-1].text if statement.headings else ""
    near = _clause(statement.text, quantity)
    reason = f"it is about the {what} that the machine has, not about what the service uses: a person has to look there"
    if quantity.comparator in (">", ">=") or _THERE.search_part(near, statement.text):
        return reason
    return reason if _OF_THE_HOST.search(heading) or _OF_THE_HOST.search(statement.label) else ""


def _clause(text: str, quantity: Quantity) -> str:
    """The part of the text around a figure, between commas and brackets."""
    first, last = max(quantity.begin - 120, 0), min(quantity.end + 120, len(text))
    begin = max(text.rfind(mark, first, quantity.begin) for mark in ",;(") + 1
    ends = [position for mark in ",;()" if (position := text.find(mark, quantity.end, last)) >= 0]
    return text[max(begin, first) : min([*ends, last])]


def _share_of_cores(quantity: Quantity, statement: Statement, facts: Facts) -> Draft:
    """A percentage of CPU as cores: of one, as `docker stats` prints it, else of those that the document gives."""
    program = statement.command.program if statement.command is not None else ""
    found = setting_for("cpu", facts)
    whole = _CORES_BEHIND.match(statement.text, quantity.end)
    if whole is not None:
        cores, sentence = float(whole[1]), f"100 % CPU is read as the {whole[1]} cores that are named beside it"
    elif program.startswith(("docker", "podman", "top", "ps")):
        cores, sentence = 1.0, "100 % CPU is read as one core"
    elif found is not None:
        cores = found[1].value
        sentence = f"100 % CPU is read as the {cores:g} cores of {found[0].spelling} in line {found[0].line}"
    else:
        return _for_person(quantity, _REASONS["cpu_utilisation"])
    limit = Threshold(quantity.value / 100 * cores, "cores", quantity.comparator, quantity.statistic or "mean", "cpu")
    return Draft("cpu", limit, (*quantity.assumptions, sentence))


def _is_whole_of_share(quantity: Quantity, text: str) -> bool:
    """Whether cores are the whole that a percentage is taken of: the 6 cores of `80 % of 6 cores`."""
    return quantity.dimension == "cores" and _SHARE_BEFORE.search(text, 0, quantity.begin) is not None


def _is_for(quantity: Quantity, statement: Statement, facts: Facts) -> bool:
    """Whether a figure is for the service that the demand is read for: its clause may name another."""
    if not facts.service:
        return True
    named = named_services(_clause(statement.text, quantity), facts.services)
    return not named or facts.service in named


def _about(statement: Statement) -> str:
    """Words beside the statement that say what a figure of it means."""
    words = [statement.label]
    if statement.command is not None:
        words += ["disk"] if statement.command.program == "df" else []
        properties: Sequence[str] = statement.command.details.get("properties", ())
        words += ["memory" for name in properties if _MEMORY_PROPERTY.match(name)]
        if statement.command.program == "docker stats":
            words += [word for shown, word in _SHOWN.items() if shown in statement.command.text]
        if statement.command.request is not None:
            words.append("response")
    if statement.headings:
        words.append(statement.headings[-1].text)
    return " ".join(word for word in words if word)


def _unreadable_note(statement: Statement, item: Unreadable) -> Note:
    part = statement.text[item.begin : item.end].strip()
    return Note("quantity-unreadable", "warning", f'"{part}" is not read as a limit: {item.why}', item.hint)
