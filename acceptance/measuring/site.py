"""The site: everything that a check may access while it measures."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.deployment import Deployment
from signoff.acceptance.errors import NotMeasurable, NotRun, SignoffError, TargetUnreachable
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring.load_conditions import not_brought_about
from signoff.acceptance.profile import Profile
from signoff.acceptance.records.records import decoded
from signoff.perf.client import server_json
from signoff.perf.client.bounds import AnswerTooLong, Room
from signoff.perf.client.fetch import error_of, fetch
from signoff.perf.client.patience import Patience
from signoff.perf.errors import PlanInvalid
from signoff.perf.imported.external_run import ExternalRun
from signoff.perf.processes.process_identity import ProcessIdentity
from signoff.perf.redaction import known_secrets
from signoff.reports.plain_text import json_text
from signoff.reports.stored.run_folder import Growing, RunFolder

REQUEST_TIMEOUT_S = 60.0
HARMLESS_METHODS = {"GET", "HEAD", "OPTIONS", "POST"}
OWN_HEADERS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}
"""The client's headers: they ask for uncompressed answers, and a compressed one is never decoded."""
UNSET = re.compile(r"\$\{?[A-Za-z_]")
"""A shell variable in a header: the deployment's key is sent instead."""
SHELL_MARKS = ("$(", "`")
MAX_BODY_BYTES = 4_000_000
MAX_KEPT_CHARACTERS = 1_000_000
LONGEST_KEY = 10_000
LARGE_BYTES, MOST_LARGE_BYTES = 64 * 1024, 24 * 2**20
"""The memory limit of all answers of a run, except small ones."""
SECRET_HEADERS = {"set-cookie", "authorization", "www-authenticate"}


class Recorder:
    """Appends records to one file of the run, each immediately: an interruption keeps written ones."""

    def __init__(self, file: Growing) -> None:
        self._file = file
        self.records: list[Record] = []

    def write(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Append one record; `kind` becomes its `record` field unless it has one."""
        line = json.dumps(_kept({"record": kind, **fields}), ensure_ascii=False, sort_keys=True)
        # A verdict sees what is stored, down to the order of keys, so that it comes out the same from there.
        self._file.append(json_text(line) + "\n")
        self.records.append(decoded(line))


@dataclass
class Site:
    """A deployment under measurement. Each measurement is taken once and shared by name."""

    deployment: Deployment
    profile: Profile
    folder: Path
    criteria: tuple[Criterion, ...]
    primary_address: str | None = None
    service: str = ""
    process_id: int | None = None
    process: ProcessIdentity | None = None
    """Its identity when the run began, if known: the system may reuse the id."""
    stopped: tuple[ProcessIdentity, ...] = ()
    """The processes of the run's own service, after the run stopped it."""
    seed: int = 0
    foreign: ExternalRun | None = None
    """Another tool's run instead of an own load run."""
    on_progress: Callable[[str, float], None] = lambda what, share: None
    retries: list[str] = field(default_factory=list)
    service_ended: Callable[[], str] = lambda: ""
    """How a service of the run ended, with its last output; "" while all are running."""
    server_sides: list[dict[str, Any]] = field(default_factory=list)
    """Each server's report on its load run, with the service's name."""
    models: list[str | None] = field(default_factory=list)
    taken: dict[str, Evidence | NotMeasurable | NotRun] = field(default_factory=dict)
    timeout_s: float = REQUEST_TIMEOUT_S
    """Of a functional request; see perf/client/patience.py for several consecutive time-outs."""
    patience: Patience = field(default_factory=Patience)
    room: Room = field(default_factory=lambda: Room(MOST_LARGE_BYTES))

    def measured(self, name: str, measure: Callable[[Recorder], None], key: Any = None) -> Evidence:
        """The evidence of this name, measured at the first call; a failure to measure is remembered too.

        `key` is plain JSON that distinguishes measurements of one name: the request, the file, the steps.
        """
        if key is not None:
            name = f"{name}-{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:8]}"
        if self.service:
            name = f"{self.service}-{name}"
        if name not in self.taken:
            self.taken[name] = self._take(name, measure)
        found = self.taken[name]
        if isinstance(found, SignoffError):
            raise found
        return found

    def _take(self, name: str, measure: Callable[[Recorder], None]) -> Evidence | NotMeasurable | NotRun:
        file_name = f"evidence/{name}.jsonl"
        with RunFolder(self.folder).growing(file_name) as file:
            recorder = Recorder(file)
            try:
                recorder.write("setup", {"profile": self.profile.name, "alpha": self.profile.alpha})
                measure(recorder)
            except NotMeasurable as missing:
                reason = "; ".join(filter(None, (str(missing), self.service_ended())))
                recorder.write("not_measurable", {"reason": reason, "mend": missing.hint})
                return NotMeasurable(reason, missing.hint)
            except NotRun as given_up:
                recorder.write("not_run", {"reason": str(given_up)})
                return given_up
            if text := self.service_ended():
                recorder.write("service_ended", {"text": text})
        return Evidence(name, file_name, tuple(recorder.records))

    def limits(self, kind: str, document: str | None = None) -> list[Threshold]:
        """The limits of a kind, of all documents or of one, for planning a shared measurement."""
        return [
            criterion.threshold
            for criterion in self.criteria
            if criterion.kind == kind
            and criterion.judge == "machine"
            and criterion.threshold is not None
            and not not_brought_about(criterion.load)
            and document in (None, criterion.document)
        ]

    def ask(
        self,
        method: str,
        path: str,
        *,
        address: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        url: str | None = None,
        raw: bytes | None = None,
        with_key: bool = True,
    ) -> Record:
        """Send one functional request and return its record; a refused or broken connection is a record too.

        `url` is an absolute address from the deployment (`Deployment.role_url`), instead of the path.
        `raw` is a body that is not JSON, instead of `body`; `with_key` false omits the deployment's key.
        """
        if url is None:
            origin, assumption = self.deployment.url(address, self.primary_address)
            url = self.deployment.request_url(origin, path)
        else:
            assumption = ""
            self.deployment.refuse_foreign(url)
        record: dict[str, Any] = {"method": method, "url": url, "assumption": assumption, "body": body}
        headers = {**(headers or {}), **(self.deployment.headers(url) if with_key else {})}
        content = b"" if body is None else json.dumps(body).encode()
        if raw is not None:
            content = raw
            record["raw"] = raw.decode("utf-8", errors="replace")
        if content:
            headers = {"Content-Type": "application/json", **headers}
        timeout_s = self.still_waits(method, url)
        began_s = time.monotonic()
        try:
            reply = fetch(
                url, method=method, headers=headers, body=content, timeout_s=timeout_s, most_bytes=MAX_BODY_BYTES
            )
        except PlanInvalid as error:
            raise NotMeasurable(f"{method} {path} cannot be sent as it is written: {error}", error.hint) from None
        if reply.outcome == "client_error":
            raise SignoffError(f"{method} {url}: {reply.failure}")
        self.patience.ended(method, url, began_s, timed_out=reply.timed_out)
        if problem := error_of(reply, timeout_s):
            self.still_waits(method, url)
            return _kept({**record, "status": None, "error": problem, "headers": {}, "text": ""})
        text = reply.body.decode("utf-8", errors="replace")
        self.keep_room(len(text), url)
        return without_keys(
            {
                **record,
                "status": reply.status,
                "error": "",
                "content_type": reply.headers.get("content-type", ""),
                "headers": {name: value for name, value in reply.headers.items() if name not in SECRET_HEADERS},
            },
            text,
        )

    def still_waits(self, method: str, url: str) -> float:
        """The time-out of the next request. Raises NotRun if this route or origin was given up."""
        if why := self.patience.given_up(method, url):
            raise NotRun(why, "see why the server does not answer, and run again; --timeout S waits longer")
        return self.patience.timeout_s(method, url, self.timeout_s)

    def keep_room(self, size: int, url: str) -> None:
        """Counts the memory of an answer. Raises NotRun if the answers of the run together need too much."""
        try:
            self.room.take(size if size > LARGE_BYTES else 0)
        except AnswerTooLong as full:
            raise NotRun(f"{url}: {full}, so nothing more was asked", "make the server's answers smaller") from None

    def send(self, request: Mapping[str, Any], origin: str | None = None, *, with_key: bool = True) -> Record:
        """Send a document's request once, to the deployment's address for it.

        `origin` overrides the address: the deployment's URL of a role.
        Raises NotMeasurable for one that changes the server or needs a shell.
        """
        headers = headers_of(request)
        return self.ask(
            request["method"],
            request["path"],
            address=request.get("address"),
            headers=headers,
            body=request.get("body"),
            url=None if origin is None else self.deployment.request_url(origin, request["path"]),
            with_key=with_key,
        )

    def require_reachable(self) -> None:
        """Raises TargetUnreachable if nothing answers at the target."""
        answer = self.ask("GET", "/health")
        if answer["status"] is None:
            raise TargetUnreachable(
                f"{self.deployment.target} does not answer: {answer['error']}",
                "start the server, or name the right address with --target or in the deployment file",
            )


def headers_of(request: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a document's request. Raises NotMeasurable for a request that is never sent."""
    headers = {
        name: value
        for name, value in (request.get("headers") or {}).items()
        if name.lower() not in OWN_HEADERS and not UNSET.search(value)
    }
    if request["method"] not in HARMLESS_METHODS:
        raise NotMeasurable(f"a {request['method']} changes the server: it is shown, never sent")
    if not all(f"{name}{value}".isascii() for name, value in headers.items()):
        raise NotMeasurable("a header of this request contains invalid characters", "use ASCII in headers")
    if any(mark in json.dumps([request["path"], headers]) for mark in SHELL_MARKS):
        raise NotMeasurable("this request contains a shell expression, and nothing is run in a shell")
    return headers


def without_keys(record: Mapping[str, Any], text: str) -> Record:
    """A record with a server's answer as `text` and `json`, without the keys that it echoes.

    JSON is redacted value by value: a key may be split over several values.
    """
    value = server_json.found(text)
    kept, count = known_secrets.counted(value)
    if count:
        text = json.dumps(kept, ensure_ascii=False)
    # A key that lies across the cut is still whole here.
    cut = text[: MAX_KEPT_CHARACTERS + LONGEST_KEY]
    found = _kept({**record, "text": cut}, count)
    return {**found, "text": found["text"][:MAX_KEPT_CHARACTERS], "json": kept}


def _kept(fields: Mapping[str, Any], before: int = 0) -> dict[str, Any]:
    """The fields without keys; `redacted` is the number of removed keys."""
    kept, count = known_secrets.counted(dict(fields))
    count += before + (fields.get("redacted", 0) or 0)
    return {**kept, "redacted": count} if count else kept
