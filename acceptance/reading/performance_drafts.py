"""Demands on performance that state no figure of their own: the document's figure stands for it, and that is said."""

from __future__ import annotations

from acceptance.reading.document import Statement
from acceptance.reading.draft import Draft
from acceptance.reading.facts import Facts
from acceptance.reading.setting_figures import without_figure


def latency(statement: Statement, facts: Facts) -> Draft:
    """Fast enough is what the document's latency says."""
    return without_figure("latency", facts)


def throughput(statement: Statement, facts: Facts) -> Draft:
    """Enough at once is what the document's throughput says."""
    return without_figure("throughput", facts)


def memory(statement: Statement, facts: Facts) -> Draft:
    """Within limits is what the document's memory says."""
    return without_figure("memory", facts)


def cpu(statement: Statement, facts: Facts) -> Draft:
    """Within limits is what the document's cores say."""
    return without_figure("cpu", facts)


def context_length(statement: Statement, facts: Facts) -> Draft:
    """The context is as long as the document says elsewhere."""
    return without_figure("context_length", facts)


def coherence(statement: Statement, facts: Facts) -> Draft:
    """Coherent is what reaches the document's threshold."""
    return without_figure("coherence", facts)
