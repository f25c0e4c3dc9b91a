"""Rows whose columns are known by their heads: what they hold together becomes one text.

Quantity, statistic, target and load are one demand; before and after are one that asks for what is after; a column for
each percentile is a demand each; a situation with its answer is a condition and what follows. Words of a head that no
table knows stay in the text, so that what is not understood of a row is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.source import Source
from signoff.acceptance.reading.statements.heads import Roles, column, roles_of, unit_of
from signoff.acceptance.reading.statements.table_row import TableRow, at_cell, at_figure

_TARGETS = ("target", "after", "minimum", "maximum", "acceptable", "recommended")
# Columns that ask for nothing and narrow nothing; the words of a recommendation or an alarm are said where they stand.
_SILENT = frozenset({"id", "note", "method", "admin", "before", "measured", "alarm", "recommended", "acceptable"})
_SAYS_MORE = frozenset(
    {"statistic", "comparator", "unit", "load", "before", "measured", "beyond", "detail", "duration"}
)
_CODE = re.compile(r"^\W*[1-5]\d\d(?=\W*$|\s*[,;(]|\s+(?:and|with|or|plus)\b)")
_BARE = re.compile(r"^[<>\u2264\u2265=~ ]*\d[\d.,]*$")
_STARTS_COMPARED = re.compile(
    r"^\W*?(?:[<>\u2264\u2265=]|at (?:most|least)|max|min|under|below|above|over|up to|no (?:more|less)|less|more"
    r"|within|not )",
    re.IGNORECASE,
)
_RATE = re.compile(r"^\W*\d[\d.,]*\s*(?:(?:req\w*|quer\w*|calls)\s*)?(?:/|per\b|rps|qps)", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_PREPOSITION = re.compile(r"^\W*(?:at|with|under|over|for|in|during|while|when|on|per|if|by)\b", re.IGNORECASE)
_ROUTE_HEAD = re.compile(r"^\W*(?:(?:GET|POST|PUT|DELETE|HEAD)\s+)?/[\w{}<>:/.-]+\W*$")
_USERS = re.compile(r"\b(?:users|clients|visitors|requests|callers|streams|sessions)\b", re.IGNORECASE)
_QUANTITY = re.compile(
    r"\b(?:latency|p\d{2}|percentile|median|throughput|rps|qps|ttft|tpot|itl|first token|per second|errors?|failed"
    r"|answer|memory|response)\b",
    re.IGNORECASE,
)
_STAGE = re.compile(
    r"^\W*(?:(?:load |test )?(?:stage|phase|scenario|workload|profile|run)s?|use case)\W*$", re.IGNORECASE
)
# `First word of the answer, 95 %`: the share of the answers that the figure holds for.
_PERCENT = re.compile(r"[ ,]+(50|75|9\d(?:\.\d+)?)\s?%(?=\W*$)")
_SAYS_EACH = re.compile(r"^\W*(?:each|every)\b", re.IGNORECASE)
_OF_PROMPTS = re.compile(r"(?<![\w-])(?=(?:an?|one|single)?\s*(?:prompt|question|input|text)s? of \d)", re.IGNORECASE)
_PREPOSED = re.compile(r"\b(?:for|with|of|at|on)\s+$", re.IGNORECASE)
_COUNTED = (
    (
        re.compile(r"\b(?:requests?|answers?|completions?|chats?|queries|calls)\b.*\bper second\b", re.IGNORECASE),
        "requests/s",
    ),
    (re.compile(r"\b(?:cpu )?cores\b", re.IGNORECASE), "cores"),
)
_FIGURE = re.compile(r"\d[\d.,]*(?!\s*(?:%|[A-Za-z]*/|per\b|cores?\b))(?=\W*$|\s+(?:or|at)\b)", re.IGNORECASE)
_METRIC_TYPE = re.compile(r"^\W*(?:counter|gauge|histogram|summary)\W*$", re.IGNORECASE)
_METRIC_NAME = re.compile(r"^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$")


def framed(source: Source, row: TableRow) -> Iterator[Statement]:
    """What a row asks for by the heads of its table; nothing where they do not make one frame."""
    roles = roles_of(row.header)
    if "before" in roles or not {"after"} & set(roles):
        roles_known = roles
    else:
        # `New` beside no `Old` is a name like any other.
        roles_known = tuple("" if role == "after" else role for role in roles)
    for read in (_situation, _percentiles, _by_load, _metric_names, _requirements, _measures):
        found = list(read(source, row, roles_known))
        if found:
            yield from found
            return


def _situation(source: Source, row: TableRow, roles: Roles) -> Iterator[Statement]:
    """`Situation | Status | Body`: a condition, and a demand for each column of answers."""
    condition = column(roles, "condition", "action")
    answers = _answers(row.header, roles)
    if condition is None or not answers or not row.text(condition):
        return
    said = row.texts[condition]
    if roles[condition] == "action":
        said = f"I {said}"
    elif row.header[condition].lower() == "state":
        said = f"the state is {said}"
    for index in answers:
        text = row.text(index)
        if not text:
            continue
        if _CODE.match(text):
            text = f"the status is {text}"
        elif _ROUTE_HEAD.match(row.header[index]):
            text = f"{row.header[index]} answers {text}"
        elif roles[index] == "":
            text = f"{row.header[index]}: {text}"
        yield at_cell(source, row, index, "target", f"WHEN {said.rstrip(' .')}, THEN {text}")


def _answers(header: Sequence[str], roles: Roles) -> list[int]:
    """The columns that say what follows from a row's condition; a column of codes alone may be one of names."""
    found = [
        index
        for index, role in enumerate(roles)
        if role in ("behaviour", "code") or (index and _ROUTE_HEAD.match(header[index]))
    ]
    if found:
        # `State | /health | Chat`: beside a route's answer, another column is one as well.
        has_route = any(_ROUTE_HEAD.match(header[index]) for index in found)
        found += [index for index, role in enumerate(roles) if has_route and role == "" and index not in found]
    return sorted(found)


def _percentiles(source: Source, row: TableRow, roles: Roles) -> Iterator[Statement]:
    """A column for each percentile: a demand each."""
    label = _label(row, roles)
    for index, role in enumerate(roles):
        text = row.text(index)
        if role == "percentile" and label and _DIGIT.search(text):
            name, shown = f"{label} {row.header[index]}", _with_unit(row.header[index], text)
            yield at_figure(source, row, index, name, shown, _narrowed(row, roles))


def _by_load(source: Source, row: TableRow, roles: Roles) -> Iterator[Statement]:
    """`Users at once | p95 of the answer`: columns that name a quantity, at the load that the row begins with."""
    if not roles or roles[0] != "load" or not _DIGIT.search(row.text(0)):
        return
    for index, role in enumerate(roles):
        text = row.text(index)
        if role == "" and _QUANTITY.search(row.header[index]) and _DIGIT.search(text):
            name, shown = row.header[index], _with_unit(row.header[index], text)
            yield at_figure(source, row, index, name, shown, f", {_load(row.header[0], row.texts[0])}")


def _metric_names(source: Source, row: TableRow, roles: Roles) -> Iterator[Statement]:
    """`Name | Type` of metrics: each has to be there."""
    named = [index for index, text in enumerate(row.texts) if _METRIC_NAME.match(text)]
    typed = [text for text in row.texts if _METRIC_TYPE.match(text)]
    if len(named) == 1 and typed:
        yield at_cell(source, row, named[0], "bullet", f"metric {row.texts[named[0]]} ({typed[0]})")


def _requirements(source: Source, row: TableRow, roles: Roles) -> Iterator[Statement]:
    """`Path | What has to be there`: what has to hold of what the row is about."""
    index = column(roles, "requirement")
    label = _label(row, roles)
    if index is not None and index and label and len(roles) == 2 and row.text(index):
        yield at_cell(source, row, index, "bullet", f"{label}: {row.texts[index]}", label)


def _measures(source: Source, row: TableRow, roles: Roles) -> Iterator[Statement]:
    """Quantity, statistic, target, unit and load in columns of their own."""
    targets = _target(roles)
    if targets is None:
        return
    if roles[targets[0]] == "value" and "quantity" in roles and not _STARTS_COMPARED.match(row.text(targets[0])):
        # A value is a limit where it is a bound; a table of metrics may show what was found.
        return
    label = _label(row, roles)
    if not label:
        return
    label = _PERCENT.sub(r" p\1", label)
    statistic = row.text(column(roles, "statistic"))
    if statistic and statistic.lower() not in label.lower() and not _SAYS_EACH.match(statistic):
        label = f"{label} {statistic}"
    for index in targets:
        text = row.text(index)
        if not text:
            continue
        shown = " ".join(
            part
            for part in (
                _said_of_head(roles[index], text, len(targets)),
                row.text(column(roles, "comparator")),
                _counted(label, _with_unit(row.header[index], text)),
                row.text(column(roles, "unit")) if _BARE.match(text) else "",
            )
            if part
        )
        yield at_figure(source, row, index, label, shown, _narrowed(row, roles, targets), _stage(row, roles))


def _target(roles: Roles) -> list[int] | None:
    """The columns of targets, where the table says more of them than a name."""
    targets = [index for index, role in enumerate(roles) if role in _TARGETS]
    if targets[:1] == [0] and "value" in roles:
        # `Limit | Value | Answer beyond it`: the first column names what is limited.
        targets = [roles.index("value")]
    elif not targets and "value" in roles and "quantity" in roles:
        targets = [roles.index("value")]
    if not targets or targets == [0]:
        return None
    others = {role for index, role in enumerate(roles) if index not in targets}
    is_more = any(roles[index] != "target" for index in targets) or any(role == "" for role in roles[1:])
    return targets if is_more or others & _SAYS_MORE else None


def _label(row: TableRow, roles: Roles) -> str:
    """What a row is about: its quantity, else its first cell that is no identifier and no column of figures."""
    index = column(roles, "quantity")
    if index is None:
        index = next(
            (
                place
                for place, role in enumerate(roles)
                if role in ("", "name", "tier", "condition", "action", "target") and row.text(place)
            ),
            None,
        )
    # A comma would divide what the row is about into two.
    return row.text(index).replace(", ", " ")


def _narrowed(row: TableRow, roles: Roles, targets: Sequence[int] = ()) -> str:
    """What the other columns say of a row's figure: its load, its time, and whatever no table knows."""
    label = _label(row, roles)
    parts: list[str] = []
    for index, role in enumerate(roles):
        text = row.text(index)
        if not text or index in targets or text.replace(", ", " ") == label:
            continue
        if role in ("quantity", "statistic", "comparator", "unit", "percentile", "target", *_SILENT):
            continue
        head = row.header[index].lower()
        if role == "load":
            parts.append(_load(row.header[index], text))
        elif role == "duration":
            parts.append(text if _PREPOSITION.match(text) or not _DIGIT.search(text) else f"over {text}")
        elif role == "beyond":
            parts.append(f"above that {text}")
        elif role == "detail":
            parts.append(_of_prompts(text))
        elif role == "name" and _STAGE.match(row.header[index]):
            continue
        else:
            parts.append(f"for {head} {text}")
    return "".join(f", {part}" for part in parts)


def _stage(row: TableRow, roles: Roles) -> str:
    """The stage or workload that a row's figure holds in, where the table has a column for it."""
    stages = [
        row.text(index)
        for index, role in enumerate(roles)
        if role == "name" and _STAGE.match(row.header[index]) and row.text(index) != _label(row, roles)
    ]
    return stages[0] if stages else ""


def _of_prompts(text: str) -> str:
    """A detail with `for` before prompts of a length, so that they are read as the requests of the figure."""
    found = _OF_PROMPTS.search(text)
    if found is None or _PREPOSED.search(text[: found.start()]):
        return text
    return f"{text[: found.start()]}for {text[found.start() :]}"


def _counted(label: str, text: str) -> str:
    """A figure with the unit that its name says: `Answers per second: 9 or more`."""
    for pattern, unit in _COUNTED:
        if pattern.search(label) and (figure := _FIGURE.search(text)) is not None:
            return f"{text[: figure.end()]} {unit}{text[figure.end() :]}"
    return text


def _load(head: str, text: str) -> str:
    if _PREPOSITION.match(text) or not _DIGIT.search(text):
        return text
    if _BARE.match(text):
        if _USERS.search(head):
            return f"with {text} {head.lower()}"
        text = f"{text} {unit_of(head)}".strip() if unit_of(head) else f"{head.lower()} {text}"
    return f"at {text}" if _RATE.match(text) or not text[:1].isdigit() else f"with {text}"


def _said_of_head(role: str, text: str, count: int) -> str:
    """What a head says beside that its column is a target: that it is a minimum, or only recommended."""
    if role in ("minimum", "maximum") and not _STARTS_COMPARED.match(text):
        return "at least" if role == "minimum" else "at most"
    if role in ("recommended", "acceptable"):
        return role
    return ""


def _with_unit(head: str, text: str) -> str:
    return f"{text} {unit_of(head)}" if unit_of(head) and _BARE.match(text) else text
