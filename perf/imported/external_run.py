"""A load run of another tool, read as records: what it shows, and what it cannot prove.

A client that is late makes a time longer and never shorter, as long as the time counts from when the request was
to leave. So a limit on a time may pass on another tool's record, and nothing fails on it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from signoff.perf.client.endpoint import chat_url
from signoff.perf.client.exchange import Exchange
from signoff.perf.client.request_url import origin
from signoff.perf.errors import EvidenceUnreadable, InputTooLong, InputUnreadable, UrlInvalid
from signoff.perf.input_file import read_input
from signoff.perf.load.client_validity import ClientHealth
from signoff.perf.load.load_run import LoadRun
from signoff.perf.load.plan import LoadPlan

LONGEST_BYTES: Final = 2_000_000_000
OF_EVERY_TOOL: Final = (
    "it timestamps in user space and does not measure its own lateness, so that no limit on a time fails on it",
    "it watched no process, so memory and CPU are unknown",
    "its prompts and answer lengths are its own, not the document's",
)


def origin_named(url: str) -> str:
    """The origin of a URL that a file names; the text itself if it is none, which is then no server's."""
    try:
        return origin(url).url()
    except UrlInvalid:
        return url


@dataclass(frozen=True, slots=True)
class ExternalRun:
    """What was read; `cannot_prove` is whole sentences, `target` the origin that was asked, `model` its name."""

    tool: str
    version: str
    target: str
    model: str
    stream: bool
    exchanges: tuple[Exchange, ...]
    cannot_prove: tuple[str, ...]

    def as_load_run(self, timeout_s: float) -> LoadRun:
        """The same as a run of the own client; failures are charged at `timeout_s`."""
        first_ns = min(each.intended_ns for each in self.exchanges)
        last_ns = max(each.intended_ns for each in self.exchanges)
        duration_s = max((last_ns - first_ns) / 1e9, 1e-3)
        plan = LoadPlan(
            url=chat_url(self.target),
            body={"model": self.model, "messages": [{"role": "user", "content": f"as {self.tool} asked"}]},
            rate_per_second=len(self.exchanges) / duration_s,
            duration_s=duration_s,
            timeout_s=timeout_s,
            stream=self.stream,
            vary=False,
        )
        health = ClientHealth(
            valid=True,
            reason="",
            stamps="user",
            send_lag_ms=None,
            receive_lag_ms=None,
            loop_lag_ms=None,
            cpu_share=math.nan,
            steal_share=None,
            kernel_reads=0,
            user_reads=0,
            clock_steps=0,
        )
        return LoadRun(plan, first_ns, self.exchanges, health)

    def as_record(self) -> dict[str, Any]:
        """Plain JSON beside the exchanges."""
        return {
            "tool": self.tool,
            "version": self.version,
            "target": self.target,
            "model": self.model,
            "cannot_prove": list(self.cannot_prove),
        }


def exchange(
    sequence: int,
    *,
    intended_ns: int,
    sent_ns: int,
    finished_ns: int,
    token_ns: Sequence[int] = (),
    first_token_ns: int | None = None,
    outcome: str = "ok",
    error: str = "",
    tokens: tuple[int | None, int | None] = (None, None),
) -> Exchange:
    """One request of another tool; `tokens` are those of the prompt and of the answer, as the server reported them."""
    return Exchange(
        sequence=sequence,
        intended_ns=intended_ns,
        sent_ns=sent_ns,
        connect_ns=0,
        first_byte_ns=first_token_ns,
        first_token_ns=first_token_ns,
        last_token_ns=token_ns[-1] if token_ns else None,
        token_ns=tuple(token_ns),
        finished_ns=finished_ns,
        status=None,
        outcome=outcome,
        prompt_tokens=tokens[0],
        completion_tokens=tokens[1],
        error=error[:500],
        stamps="user",
        receive_lag_ns=0,
    )


def outcome_of(code: object, kind: object, message: object) -> str:
    """The outcome for another tool's error, in the client's own terms."""
    if isinstance(code, int) and not isinstance(code, bool) and 300 <= code < 600:
        return "redirect" if code < 400 else f"http_{code}"
    text = f"{kind} {message}".lower()
    words = {"timeout": "timeout", "timed out": "timeout", "refused": "refused", "reset": "reset"}
    return next((outcome for word, outcome in words.items() if word in text), "told_as_error")


def load_json(path: Path) -> Any:
    """A JSON file of another tool. Raises EvidenceUnreadable."""
    try:
        return json.loads(read_input(path, LONGEST_BYTES).decode("utf-8"))
    except InputTooLong as error:
        raise EvidenceUnreadable(str(error), "give the result of one run") from None
    except InputUnreadable as error:
        raise EvidenceUnreadable(str(error), error.hint) from None
    except (ValueError, RecursionError) as error:
        raise EvidenceUnreadable(f"{path}: no JSON: {error}", "give the file that the tool wrote, whole") from None


def number(record: Mapping[str, Any], name: str, where: str) -> float:
    """A finite number of a record. Raises EvidenceUnreadable with its place."""
    value = record.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise EvidenceUnreadable(f"{where}: {name} is no number but {value!r}", "give the file as the tool wrote it")
    return value
