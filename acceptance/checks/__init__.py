"""The checks, one kind a file, in an explicit list; a kind that two files claim is refused at import."""

from __future__ import annotations

from collections.abc import Mapping

from acceptance.checks import (
    alert_rules,
    balancing,
    breaker,
    coherence_score,
    config_value,
    context_length,
    coverage,
    cpu,
    dashboard,
    discovery,
    disk,
    documentation,
    engine_settings,
    fallback_chain,
    file,
    gateway_routing,
    health,
    json_shape,
    latency,
    library_class,
    library_result,
    library_session,
    load_time,
    memory,
    metric_named,
    metrics,
    model_files,
    model_information,
    port,
    port_free,
    prometheus_series,
    service,
    service_gone,
    session_isolation,
    session_metrics,
    session_recall,
    session_record,
    test_report,
    throughput,
    unit_file,
)
from acceptance.checks.check import Check


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
    memory.CHECK,
    cpu.CHECK,
    load_time.CHECK,
    model_information.CHECK,
    library_session.CHECK,
    model_files.CHECK,
    unit_file.CHECK,
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
