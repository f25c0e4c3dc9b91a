"""The kinds with figures, under load or at rest."""

from __future__ import annotations

from acceptance.kind import Kind, by_name

KINDS = by_name(
    Kind(
        name="latency",
        summary="Latency, from the time a request was due, stays below the limit under the document's rate.",
        failure="TODO",
        words=(
            "Latency of inference (target: < 1500ms average)",
            "The server MUST answer within 800 ms at p95.",
        ),
        figure="Latency",
        units=("ms",),
        needs_limit=True,
        faults=("slow",),
    ),
    Kind(
        name="throughput",
        summary="Completions keep up with the demanded rate while latency and errors hold in the same run.",
        failure="TODO",
        words=("Under normal load the service sustains a throughput of 20 requests per second",),
        figure="Throughput",
        units=("requests/s",),
        needs_limit=True,
        faults=("slow",),
    ),
    Kind(
        name="memory",
        summary="The high-water mark under load stays below the limit, and so does a day of the growth that was seen.",
        failure="TODO",
        words=("Memory stays under 6 GB",),
        figure="Memory usage",
        units=("bytes",),
        needs_limit=True,
        faults=("leaks_memory",),
    ),
    Kind(
        name="cpu",
        summary="Under load the service uses no more cores than the document gives it.",
        failure="TODO",
        words=("CPU stays < 4 cores",),
        figure="CPU usage",
        units=("cores",),
        needs_limit=True,
    ),
    Kind(
        name="load_time",
        summary="The service is ready within the limit after repeated cold starts.",
        failure="TODO",
        words=(
            "Time to load the model (target: < 120 seconds)",
            "Start-up takes no longer than 30 s",
        ),
        figure="Model load time",
        units=("s",),
        needs_limit=True,
    ),
    Kind(
        name="disk",
        summary="The file system behind the document's path has the size, or the free room, that is asked for.",
        failure="TODO",
        words=("Disk: 40 GB",),
        figure="Disk",
        units=("bytes",),
        needs_limit=True,
        of_estate=True,
    ),
    Kind(
        name="ttft",
        summary="The time to the first token, from the time a request was due, stays below the limit.",
        failure="TODO",
        words=("Time to first token under 300 ms",),
        figure="Time to first token",
        units=("ms",),
        needs_limit=True,
    ),
    Kind(
        name="inter_token_latency",
        summary="The mean time between an answer's tokens stays below the limit under the document's rate.",
        failure="TODO",
        words=("Inter-token latency under 50 ms",),
        figure="Inter-token latency",
        units=("ms",),
        needs_limit=True,
    ),
    Kind(
        name="error_rate",
        summary="The share of requests that fail under the document's rate stays below the limit.",
        failure="TODO",
        words=("Keep the error rate under 1 %.",),
        figure="Error rate",
        units=("ratio",),
        needs_limit=True,
    ),
)
