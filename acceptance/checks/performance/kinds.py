"""The kinds with figures, under load or at rest."""

from __future__ import annotations

from signoff.acceptance.kind import Kind, by_name

KINDS = by_name(
    Kind(
        name="latency",
        summary="Latency, from the time at which a request was due, stays below the limit at the document's rate.",
        failure="mean 835 ms in [802, 843]: above 400 ms at 100 requests/s (…)",
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
        failure="0.1/s in […] of 12.5/s offered: not above 10/s (…)",
        words=("Under normal load the service sustains a throughput of 20 requests per second",),
        figure="Throughput",
        units=("requests/s",),
        needs_limit=True,
        faults=("slow",),
    ),
    Kind(
        name="memory",
        summary="Peak memory under load stays below the limit, also after a day of the observed growth.",
        failure="the peak of 0.5599 GB is not below 0.4 GB (…)",
        words=("Memory stays under 6 GB",),
        figure="Memory usage",
        units=("bytes",),
        needs_limit=True,
        faults=("leaks_memory",),
    ),
    Kind(
        name="cpu",
        summary="Under load the service uses no more cores than the document allows.",
        failure="0.32 cores on average under load, 0.32 in the busiest 5 s of process 14470 (…); 0.05 are allowed",
        words=("CPU stays < 4 cores",),
        figure="CPU usage",
        units=("cores",),
        needs_limit=True,
    ),
    Kind(
        name="load_time",
        summary="The service is ready within the limit after repeated cold starts.",
        failure="1 of 1 starts did not become ready: the service ended with status 4 before it was ready",
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
        summary="The file system of the document's path has the demanded size or free space.",
        failure="the file system of … has 270.6 GB in all, >= 5.41106e+11 bytes is asked for",
        words=("Disk: 40 GB",),
        figure="Disk",
        units=("bytes",),
        needs_limit=True,
        of_estate=True,
    ),
    Kind(
        name="ttft",
        summary="The time to the first token, from the time at which a request was due, stays below the limit.",
        failure="mean 804.8 ms in [800.7, 814.2]: above 400 ms at 100 requests/s (…)",
        words=("Time to first token under 300 ms",),
        figure="Time to first token",
        units=("ms",),
        needs_limit=True,
    ),
    Kind(
        name="inter_token_latency",
        summary="The mean time between an answer's tokens stays below the limit at the document's rate.",
        failure="mean 250.3 ms in [250.3, 250.4]: above 100 ms at 100 requests/s (…)",
        words=("Inter-token latency under 50 ms",),
        figure="Inter-token latency",
        units=("ms",),
        needs_limit=True,
    ),
    Kind(
        name="error_rate",
        summary="The share of failed requests at the document's rate stays below the limit.",
        failure="200 of 600 failed: 33.333%, at least 30.151%, not below 0.01 at 100 requests/s (…)",
        words=("Keep the error rate under 1 %.",),
        figure="Error rate",
        units=("ratio",),
        needs_limit=True,
    ),
)
