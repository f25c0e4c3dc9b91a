"""The result of `signoff load` for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from signoff.perf.load.highest_rate import ALPHA, Found, Limit, Step
from signoff.reports.document.server_side import server_lines
from signoff.reports.plain_text import visible

_ROWS: Final = (
    ("time to first token", "ttft_ms", "from when it was due"),
    ("", "ttft_from_sent_ms", "from the send"),
    ("between tokens", "itl_ms", "each gap"),
    ("time to the end", "e2e_ms", "from when it was due"),
    ("", "e2e_from_sent_ms", "from the send"),
)
_ENDS: Final = {
    "client": "the client was the limit: it could no longer keep its own lateness out of the figures",
    "looks": "the search took all its looks before it came so near as was asked",
    "most_rate": "the highest rate that was to be tried meets the limits",
    "least_rate": "no rate down to a 64th of the first one was shown to meet the limits",
    "interrupted": "interrupted: what was measured is kept",
}


def text_of(result: Mapping[str, Any]) -> str:
    """A small table, and what has to be known beside it."""
    lines = [
        f"{result['requests']} requests in {result['duration_s']:g} s, {_rates(result)}",
        "",
        f"{'ms':<21} {'':<22}{'p50':>10}{'p90':>10}{'p99':>10}{'mean':>10}{'max':>10}",
    ]
    for name, key, whence in _ROWS:
        times = result[key]
        if times is not None:
            figures = "".join(f"{_ms(times[each]):>10}" for each in ("p50", "p90", "p99", "mean", "max"))
            lines.append(f"{name:<21} {whence:<22}{figures}")
    if result["errors"]:
        charged = result["failures_charged_at_ms"]
        lines += ["", f"errors ({sum(result['errors'].values())}, each counts as {charged:g} ms):"]
        for kind, count in result["errors"].items():
            example = result["error_examples"].get(kind, "")
            lines.append(f"  {count:>6} {kind}" + (f": {visible(example)[:160]}" if example else ""))
    lines += ["", *_beside(result)]
    if not result["valid"]:
        lines += ["", f"invalid: {visible(result['reason'])}"]
    return "\n".join(lines)


def _rates(result: Mapping[str, Any]) -> str:
    achieved = f"{result['achieved_rate']:.4g} good answers/s"
    if result["offered_rate"] is None:
        return f"{result['closed_loop']} in flight; {achieved}"
    return f"{result['offered_rate']:.4g}/s offered ({result['arrivals']}); {achieved}"


def _beside(result: Mapping[str, Any]) -> list[str]:
    client, schedule, tokens, cache = (result[name] for name in ("client", "schedule", "tokens", "prefix_cache"))
    lines = []
    if result.get("coordinated_omission"):
        lines.append(f"closed loop: {result['coordinated_omission']}")
    if tokens["completion"] is not None:
        prompt = "" if tokens["prompt"] is None else f"{tokens['prompt']} of prompts, "
        lines.append(
            f"tokens:   {prompt}{tokens['completion']} of answers, {tokens['completion_per_second']:.4g}/s "
            f"(counted by the server)"
        )
    rate = f"hit rate {cache['hit_rate']:.1%} ({cache['metric']})" if "hit_rate" in cache else "hit rate not reported"
    lines.append(f"cache:    prompts {cache['prompts']}; {rate}")
    lines += server_lines(result["server"], result["gpu"])
    late = f"{schedule['late']} sent more than {schedule['late_over_ms']:g} ms late"
    if schedule["latest"]:
        worst = ", ".join(f"request {each['request']} by {each['late_ms']:g} ms" for each in schedule["latest"][:3])
        late += f" ({worst})"
    never = f", {schedule['never_sent']} never sent" if schedule["never_sent"] else ""
    digest = f", sha256 {schedule['sha256'][:16]}" if schedule["sha256"] else ""
    lines.append(f"schedule: {schedule['planned']} planned, {late}{never}{digest}, seed {result['seed']}")
    send, receive = client["send_lag_ms"], client["receive_lag_ms"]
    parts = [f"{client['cpu_share']:.2f} cores", f"stamps: {client['stamps']}"]
    if send:
        parts.append(f"send lag p99 {send['p99']:.3g} ms")
    if receive:
        parts.append(f"receive lag p99 {receive['p99']:.3g} ms")
    if client["steal_share"] is not None:
        parts.append(f"steal {client['steal_share']:.1%}")
    lines.append(f"client:   {', '.join(parts)}")
    if client["moved"]:
        lines.append(f"          moved at most {client['moved']}")
    for number, each in enumerate(result.get("machines", ()), 1):
        lost = f"; lost: {visible(each['lost'])}" if each["lost"] else ""
        drift = "" if each["clock_drift_ms"] is None else f", moved by {each['clock_drift_ms']:.3g} ms in the run"
        lines.append(
            f"worker {number}: {visible(each['host'])} (pid {each['pid']}), {each['records']} records, clock known to "
            f"{each['clock_error_ms']:.3g} ms{drift}{lost}"
        )
    return lines + _journey(result["journey"]) if "journey" in result else lines


def _journey(journey: Mapping[str, Any]) -> list[str]:
    sessions = journey["sessions"]
    ends = f"{sessions['failed']} ended by an error, {sessions['cut_off']} by the end of the run"
    lines = [f"journey:  {journey['users']} users, {sessions['begun']} sessions: {sessions['whole']} whole, {ends}"]
    for each in journey["by_turn"]:
        times = [
            f"{name} p50 {_ms(each[key]['p50'])} p99 {_ms(each[key]['p99'])} ms"
            for name, key in (("first token", "ttft_ms"), ("end", "e2e_ms"))
            if each[key] is not None
        ]
        asked = f"{each['requests']} requests, {each['errors']} errors"
        lines.append(f"  turn {each['turn']:>3}: {asked}; {', '.join(times)}")
    return lines


def _ms(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.2f}" if value < 100 else f"{value:.1f}"


def step_text(step: Step) -> str:
    """One line for one look."""
    figures = ", ".join(f"{name}: {'-' if value is None else f'{value:.4g}'}" for name, value in step.figures.items())
    state = "invalid" if step.invalid else "interrupted" if step.interrupted else step.outcome
    why = step.invalid or (step.reason if step.outcome != "pass" else "")
    head = f"{step.rate_per_second:>9.4g}/s  {state:<12} {step.requests:>6} requests  {figures}"
    return head + (f"\n{'':>13}{visible(why)}" if why else "")


def found_text(found: Found, limits: list[Limit], resolution: float) -> str:
    """What the search found, with how sure and how near."""
    asked = ", ".join(limit.name for limit in limits)
    sure = f"each limit at an error of {ALPHA:.0%} over all looks"
    if found.highest is None:
        head = f"no rate was shown to meet {asked} ({sure})"
    else:
        head = f"highest rate that meets {asked}: {found.highest:.4g} requests/s ({sure})"
    lines = [head]
    if found.next_above is not None:
        shown = "fails" if found.next_outcome == "fail" else "was not shown to meet them, nor to fail"
        lines.append(f"{found.next_above:.4g} requests/s {shown}; asked for was a resolution of {resolution:.0%}")
    if found.ended_by in _ENDS:
        lines.append(_ENDS[found.ended_by])
    return "\n".join(lines)
