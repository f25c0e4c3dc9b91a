"""The kinds with figures, under load or at rest."""

from __future__ import annotations

from signoff.acceptance.asked import Asked, shown, timed
from signoff.acceptance.kind import Kind, by_name
from signoff.reports.stored.threshold import Threshold

NOUNS = {"latency": "latency", "ttft": "time to first token", "inter_token_latency": "inter-token latency"}
"""What question and verdict call the times that a limit is put on."""


def _latency(asked: Asked) -> str:
    return (
        f"{timed(NOUNS['latency'], asked.statistic)} of {asked.completions}, from when each was due to its whole "
        f"answer, failed ones at five times the limit, {asked.load}, {asked.limit}"
    )


def _ttft(asked: Asked) -> str:
    return (
        f"{timed(NOUNS['ttft'], asked.statistic)} of {asked.streams}, from when each was due, failed ones at five "
        f"times the limit, {asked.load}, {asked.limit}"
    )


def _inter_token_latency(asked: Asked) -> str:
    return (
        f"{timed(NOUNS['inter_token_latency'], asked.statistic)} of {asked.streams}, each answer by its own mean and "
        f"failed ones at five times the limit, {asked.load}, {asked.limit}"
    )


def _throughput(asked: Asked) -> str:
    payload, request = asked.parameters.get("payload_file"), asked.parameters.get("request") or {}
    turns = ", in turns with the document's other completions" if request.get("body") is not None else ""
    missing = f" ({shown(payload)} is not there)" if payload and request.get("body") is None else ""
    under = f", {asked.load}" if asked.under else ""
    return (
        f"throughput of {asked.completions}{turns}{missing}{under}, {asked.limit}: this rate is answered while the "
        f"run's own load sends more{asked.apart}, fewer than 1 % fail, and the document's limits on latency and errors "
        "hold in the same run"
    )


def _cpu(asked: Asked) -> str:
    when = "in the busiest 5 s" if asked.statistic == "max" else "on average"
    return f"CPU cores that the service's processes use {when} {asked.load}, {asked.limit}"


def _disk(asked: Asked) -> str:
    room = asked.statistic or asked.parameters.get("room")
    what = {"free": "free space", None: "size, or free space where the statement says so,"}.get(
        room, "size, used or not,"
    )
    return f"{what} of the file system that holds {asked.shown('path')}, {asked.limit}"


KINDS = by_name(
    Kind(
        name="latency",
        summary="Latency, from the time at which a request was due, stays below the limit at the document's rate.",
        asks=_latency,
        sample=Asked(Threshold(1500, "ms", "<", "mean")),
        failure="mean latency 835 ms in [802, 843]: above 400 ms at 100 requests/s (…)",
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
        asks=_throughput,
        sample=Asked(Threshold(20, "requests/s", ">", "rate")),
        failure="8/s in […] of 12.5/s offered: not above 10/s (…)",
        words=("Under normal load the service sustains a throughput of 20 requests per second",),
        figure="Throughput",
        units=("requests/s",),
        needs_limit=True,
        faults=("slow",),
    ),
    Kind(
        name="memory",
        summary="Peak memory under load stays below the limit, also after a day of the observed growth.",
        asks=(
            "peak memory of the service's processes {load}, {limit}, and still so after 24 h of the growth seen there"
        ),
        sample=Asked(Threshold(15, "GB", "<", "max")),
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
        asks=_cpu,
        sample=Asked(Threshold(4, "cores", "<=", "mean")),
        failure="0.32 cores on average under load, 0.32 in the busiest 5 s of process 14470 (…); 0.05 are allowed",
        words=("CPU stays < 4 cores",),
        figure="CPU usage",
        units=("cores",),
        needs_limit=True,
    ),
    Kind(
        name="load_time",
        summary="The service is ready within the limit after repeated cold starts.",
        asks=(
            "time from the start of the service's program to GET /ready answering 200, in each of several cold starts "
            "beside the running service, {limit}, and so for 90 % of the starts to come"
        ),
        sample=Asked(Threshold(120, "s", "<", "each")),
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
        asks=_disk,
        sample=Asked(Threshold(40, "GB", ">="), {"path": "/opt/models", "room": "free"}),
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
        asks=_ttft,
        sample=Asked(Threshold(500, "ms", "<", "p95")),
        failure="mean time to first token 804.8 ms in [800.7, 814.2]: above 400 ms at 100 requests/s (…)",
        words=("Time to first token under 300 ms",),
        figure="Time to first token",
        units=("ms",),
        needs_limit=True,
    ),
    Kind(
        name="inter_token_latency",
        summary="The mean time between an answer's tokens stays below the limit at the document's rate.",
        asks=_inter_token_latency,
        sample=Asked(Threshold(50, "ms", "<", "mean")),
        failure="mean inter-token latency 250.3 ms in [250.3, 250.4]: above 100 ms at 100 requests/s (…)",
        words=("Inter-token latency under 50 ms",),
        figure="Inter-token latency",
        units=("ms",),
        needs_limit=True,
    ),
    Kind(
        name="error_rate",
        summary="The share of failed requests at the document's rate stays below the limit.",
        asks="share of failed requests among those to {completions}, {load}, {limit}",
        sample=Asked(Threshold(1, "%", "<")),
        failure="200 of 600 failed: 33.333%, at least 30.151%, not below 0.01 at 100 requests/s (…)",
        words=("Keep the error rate under 1 %.",),
        figure="Error rate",
        units=("ratio",),
        needs_limit=True,
    ),
)
