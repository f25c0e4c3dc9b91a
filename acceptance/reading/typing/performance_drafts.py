"""Demands on performance that state no figure of their own: the document's figure stands for it, and that is said."""

from __future__ import annotations

import re
from dataclasses import replace

from signoff.acceptance.reading.drafts.criterion_draft import Draft, person
from signoff.acceptance.reading.drafts.setting_figures import without_figure
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.source.document import Statement

_PERIOD = re.compile(r"\b(\d{1,4}(?:\.\d+)?)[ -]?(h(?:ours?|rs?)?|days?|weeks?)\b", re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 168}


def latency(statement: Statement, facts: Facts) -> Draft:
    """Fast enough is what the document's latency says."""
    return without_figure("latency", facts)


def throughput(statement: Statement, facts: Facts) -> Draft:
    """Enough at once is what the document's throughput says."""
    return without_figure("throughput", facts)


def memory(statement: Statement, facts: Facts) -> Draft:
    """Within limits is what the document's memory says."""
    return without_figure("memory", facts)


def memory_growth(statement: Statement, facts: Facts) -> Draft:
    """Memory that does not grow: what a day of the growth that is seen would make stays below the document's limit."""
    days = [float(number) * _HOURS[unit[0].lower()] / 24 for number, unit in _PERIOD.findall(statement.text)]
    if max(days, default=0) > 1:
        return person(
            f"growth over {max(days):g} days shows in a run that long: a person has to look at it over that time"
        )
    draft = without_figure("memory", facts)
    if draft.judge != "machine":
        return person(
            "whether memory grows shows in a run of a day, and the document states no limit for it: a person has to "
            "look at it over that time"
        )
    assumption = "growth is judged by that limit: a day of the growth seen under load has to stay below it"
    return replace(draft, assumptions=(*draft.assumptions, assumption))


def cpu(statement: Statement, facts: Facts) -> Draft:
    """Within limits is what the document's cores say."""
    return without_figure("cpu", facts)


def context_length(statement: Statement, facts: Facts) -> Draft:
    """The context is as long as the document says elsewhere."""
    return without_figure("context_length", facts)


def coherence(statement: Statement, facts: Facts) -> Draft:
    """Coherent is what reaches the document's threshold."""
    return without_figure("coherence", facts)
