"""A recorded trace of requests: arrival times and, where given, lengths of prompts and answers.

Read are: one time in seconds a line; JSON lines with `timestamp` (in ms, as Mooncake writes them), `input_length`
and `output_length`; CSV with the columns of BurstGPT (`Timestamp`, `Request tokens`, `Response tokens`) or of the
Azure LLM traces (`TIMESTAMP`, `ContextTokens`, `GeneratedTokens`).
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final

from signoff.perf.errors import InputUnreadable, PlanInvalid
from signoff.perf.input_file import opened
from signoff.perf.load.arrivals import MOST

Traced = tuple[float, int | None, int | None]
"""Seconds from the first request, tokens of the prompt, tokens of the answer."""

LONGEST_BYTES: Final = 2**30
_TIMES_S: Final = ("timestamp", "time", "time_s", "arrival_time", "arrived_at")
_TIMES_MS: Final = ("timestamp_ms", "time_ms")
_PROMPTS: Final = ("input_length", "request tokens", "contexttokens", "prompt_tokens", "input_tokens")
_ANSWERS: Final = ("output_length", "response tokens", "generatedtokens", "completion_tokens", "output_tokens")


def read_trace(path: Path) -> tuple[Traced, ...]:
    """The requests of a trace in order of time, the first at 0 s. Raises PlanInvalid, naming the line."""
    try:
        with opened(path, LONGEST_BYTES) as raw, TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
            found: list[Traced] = []
            for line, text in _rows(file):
                if len(found) == MOST:
                    raise PlanInvalid(f"{path}: more than {MOST} requests", "split the trace")
                try:
                    found.append(_traced(text))
                except (KeyError, TypeError, ValueError) as error:
                    what = error.args[0] if error.args else error
                    raise PlanInvalid(f"{path}:{line}: not a request of a trace: {what}", _HINT) from None
    except InputUnreadable as error:
        raise PlanInvalid(str(error), error.hint) from None
    except UnicodeDecodeError:
        raise PlanInvalid(f"{path}: not text in UTF-8", _HINT) from None
    if not found:
        raise PlanInvalid(f"{path}: no request in it", _HINT)
    found.sort(key=lambda each: each[0])
    first_s = found[0][0]
    return tuple((at_s - first_s, prompt, answer) for at_s, prompt, answer in found)


_HINT: Final = "one time in seconds a line, or JSON lines or CSV with a timestamp and lengths in tokens"


def fit(trace: tuple[Traced, ...], rate_per_second: float | None, duration_s: float | None) -> tuple[Traced, ...]:
    """The trace stretched to a mean rate, then cut at a duration. Raises PlanInvalid."""
    if rate_per_second is not None:
        if not (math.isfinite(rate_per_second) and rate_per_second > 0):
            raise PlanInvalid(f"a rate of {rate_per_second:g} requests/s: it must be above zero")
        if trace[-1][0] <= 0:
            raise PlanInvalid("all requests of the trace come at one time: no rate can be made of it")
        factor = (len(trace) - 1) / rate_per_second / trace[-1][0]
        trace = tuple((at_s * factor, prompt, answer) for at_s, prompt, answer in trace)
    if duration_s is not None:
        if not (math.isfinite(duration_s) and duration_s > 0):
            raise PlanInvalid(f"a duration of {duration_s:g} s: it must be above zero")
        trace = tuple(each for each in trace if each[0] < duration_s)
    return trace


def _rows(file: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(line, fields by name in small letters) of whichever form the file has."""
    read: Callable[[str], Mapping[str, Any]] | None = None
    for line, text in enumerate(file, 1):
        text = text.strip()
        if not text or text.startswith("#"):
            continue
        if read is None:
            if text.startswith("{"):
                read = _json_row
            elif _is_number(text):
                read = _bare_row
            else:
                read = _csv_row(text)
                continue
        yield line, read(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _bare_row(text: str) -> Mapping[str, Any]:
    return {"timestamp": text}


def _json_row(text: str) -> Mapping[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    named = {str(name).lower(): value for name, value in fields.items()}
    if "timestamp" in named and not isinstance(named["timestamp"], str):
        named["timestamp_ms"] = named.pop("timestamp")
    return named


def _csv_row(head: str) -> Callable[[str], Mapping[str, Any]]:
    names = [name.strip().lower() for name in next(csv.reader([head]))]
    return lambda text: dict(zip(names, next(csv.reader([text])), strict=False))


def _traced(fields: Mapping[str, Any]) -> Traced:
    at_s = next((_seconds(fields[name]) for name in _TIMES_S if name in fields), None)
    if at_s is None:
        at_s = next((float(fields[name]) / 1e3 for name in _TIMES_MS if name in fields), None)
    if at_s is None:
        raise ValueError("no timestamp")
    if not math.isfinite(at_s):
        raise ValueError(f"a timestamp of {at_s}")
    return at_s, _tokens(fields, _PROMPTS), _tokens(fields, _ANSWERS)


def _seconds(value: Any) -> float:
    if isinstance(value, str) and not _is_number(value):
        return datetime.fromisoformat(value[:26]).timestamp()  # Azure writes seven digits of a second
    return float(value)


def _tokens(fields: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    value = next((fields[name] for name in names if name in fields), None)
    if value is None or value == "":
        return None
    count = int(float(value))
    if count < 0:
        raise ValueError(f"{count} tokens")
    return count
