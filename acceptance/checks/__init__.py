"""The checks, one kind a file, in an explicit list; a kind that two files claim is refused at import."""

from __future__ import annotations

from collections.abc import Mapping

from acceptance.checks.api import (
    authentication,
    chat_roles,
    concurrency_limit,
    context_length,
    error_handling,
    graphql,
    health,
    json_shape,
    metric_named,
    metrics,
    openai_api,
    queueing,
    rate_limit,
    request_validation,
    retrieval,
    service,
    streaming,
    tokenization,
    websocket,
)
from acceptance.checks.configuration import config_value, engine_settings
from acceptance.checks.estate import (
    alert_rules,
    balancing,
    breaker,
    dashboard,
    discovery,
    fallback_chain,
    gateway_routing,
    port,
    port_free,
    prometheus_series,
    service_gone,
)
from acceptance.checks.files import coverage, documentation, file, model_files, test_report, unit_file
from acceptance.checks.library import library_class, library_result, library_session, model_information
from acceptance.checks.performance import (
    cpu,
    disk,
    error_rate,
    inter_token_latency,
    latency,
    load_time,
    memory,
    throughput,
    ttft,
)
from acceptance.checks.sessions import (
    coherence_score,
    context_truncation,
    session_isolation,
    session_metrics,
    session_recall,
    session_record,
)
from acceptance.measuring.check import Check


def _by_kind(*checks: Check) -> Mapping[str, Check]:
    found: dict[str, Check] = {}
    for check in checks:
        if check.kind in found:
            raise ValueError(f"two checks claim the kind {check.kind!r}")
        found[check.kind] = check
    return found


CHECKS: Mapping[str, Check] = _by_kind(
    port.CHECK,
    service.CHECK,
    health.CHECK,
    json_shape.CHECK,
    config_value.CHECK,
    engine_settings.CHECK,
    metrics.CHECK,
    metric_named.CHECK,
    session_record.CHECK,
    session_recall.CHECK,
    session_isolation.CHECK,
    session_metrics.CHECK,
    coherence_score.CHECK,
    context_length.CHECK,
    latency.CHECK,
    throughput.CHECK,
    ttft.CHECK,
    inter_token_latency.CHECK,
    error_rate.CHECK,
    memory.CHECK,
    cpu.CHECK,
    load_time.CHECK,
    model_information.CHECK,
    library_session.CHECK,
    model_files.CHECK,
    unit_file.CHECK,
    streaming.CHECK,
    openai_api.CHECK,
    authentication.CHECK,
    rate_limit.CHECK,
    request_validation.CHECK,
    error_handling.CHECK,
    chat_roles.CHECK,
    tokenization.CHECK,
    queueing.CHECK,
    concurrency_limit.CHECK,
    context_truncation.CHECK,
    retrieval.CHECK,
    websocket.CHECK,
    graphql.CHECK,
    gateway_routing.CHECK,
    discovery.CHECK,
    balancing.CHECK,
    breaker.CHECK,
    fallback_chain.CHECK,
    prometheus_series.CHECK,
    alert_rules.CHECK,
    dashboard.CHECK,
    disk.CHECK,
    file.CHECK,
    coverage.CHECK,
    test_report.CHECK,
    documentation.CHECK,
    library_class.CHECK,
    library_result.CHECK,
    port_free.CHECK,
    service_gone.CHECK,
)
