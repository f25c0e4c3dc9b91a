"""The site: everything that a check may touch while it measures."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from acceptance.criterion import Criterion, Threshold
from acceptance.deployment import Deployment
from acceptance.errors import NotMeasurable, TargetUnreachable
from acceptance.evidence import Evidence, Record
from acceptance.profile import Profile
from perf import known_secrets
from perf.foreign_run import ForeignRun
from perf.process_identity import ProcessIdentity
from reports.plain_text import json_text
from reports.run_folder import Growing, RunFolder

REQUEST_TIMEOUT_S = 60.0
HARMLESS_METHODS = {"GET", "HEAD", "OPTIONS", "POST"}
OWN_HEADERS = {"host", "content-length", "transfer-encoding", "connection"}
SHELL_MARKS = ("$(", "`")
MAX_BODY_BYTES = 10_000_000
MAX_KEPT_CHARACTERS = 1_000_000
LONGEST_KEY = 10_000
SECRET_HEADERS = {"set-cookie", "authorization", "www-authenticate"}


class Recorder:
    """Appends records to one file of the run, each at once: what was written before an interruption stays."""

    def __init__(self, file: Growing) -> None:
        self._file = file
        self.records: list[Record] = []

    def write(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Append one record; `kind` becomes its `record` field unless it has one."""
        line = json.dumps(_kept({"record": kind, **fields}), ensure_ascii=False, sort_keys=True)
        # A verdict sees what is stored, down to the order of keys, so that it comes out the same from there.
        self.records.append(json.loads(line))
        self._file.append(json_text(line) + "\n")


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
    """Who that was when the run began, where it is known: the same id may come to mean another."""
    stopped: tuple[ProcessIdentity, ...] = ()
    """The processes of the own service, once the run has stopped it."""
    seed: int = 0
    foreign: ForeignRun | None = None
    """Another tool's run, in the place of the own load run."""
    on_progress: Callable[[str, float], None] = lambda what, share: None
    retries: list[str] = field(default_factory=list)
    service_ended: Callable[[], str] = lambda: ""
    """How a service that the run started itself ended, and what it said last; "" while all run."""
    server_sides: list[dict[str, Any]] = field(default_factory=list)
    """What each server told of its load run, with the service's name."""
    models: list[str | None] = field(default_factory=list)
    taken: dict[str, Evidence | NotMeasurable] = field(default_factory=dict)

    def measured(self, name: str, measure: Callable[[Recorder], None], key: Any = None) -> Evidence:
        """The evidence of this name, measured at the first call; a failure to measure is remembered too.

        `key` is plain JSON that tells measurements of one name apart: the request, the file, the steps.
        """
        if key is not None:
            name = f"{name}-{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:8]}"
        if self.service:
            name = f"{self.service}-{name}"
        if name not in self.taken:
            self.taken[name] = self._take(name, measure)
        found = self.taken[name]
        if isinstance(found, NotMeasurable):
            raise found
        return found

    def _take(self, name: str, measure: Callable[[Recorder], None]) -> Evidence | NotMeasurable:
        file_name = f"evidence/{name}.jsonl"
        with RunFolder(self.folder).growing(file_name) as file:
            recorder = Recorder(file)
            try:
                recorder.write("setup", {"profile": self.profile.name, "alpha": self.profile.alpha})
                measure(recorder)
            except NotMeasurable as missing:
                reason = "; ".join(filter(None, (str(missing), self.service_ended())))
                recorder.write("not_measurable", {"reason": reason, "mend": missing.mend})
                return NotMeasurable(reason, missing.mend)
            if text := self.service_ended():
                recorder.write("service_ended", {"text": text})
        return Evidence(name, file_name, tuple(recorder.records))

    def limits(self, kind: str, document: str | None = None) -> list[Threshold]:
        """The limits of a kind, of all documents or of one: what a shared measurement is planned by."""
        return [
            criterion.threshold
            for criterion in self.criteria
            if criterion.kind == kind
            and criterion.judge == "machine"
            and criterion.threshold is not None
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
        """Send one functional request and give its record; a refused or broken connection is a record too.

        `url` is an absolute address that the deployment names (`Deployment.role_url`), in the path's place.
        `raw` is a body that is no JSON, in the body's place; `with_key` false leaves the deployment's key out.
        """
        if url is None:
            origin, assumption = self.deployment.url(address, self.primary_address)
            url = origin + path
        else:
            assumption = ""
        record: dict[str, Any] = {"method": method, "url": url, "assumption": assumption, "body": body}
        headers = {**(headers or {}), **(self.deployment.headers(url) if with_key else {})}
        sent: Mapping[str, Any] = {"json": body}
        if raw is not None:
            sent = {"content": raw}
            headers = {"Content-Type": "application/json", **headers}
            record["raw"] = raw.decode("utf-8", errors="replace")
        try:
            status, answer_headers, content = asyncio.run(_exchange(method, url, headers, sent))
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise NotMeasurable(f"{method} {path} cannot be sent as it is written: {type(error).__name__}") from None
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            reason = f"no whole answer within {REQUEST_TIMEOUT_S:g} s" if isinstance(error, TimeoutError) else error
            error_text = f"{type(error).__name__}: {reason}"
            return _kept({**record, "status": None, "error": error_text, "headers": {}, "text": ""})
        text = content.decode("utf-8", errors="replace")
        return without_keys(
            {
                **record,
                "status": status,
                "error": "",
                "content_type": answer_headers.get("content-type", ""),
                "headers": {name: value for name, value in answer_headers.items() if name not in SECRET_HEADERS},
            },
            text,
        )

    def send(self, request: Mapping[str, Any], origin: str | None = None, *, with_key: bool = True) -> Record:
        """Send a request that a document shows, once, to where the deployment puts its address.

        `origin` is where it goes instead: the URL of a role, which the deployment names.
        Raises NotMeasurable for one that changes the server or that only a shell could make.
        """
        headers = headers_of(request)
        return self.ask(
            request["method"],
            request["path"],
            address=request.get("address"),
            headers=headers,
            body=request.get("body"),
            url=None if origin is None else origin + request["path"],
            with_key=with_key,
        )

    def require_reachable(self) -> None:
        """Raises TargetUnreachable where nothing answers at the target."""
        answer = self.ask("GET", "/health")
        if answer["status"] is None:
            raise TargetUnreachable(
                f"{self.deployment.target} does not answer: {answer['error']}",
                "start the server, or name the right address with --target or in the deployment file",
            )


def headers_of(request: Mapping[str, Any]) -> dict[str, str]:
    """The headers that a document's request is sent with. Raises NotMeasurable for a request that is never sent."""
    headers = {name: value for name, value in (request.get("headers") or {}).items() if name.lower() not in OWN_HEADERS}
    if request["method"] not in HARMLESS_METHODS:
        raise NotMeasurable(f"a {request['method']} changes the server: it is read and shown, never sent")
    if not all(f"{name}{value}".isascii() for name, value in headers.items()):
        raise NotMeasurable("a header of this request holds what no header can carry", "use ASCII in headers")
    if any(mark in json.dumps([request["path"], headers]) for mark in SHELL_MARKS):
        raise NotMeasurable("this request holds a shell expression, and nothing is handed to a shell")
    return headers


async def _exchange(
    method: str, url: str, headers: Mapping[str, str], sent: Mapping[str, Any]
) -> tuple[int, Mapping[str, str], bytes]:
    """One request within one time-out for all of it, so that a server that drips bytes holds nobody up.

    Redirects are not followed, proxies of the environment not used. Raises ValueError for a body without end.
    """
    content = bytearray()
    # Certificates are loaded only where they are needed: that costs more than a request.
    secure = url.startswith("https:")
    async with (
        asyncio.timeout(REQUEST_TIMEOUT_S),
        httpx.AsyncClient(timeout=REQUEST_TIMEOUT_S, trust_env=False, verify=secure) as client,
        client.stream(method, url, headers=headers, **sent) as response,
    ):
        async for part in response.aiter_bytes():
            content += part
            if len(content) > MAX_BODY_BYTES:
                raise ValueError(f"the body is longer than {MAX_BODY_BYTES} bytes")
    return response.status_code, dict(response.headers), bytes(content)


def without_keys(record: Mapping[str, Any], text: str) -> Record:
    """A record with a server's answer as `text` and `json`, and without the keys that the answer gives back.

    JSON is looked through value by value: a key may lie in pieces in it.
    """
    value = _json(text)
    kept, count = known_secrets.counted(value)
    if count:
        text = json.dumps(kept, ensure_ascii=False)
    # A key that lies across the cut is still whole here.
    cut = text[: MAX_KEPT_CHARACTERS + LONGEST_KEY]
    found = _kept({**record, "text": cut}, count)
    return {**found, "text": found["text"][:MAX_KEPT_CHARACTERS], "json": kept}


def _kept(fields: Mapping[str, Any], before: int = 0) -> dict[str, Any]:
    """The fields without keys; `redacted` says in how many places there was one."""
    kept, count = known_secrets.counted(dict(fields))
    count += before + (fields.get("redacted", 0) or 0)
    return {**kept, "redacted": count} if count else kept


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
