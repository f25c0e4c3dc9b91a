"""The only definition of results.json, the stored result of a run.

Keys that this version does not know are kept when a run is loaded and written again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Annotated, Any

from signoff.reports.errors import StoredRunMalformed, StoredRunTorn, StoredRunUnreadable, UnknownSchema
from signoff.reports.mistake import shown
from signoff.reports.model import Key, keys, left_out_if_empty
from signoff.reports.plain_text import json_text
from signoff.reports.stored.conflict import Conflict
from signoff.reports.stored.decode import decode
from signoff.reports.stored.run_folder import RunFolder, kept, opened
from signoff.reports.stored.stored_reading import StoredReading
from signoff.reports.stored.stored_server import StoredServerSide
from signoff.reports.stored.threshold import Threshold
from signoff.reports.stored.verdict import Measured, Outcome, RunOutcome

SCHEMA = 1
FILE_NAME = "results.json"
MOST_BYTES = 256 * 2**20
"""Size limit of a file of a run; no run writes as much."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCriterion:
    """One criterion with its place in the document and its verdict.

    `evidence` names files relative to the run's folder. `waiver` holds owner, reason and expires. `mend` says
    what would make it measurable, or where to look after a failure. `detail` holds alpha, looks and the like.
    `service` is the one of several services of the document that it mentions, else empty.
    """

    id: str
    document: str
    line: int
    text: str
    kind: str
    outcome: Outcome
    reason: str
    assumptions: tuple[str, ...] = ()
    measured: Measured | None = None
    threshold: Threshold | None = None
    evidence: tuple[str, ...] = ()
    waiver: Json | None = None
    statement: str = ""
    section: str = ""
    column: int = 1
    judge: str = "machine"
    hint: Annotated[str, Key("mend")] = ""
    service: str = ""
    detail: Json = field(default_factory=dict)
    started: str = ""
    seconds: float | None = None
    extra: Json = field(default_factory=dict)

    @property
    def figure(self) -> str:
        """The figure of the result document that it decides; "" if it decides none, or the run does not say."""
        return self._text("figure")

    @property
    def part(self) -> str:
        """The part of the deployment that it is about; "" if it decides a figure, or the run does not say."""
        return self._text("part")

    @property
    def judged_as(self) -> str:
        """The question that its check asks, in a sentence; "" where a person judges, or the run does not say."""
        return self._text("judged_as")

    @property
    def requirement(self) -> str:
        """The document's own id of the demand, such as `FR-012`; "" where it has none, or the run does not say."""
        return self._text("requirement")

    @property
    def read_anew(self) -> str:
        """Why its reading is not one that was accepted; "" where it was, or the run does not say."""
        return self._text("read_anew")

    def _text(self, name: str) -> str:
        """A key beside the fields, where it holds a text."""
        return text if isinstance(text := self.extra.get(name), str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """A task document of the run; `header` holds its header fields as written."""

    path: str
    title: str = ""
    header: Json = field(default_factory=dict)
    service_name: str = ""
    task_number: str = ""
    diagnostics: tuple[Any, ...] = ()
    counts: Json = field(default_factory=dict)
    reading: Annotated[StoredReading | None, Key(kept_empty=False)] = None
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One step of the run; `at` is UTC."""

    at: str
    what: str
    result: str = ""
    seconds: float | None = None
    note: str = ""
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What generated the answers: `simulated`, `vllm` or any other name, with its version."""

    name: str = ""
    version: str = ""
    flags: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Its flags, and settings that its release does not support, if reported."""
    extra: Json = field(default_factory=dict)

    @property
    def is_simulated(self) -> bool:
        """Whether the engine was simulated."""
        return self.name.strip().lower().split(" ")[0] in {"simulated", "simulation", "simulator"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCounts:
    """The numbers of criteria that are open although the run has an outcome."""

    awaiting_person: int = 0
    out_of_reach: int = 0
    waived: int = 0
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """The data of a result document. Times are ISO 8601 in UTC.

    `out_of_reach` maps a criterion id or a kind to the reason that the deployment file declares. `retries` is
    a count, or a list with one entry a retry.
    """

    outcome: RunOutcome
    profile: str
    target: str
    engine: Engine
    machine: Json
    versions: Json
    started: str
    finished: str
    criteria: tuple[StoredCriterion, ...]
    open: OpenCounts = field(default_factory=OpenCounts)
    conflicts: tuple[Conflict, ...] = ()
    reason: str = ""
    run_id: str = ""
    alpha: float | None = None
    documents: tuple[StoredDocument, ...] = ()
    out_of_reach: Mapping[str, str] = field(default_factory=dict)
    log: tuple[LogEntry, ...] = ()
    retries: Any = 0
    server: tuple[StoredServerSide, ...] = ()
    reading: Annotated[StoredReading | None, Key(kept_empty=False)] = None
    extra: Json = field(default_factory=dict)


def load(path: Path) -> StoredRun:
    """The run that a results.json holds. Raises StoredRunUnreadable with the place of the error."""
    try:
        with opened(path) as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise StoredRunUnreadable(f"{path}: more than {MOST_BYTES} bytes are no stored run", "name another file")
        text = content.decode("utf-8")
    except FileNotFoundError:
        raise StoredRunUnreadable(f"{path}: no such file", "name a run's folder or its results.json") from None
    except UnicodeDecodeError as error:
        raise StoredRunTorn(f"{path}: byte {error.start} is not UTF-8", "make the run again") from None
    except OSError as error:
        raise StoredRunUnreadable(f"{path}: {error.strerror}", "check the path and its permissions") from None
    try:
        value = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise StoredRunTorn(
            f"{path}:{error.lineno}:{error.colno}: not a complete JSON text ({error.msg})",
            "the file is truncated or was changed by hand; repeat the run",
        ) from None
    except (ValueError, RecursionError) as error:
        raise StoredRunTorn(f"{path}: {error}", "make the run again") from None
    try:
        return from_json(value)
    except StoredRunUnreadable as error:
        raise type(error)(f"{path}: {error}", error.hint) from None


def save(run: StoredRun, path: Path) -> None:
    """Write a run atomically: a reader finds the old or the new file, also after a power cut. Raises NotWritten."""
    RunFolder(path.parent).write(path.name, _text(run))


def serialized(run: StoredRun) -> bytes:
    """The bytes of results.json. Equal runs give equal bytes."""
    return kept(_text(run))


def _text(run: StoredRun) -> str:
    """Invisible characters and lone surrogates are written as JSON escapes."""
    return json_text(json.dumps(to_json(run), ensure_ascii=False, allow_nan=False, indent=1)) + "\n"


def to_json(run: StoredRun) -> dict[str, Any]:
    """The run as plain JSON.

    JSON has no infinity: an interval without an end is null there, and a figure that is no number is no
    measurement.
    """
    return {"schema": SCHEMA, **plain(run)}


def from_json(value: Any) -> StoredRun:
    """A run from plain JSON. Raises StoredRunUnreadable.

    An engine or a machine that is one text, and not an object, is read too.
    """
    if not isinstance(value, dict):
        raise StoredRunMalformed(f"the file must hold an object, not {shown(value)}", "name a results.json")
    left = dict(value)
    schema = left.pop("schema", None)
    if schema != SCHEMA or isinstance(schema, bool):
        raise UnknownSchema(
            f"schema is {schema!r}; this version reads schema {SCHEMA}",
            "read it with the version of signoff that wrote it",
        )
    if isinstance(left.get("engine"), str | None):
        left["engine"] = {"name": left.get("engine") or ""}
    if isinstance(left.get("machine"), str):
        left["machine"] = {"description": left["machine"]}
    return decode(StoredRun, left, "run")


def plain(value: Any) -> Any:
    """A model as plain JSON; `extra` stands among the keys, and non-finite numbers are null."""
    if isinstance(value, Measured) and not math.isfinite(value.value):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        extra: Json = getattr(value, "extra", {})
        own = {key: getattr(value, item.name) for key, item in keys(type(value)).items()}
        left_out = left_out_if_empty(type(value))
        kept = {key: plain(each) for key, each in own.items() if each or key not in left_out}
        return {**kept, **plain(extra)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    # A numpy scalar gives its Python number; anything else, a path or a date, its text.
    return plain(value.item()) if hasattr(value, "item") else str(value)


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not a number in JSON")
