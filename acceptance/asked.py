"""What is asked of a check, and the words in which its kind puts it: limit, statistic, request, list, value."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from signoff.acceptance.parameters import Parameters
from signoff.perf.redaction.known_secrets import names_secret
from signoff.reports.plain_text import line
from signoff.reports.stored.threshold import Threshold

COMPLETIONS = "POST /v1/chat/completions"
LONGEST = 200
_COMPARATORS = {"<": "below", "<=": "at most", "==": "exactly", ">=": "at least", ">": "above"}
_LOAD = {
    "rate_per_s": "at {} requests/s",
    "users": "with {} requests at once",
    "duration_s": "for {} s",
    "requests": 'with the requests "{}"',
    "said": 'under "{}"',
}
_COUNTED = {"requests", "tokens", "cores", "bytes", "users", "sessions"}
_PERCENTILE = re.compile(r"p\d+(?:\.\d+)?")
_USUAL_HEADERS = {"content-type", "accept", "user-agent"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check of some kind is run with, and nothing of the document's own words.

    `under` is the load that the criterion holds under, where it is one that a run brings about.
    """

    threshold: Threshold | None = None
    parameters: Parameters = field(default_factory=Parameters)
    under: Mapping[str, Any] | None = None

    @property
    def request(self) -> str:
        """The request with all that it sends; without one, that of a completion."""
        return request_words(self.parameters.get("request")) or COMPLETIONS

    @property
    def completions(self) -> str:
        """The requests of the load run that are looked at."""
        return self._of_load()

    @property
    def streams(self) -> str:
        """The same where tokens are timed."""
        return self._of_load("streamed")

    def _of_load(self, *notes: str) -> str:
        shown_one = request_words(self.parameters.get("request"))
        others = () if shown_one else ("the document's own completions where it shows some",)
        beside = "; ".join((*notes, *others))
        return f"{shown_one or COMPLETIONS} ({beside})" if beside else shown_one

    @property
    def limit(self) -> str:
        """`below 500 ms`."""
        return "within no stated limit" if self.threshold is None else limit_words(self.threshold)

    @property
    def statistic(self) -> str | None:
        """What the limit is put on: `mean`, `p95`, `max`."""
        return None if self.threshold is None else self.threshold.statistic

    @property
    def load(self) -> str:
        """Under which load: `at 10 requests/s`."""
        return load_words(self.under) or f"under the run's own load{self.apart}"

    @property
    def apart(self) -> str:
        """What the document states of the load and the run does not bring about."""
        if load_words(self.under):
            return ""
        stated = [self.parameters.get(name) for name in ("load", "population")]
        said = listed(f'"{shown(text)}"' for text in stated if text)
        return f" ({said} {'are' if all(stated) else 'is'} not brought about)" if said else ""

    def words(self, name: str) -> list[str]:
        """A parameter that is a list of texts."""
        return [shown(word) for word in self.parameters.get(name) or ()]  # type: ignore[attr-defined]

    def shown(self, name: str) -> str:
        """A parameter as a sentence shows it; where it is missing, that is said."""
        value = self.parameters.get(name)
        return f"(no {name} is stated)" if value is None else shown(value)


def load_words(load: Mapping[str, Any] | None) -> str:
    """A load with its rate, how much at once, for how long, and the document's words for the rest; "" for none."""
    load = load or {}
    parts = [
        form.format(shown(value) if isinstance(value, str) else number(value))
        for name, form in _LOAD.items()
        if (value := load.get(name)) is not None
    ]
    return ", ".join(parts)


def timed(noun: str, statistic: str | None) -> str:
    """What of a time is limited, as question and verdict name it: `mean latency`, `p95 of the latency`."""
    return f"{statistic} of the {noun}" if is_percentile(statistic) else f"mean {noun}"


def is_percentile(statistic: str | None) -> bool:
    """Whether a limit is on a percentile; every other limit on a time is one on its mean."""
    return _PERCENTILE.fullmatch(statistic or "") is not None


def limit_words(threshold: Threshold) -> str:
    """`below 500 ms`, `at least 0.7`."""
    return f"{_COMPARATORS[threshold.comparator]} {amount(threshold.value, threshold.unit)}"


def amount(value: float, unit: str) -> str:
    """A figure with its unit; a ratio has none, and of one thing the unit is singular."""
    if unit == "ratio":
        return number(value)
    return f"{number(value)} {unit[:-1] if value == 1 and unit in _COUNTED else unit}"


def number(value: float) -> str:
    """All digits of a figure that a document states."""
    return f"{value:.0f}" if abs(value) < 1e15 and value == round(value) else f"{value:.12g}"


def request_words(request: Mapping[str, Any] | None) -> str:
    """`POST 10.0.0.5:8000/v1/completions with {"prompt": ...}`; "" for no request. No credential is shown."""
    if not request:
        return ""
    said = f"{request.get('method', 'GET')} {request.get('address') or ''}{request.get('path', '/')}"
    headers = [
        name if names_secret(name) else f"{name}: {value}"
        for name, value in (request.get("headers") or {}).items()
        if name.lower() not in _USUAL_HEADERS
    ]
    body = request.get("body")
    sent = [*headers, *([] if body is None else [body if isinstance(body, str) else _json(body)])]
    return shown(said) + (f" with {shown(' and '.join(sent))}" if sent else "")


def last_message(request: Mapping[str, Any] | None) -> str:
    """The content of a chat request's last message; "" where it has none."""
    body = (request or {}).get("body")
    messages = body.get("messages") if isinstance(body, Mapping) else None
    last = messages[-1] if isinstance(messages, list) and messages else {}
    content = last.get("content") if isinstance(last, Mapping) else ""
    return content if isinstance(content, str) else ""


def listed(words: Iterable[str], joint: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = list(words) or [""]
    return f"{', '.join(first)} {joint} {last}" if first else last


def shown(value: Any, longest: int = LONGEST) -> str:
    """A value on one line: a text as it is, anything else as JSON; what is cut keeps a digest of the whole."""
    text = line(value if isinstance(value, str) else _json(value), 10**9)
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{text[:longest]}… ({len(text):,} characters, SHA-256 {digest}…)"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
