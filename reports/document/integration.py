"""The state of each part of the deployment, from the criteria that mention it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reports.document.demands import Row, tally
from reports.document.outcome import OUTCOME_WORDS, Word, worst
from reports.document.performance import KINDS, MORE_KINDS

PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Database connectivity", ("database", "sql_database")),
    ("Vector database connectivity", ("vector_database", "retrieval")),
    ("Metrics integration", ("metrics", "metric_named", "session_metrics")),
    ("Health monitoring", ("health", "json_shape")),
    ("Service", ("service", "port")),
    ("Sessions", ("session_recall", "session_isolation", "session_record")),
    ("Library", ("model_information", "library_session", "library_class", "library_result")),
    ("Unit file", ("unit_file",)),
    ("Model files", ("model_files",)),
    ("Configuration", ("config_value", "engine_settings")),
    ("Judged by a person", ("human_judgement",)),
)
# Shown where a document asks for them; the template does not name them.
MORE_PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("API", ("openai_api", "streaming", "chat_roles", "tokenization", "websocket", "graphql")),
    ("Bad requests and errors", ("request_validation", "error_handling")),
    ("Load beyond the limit", ("queueing", "context_truncation")),
    ("Security", ("authentication", "rate_limit")),
    ("Gateway", ("gateway_routing", "discovery", "balancing", "breaker", "fallback_chain")),
    ("Monitoring stack", ("prometheus_series", "alert_rules", "dashboard")),
    ("Files, tests and documentation", ("file", "test_report", "documentation")),
    ("Rollback", ("port_free", "service_gone")),
)
_KNOWN = {kind for _, kinds in (*PARTS, *MORE_PARTS) for kind in kinds} | {kind for kind, _ in (*KINDS, *MORE_KINDS)}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the deployment; `word` is None where the document asks nothing of it."""

    label: str
    word: Word | None
    tally: str
    rows: tuple[Row, ...]


def parts(all_rows: Iterable[Row]) -> tuple[Part, ...]:
    """A line for each part that the template names, and one for every criterion of a kind unknown here."""
    every = list(all_rows)
    found = [_part(label, [row for row in every if row.stored.kind in kinds]) for label, kinds in PARTS]
    more = [_part(label, [row for row in every if row.stored.kind in kinds]) for label, kinds in MORE_PARTS]
    found += [part for part in more if part.rows]
    rest = [row for row in every if row.stored.kind not in _KNOWN]
    return (*found, _part("Other", rest)) if rest else tuple(found)


def _part(label: str, chosen: list[Row]) -> Part:
    outcome = worst(row.outcome for row in chosen)
    return Part(label, OUTCOME_WORDS[outcome] if outcome else None, tally(chosen), tuple(chosen))
