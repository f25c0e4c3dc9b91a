"""The load plan from a command line: server, requests, arrivals."""

from __future__ import annotations

import argparse
import math
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from signoff.acceptance import keys
from signoff.acceptance.deployment import AUTHORIZATION
from signoff.acceptance.errors import UsageError
from signoff.perf.client.endpoint import chat_url
from signoff.perf.errors import PlanInvalid
from signoff.perf.load.plan import LoadPlan
from signoff.perf.load.prompts import read_prompts
from signoff.perf.load.trace import fit, read_trace
from signoff.perf.redaction import known_secrets

PROMPT: Final = "Write about what comes to your mind."
ARRIVALS: Final = "constant, poisson, ramp:FROM, step:R1,R2,... or trace:FILE"


def endpoint(url: str) -> str:
    """The URL that requests go to: chat completions, where only a server (or its /v1) is named."""
    if "://" not in url:
        raise UsageError(f"{url!r} is not a URL", "give one such as http://127.0.0.1:8000")
    return chat_url(url)


def headers(arguments: argparse.Namespace) -> dict[str, str]:
    """Header fields of the command line, and the key that a variable holds. Raises UsageError.

    Their secrets are removed from all output from now on, and no child inherits them.
    """
    found: dict[str, str] = {}
    for text in arguments.header:
        name, colon, value = text.partition(":")
        if not colon:
            raise UsageError(f"--header {text!r}: no colon", "give it as --header 'Name: value'")
        found[name.strip()] = value.strip()
    known_secrets.remember_headers(found)
    if arguments.api_key_env:
        key = keys.value(arguments.api_key_env)
        if not key:
            raise UsageError(
                f"the environment variable {arguments.api_key_env} is empty or not set", "put the key into it"
            )
        name = arguments.api_key_header
        found[name] = f"Bearer {key}" if name.lower() == "authorization" else key
    elif arguments.api_key_header != AUTHORIZATION:
        raise UsageError("--api-key-header names the header of a key", "say which variable holds it: --api-key-env")
    return found


def remember_secrets(arguments: argparse.Namespace) -> None:
    """Know from now on what of the command line is secret, and let no child inherit it. Raises UsageError."""
    headers(arguments)
    for url in (arguments.url, arguments.metrics_url):
        known_secrets.remember_url(url or "")
    keys.withdraw()
    known_secrets.spare(filter(None, (arguments.url, arguments.model, arguments.api_key_env)))


def plan_of(arguments: argparse.Namespace) -> LoadPlan:
    """The plan that the command line asks for. Raises UsageError, PlanInvalid."""
    url = endpoint(arguments.url)
    seed = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    timing = _timing(arguments)
    bodies = _bodies(arguments, url)
    return LoadPlan(
        url=url,
        body=bodies[0],
        more_bodies=tuple(bodies[1:]),
        timeout_s=arguments.timeout,
        headers=headers(arguments),
        seed=seed,
        stream=not arguments.no_stream,
        vary=not arguments.same_prompt,
        verify_tls=not arguments.insecure,
        prompt_tokens=arguments.prompt_tokens,
        **timing,
    )


def with_model(plan: LoadPlan, model: str | None) -> LoadPlan:
    """The plan whose requests name a model, where they name none so far."""
    if model is None:
        return plan
    body, *more = ({"model": model, **each} for each in (plan.body, *plan.more_bodies))
    return replace(plan, body=body, more_bodies=tuple(more))


def _timing(arguments: argparse.Namespace) -> dict[str, Any]:
    """The fields of the plan that say when requests are due."""
    rate, duration = arguments.rate, arguments.duration
    if arguments.closed_loop is not None:
        if rate is not None or arguments.arrivals != "constant":
            raise UsageError("a closed loop has no rate and no arrivals", "give --closed-loop alone, or --rate")
        if arguments.closed_loop < 1:
            raise UsageError(f"--closed-loop {arguments.closed_loop}: at least one request has to be in flight")
        values = {"arrivals": "closed_loop", "closed_loop": arguments.closed_loop, "rate_per_second": 0.0}
        return {**values, "duration_s": _needed(duration, "--duration")}
    kind, _, value = arguments.arrivals.partition(":")
    if kind in ("constant", "poisson") and not value:
        return {
            "arrivals": kind,
            "rate_per_second": _needed(rate, "--rate"),
            "duration_s": _needed(duration, "--duration"),
        }
    if kind == "ramp":
        return {
            "arrivals": kind,
            "ramp_from_per_second": _numbers(value or "0", 1)[0],
            "rate_per_second": _needed(rate, "--rate"),
            "duration_s": _needed(duration, "--duration"),
        }
    if kind == "step":
        if rate is not None:
            raise UsageError("steps have their own rates", "leave out --rate, or name them all after step:")
        steps = _numbers(value)
        mean = sum(steps) / len(steps)
        return {
            "arrivals": kind,
            "steps_per_second": steps,
            "rate_per_second": mean,
            "duration_s": _needed(duration, "--duration"),
        }
    if kind == "trace" and value:
        trace = fit(read_trace(Path(value)), rate, duration)
        lasts_s = duration or trace[-1][0] * len(trace) / max(1, len(trace) - 1) or 1.0
        return {"arrivals": kind, "trace": trace, "rate_per_second": len(trace) / lasts_s, "duration_s": lasts_s}
    raise UsageError(f"--arrivals {arguments.arrivals!r} is not known", f"give {ARRIVALS}")


def _needed(value: float | None, name: str) -> float:
    if value is None:
        raise UsageError(f"{name} is missing", "for example: --rate 10 --duration 30")
    return value


def _numbers(text: str, most: int | None = None) -> tuple[float, ...]:
    try:
        numbers = tuple(float(each) for each in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(map(math.isfinite, numbers)) or (most is not None and len(numbers) > most):
        raise UsageError(f"--arrivals: {text!r} is not {'a rate' if most == 1 else 'a list of rates'}", ARRIVALS)
    return numbers


def _bodies(arguments: argparse.Namespace, url: str) -> list[Mapping[str, Any]]:
    """The prompts, used in turn: those of the file, or the default one."""
    fields: dict[str, Any] = {} if arguments.model is None else {"model": arguments.model}
    if arguments.max_tokens is not None:
        if arguments.max_tokens < 1:
            raise UsageError(f"--max-tokens {arguments.max_tokens}: an answer needs at least one")
        fields["max_tokens"] = arguments.max_tokens
    if not arguments.no_stream:
        fields["stream_options"] = {"include_usage": True}
    given = read_prompts(arguments.prompts) if arguments.prompts else ({"prompt": PROMPT},)
    is_chat = not urlsplit(url).path.rstrip("/").endswith("/completions") or "/chat/" in urlsplit(url).path
    return [{**fields, **_for(is_chat, each)} for each in given]


def _for(is_chat: bool, prompt: Mapping[str, Any]) -> Mapping[str, Any]:
    """The prompt in the words of the endpoint: messages for a chat, a text for a completion."""
    if is_chat and "messages" not in prompt:
        rest = {name: value for name, value in prompt.items() if name != "prompt"}
        return {**rest, "messages": [{"role": "user", "content": prompt["prompt"]}]}
    if not is_chat and "prompt" not in prompt:
        raise PlanInvalid("a prompt of the file holds messages, and this endpoint takes a text", "use a chat endpoint")
    return prompt
