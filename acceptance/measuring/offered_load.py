"""The load run behind a document's figures: one run for latency, throughput, errors, memory and CPU.

The rate is 1.25 times the demanded throughput, so that a server which only just keeps up is
seen to fall behind when it does. The document's own completion requests take turns; a latency limit on one of
them is judged on that request alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, replace
from http import HTTPStatus
from typing import Any

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable, RunInvalid
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import (
    ended_process,
    generation,
    load_conditions,
    metrics_address,
    repeated_prompts,
    route_load,
)
from signoff.acceptance.measuring.external_load import RECORD as FOREIGN
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.perf.client.exchange import Exchange
from signoff.perf.client.patience import origin_of
from signoff.perf.errors import LoadProcessDied, PerfError
from signoff.perf.imported.external_run import ExternalRun
from signoff.perf.load.gathered import SILENCE_S
from signoff.perf.load.load import LoadPlan, run_load_in_process
from signoff.perf.load.load_run import LoadRun
from signoff.perf.processes.memory_sampler import MemorySampler
from signoff.perf.server_side.server_watch import ServerWatch

SILENCE_IN_TIMEOUTS = 0.4
"""Two limits: a server that completes nothing for this time, at least 90 s, is frozen, and the run is given up."""
DOUBTED = 20
"""This many time-outs at the end of a run shorten the next time-out."""
WHERE_NONE_IS_NAMED: Mapping[str, Any] = {
    "messages": [{"role": "user", "content": "Tell me about the sea."}],
    "max_tokens": 50,
}
OF_REQUESTS = {*load_conditions.TIMES, "throughput", "error_rate"}
"""Kinds that the records of the requests alone decide."""
OF_A_STREAM = ("stream", "stream_options")
NAME = "load"
GROUP = "load"
SECONDS = 65.0


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Generate load for the profile's time and sample the service's memory and CPU.

    Raises NotMeasurable for a request outside the load: for another service than the target, or
    no completion.
    """
    if criterion.kind in route_load.KINDS and route_load.is_of_another_route(criterion):
        return route_load.measure(criterion, site)
    if not _is_for_target(criterion, site):
        raise NotMeasurable(
            f"this request is for another service than {site.deployment.target}, where the load goes",
            "judge that service in a separate run, with --target",
        )
    if missing := load_conditions.rate_differs(criterion.load, route_load.rate_of_completions(site)):
        raise NotMeasurable(missing, "judge it in a separate document")
    request = criterion.parameters.get("request")
    if criterion.kind in load_conditions.TIMES and isinstance(request, Mapping):
        path, bodies = requests(site)
        if request.get("path") != path or request.get("body") not in bodies:
            raise NotMeasurable(
                f"{request['method']} {request['path']} is not among the requests offered under load",
                f"the load run sends completions to {path}; judge other requests in a separate document",
            )
    foreign = site.foreign
    if foreign is None:
        return site.measured(NAME, lambda recorder: _take(recorder, site))
    if criterion.kind not in OF_REQUESTS:
        raise NotMeasurable(
            f"the load of this run is {foreign.tool}'s, which watched no process", "run without --evidence"
        )
    return site.measured(NAME, lambda recorder: _keep(recorder, site, foreign))


def run_of(evidence: Evidence) -> LoadRun:
    """The load run in the records: the last attempt, if one was repeated."""
    last = max((record.get("attempt", 0) for record in evidence.of("exchange")), default=0)
    return LoadRun.from_records(record for record in evidence.records if record.get("attempt", last) == last)


def requests(site: Site) -> tuple[str, list[Mapping[str, Any]]]:
    """The path and the bodies of the completion requests that the document's latency and throughput limits name."""
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for criterion in site.criteria:
        request = criterion.parameters.get("request")
        if criterion.kind not in {*load_conditions.TIMES, "throughput"} or not isinstance(request, Mapping):
            continue
        if not _is_for_target(criterion, site):
            continue
        body = request.get("body")
        if request.get("path") in route_load.COMPLETION_PATHS and isinstance(body, Mapping):
            found.setdefault(body_key(body), (request["path"], body))
    paths = [path for path, _ in found.values()]
    if not paths:
        return generation.CHAT_PATH, [WHERE_NONE_IS_NAMED]
    return paths[0], [body for path, body in found.values() if path == paths[0]]


def _is_for_target(criterion: Criterion, site: Site) -> bool:
    request = criterion.parameters.get("request")
    address = request.get("address") if isinstance(request, Mapping) else None
    try:
        return site.deployment.url(address, site.primary_address)[0] == site.deployment.target
    except NotMeasurable:
        return False


def body_key(body: Mapping[str, Any]) -> str:
    """The canonical form of a request body, to compare it."""
    return json.dumps(body, sort_keys=True)


def _take(recorder: Recorder, site: Site) -> None:
    path, bodies = requests(site)
    url = site.deployment.request_url(site.deployment.target, path)
    model = generation.served_model(site)
    is_guessed = bodies == [WHERE_NONE_IS_NAMED]
    if is_guessed and site.ask("POST", path, body=dict(bodies[0]))["status"] == HTTPStatus.NOT_FOUND:
        raise NotMeasurable(
            f"the load run sends completions to {url}, which gives 404",
            "judge memory and CPU of this service under its own requests",
        )
    site.still_waits("POST", url)
    # A document's request without a model is sent as it stands where the server takes it so.
    if model is not None and not generation.takes(site, path, bodies[0]):
        bodies = [{**body, "model": model} for body in bodies]
        recorder.write("note", {"text": f"the server requires a model in each request, so {model} was added"})
    stream = generation.as_stream(site, path, bodies[0])
    bodies = [{**body, **stream} for body in bodies]
    rate_per_second = route_load.rate_of_completions(site)
    plan = LoadPlan(
        url=url,
        body=bodies[0],
        more_bodies=tuple(bodies[1:]),
        rate_per_second=rate_per_second,
        duration_s=max(site.profile.load_s, site.profile.requests_each * len(bodies) / rate_per_second),
        timeout_s=_timeout_s(site),
        headers=site.deployment.headers(url),
        seed=site.seed,
        stream=any(body.get("stream") is True for body in bodies),
        judged_apart=True,
    )
    recorder.write("load", _demand(site))
    run, side = _offer(recorder, site, plan)
    own = [each for each in route_load.of_completions(site) if _is_for_target(each, site)]
    held_up = run.reason or load_conditions.held_up(run, own, OF_A_STREAM, site.profile.alpha)
    if held_up and not run.interrupted and not run.given_up:
        # One repeat, and both are kept: a client that was held up says nothing about the server.
        site.retries.append(f"the load run was repeated: {held_up}")
        # With other prompts: the server may keep what it made of the first ones.
        run, side = _offer(recorder, site, replace(plan, seed=plan.seed + 1))
    site.server_sides.append({**side, "service": site.service})
    for record in run.as_records():
        if record["record"] != "exchange":
            recorder.write("run", record)
    _look_for_silence(site, run)
    if run.interrupted:
        raise KeyboardInterrupt
    taken = Evidence(NAME, "", tuple(recorder.records))
    if marks := last_attempt(taken, "high_water"):
        repeated_prompts.offer(recorder, site, plan, last_attempt(taken, "memory"), marks[-1]["bytes"])


def _look_for_silence(site: Site, run: LoadRun) -> None:
    """Raises NotRun if the run was given up; notes if the server answered nothing at its end."""
    if run.given_up:
        site.patience.give_up(origin_of(run.plan.url), f"{run.plan.url}, under load: {run.reason}")
        site.still_waits("POST", run.plan.url)
    if run.unanswered_at_its_end >= DOUBTED:
        site.patience.doubt("POST", run.plan.url)


def _keep(recorder: Recorder, site: Site, foreign: ExternalRun) -> None:
    """Another tool's run instead of an own one, with its limitations."""
    recorder.write("load", _demand(site))
    recorder.write(FOREIGN, foreign.as_record())
    for sentence in foreign.cannot_prove:
        recorder.write("note", {"assumption": f"measured by {foreign.tool} {foreign.version}: {sentence}"})
    for record in foreign.as_load_run(_timeout_s(site)).as_records():
        recorder.write("run", record)


def _timeout_s(site: Site) -> float:
    """The time-out of a request: one that no limit of the run needs longer. It charges nothing to any limit."""
    return route_load.timeout_s(
        threshold for kind in ("latency", "ttft") for threshold in route_load.limits(site, kind)
    )


def _demand(site: Site) -> Record:
    """The document's requirements for the load."""
    conditions = load_conditions.stated(route_load.of_completions(site), OF_A_STREAM)
    return load_conditions.planned_by(conditions, route_load.throughput_asked(site))


def _offer(recorder: Recorder, site: Site, plan: LoadPlan) -> tuple[LoadRun, Record]:
    """The run, and the server's report on it."""
    total = plan.duration_s

    def tell(progress: Any) -> None:
        site.on_progress(f"load at {plan.rate_per_second:g} requests/s", min(1.0, progress.elapsed_s / total))

    attempt = len(site.retries)

    def keep(exchange: Exchange) -> None:
        recorder.write("exchange", {**exchange.as_record(), "attempt": attempt})

    silence_s = max(SILENCE_S, SILENCE_IN_TIMEOUTS * plan.timeout_s)
    watch = ServerWatch(metrics_address.sources(site), plan.duration_s, find_pid=lambda: site.process_id)
    sampler = None if site.process_id is None else MemorySampler(site.process or site.process_id)
    try:
        with watch, sampler or nullcontext():
            run = run_load_in_process(plan, keep, tell, silence_s=silence_s)
    except LoadProcessDied as error:
        raise RunInvalid(str(error), error.hint) from None
    except PerfError as error:
        raise NotMeasurable(str(error), error.hint) from None
    side = {**watch.side(run).as_record(), "gpu": watch.gpu()}
    if sampler is not None and (ended := _write_watched(recorder, site, sampler, run.started_ns, attempt)):
        # The counters and the GPUs are of the same processes.
        side["notes"] = [*ended, *side["notes"]]
        if side["gpu"] is not None:
            side["gpu"] = {**side["gpu"], "problem": f"{ended[0]}: the figures mix several processes"}
    recorder.write("server", {**side, "attempt": attempt})
    return run, side


def _write_watched(
    recorder: Recorder, site: Site, sampler: MemorySampler, started_ns: int, attempt: int
) -> tuple[str, ...]:
    """Samples of the service's processes, and those that ended; requests are judged in any case."""
    process = sampler.process
    recorder.write("process", {**process.as_record(), "text": process.text(), "attempt": attempt})
    ended = ended_process.note(recorder, site, sampler.ended, started_ns, attempt=attempt)
    for sample in sampler.samples:
        recorder.write("memory", {**sample.as_record(), "attempt": attempt})
    if (mark := sampler.high_water()) is not None:
        recorder.write("high_water", {**asdict(mark), "attempt": attempt})
    return ended


def unserved(evidence: Evidence) -> str:
    """The reason why the run does not show a service under load (less than half of the requests answered), or ""."""
    exchanges = run_of(evidence).exchanges
    answered = sum(exchange.ok for exchange in exchanges)
    if answered * 2 > len(exchanges):
        return ""
    return f"only {answered} of {len(exchanges)} requests were answered, so this is not the service under load"


def last_attempt(evidence: Evidence, kind: str) -> list[Record]:
    """The records of this kind from the last attempt of a run."""
    records = list(evidence.of(kind))
    last = max((record["attempt"] for record in records), default=0)
    return [record for record in records if record["attempt"] == last]
