"""The site: everything that a check may touch while it measures."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx

from acceptance.criterion import Criterion
from acceptance.deployment import Deployment
from acceptance.errors import NotMeasurable, TargetUnreachable
from acceptance.evidence import Evidence, Record
from acceptance.profile import Profile

REQUEST_TIMEOUT_S = 60.0
MAX_KEPT_CHARACTERS = 20_000


class Recorder:
    """Appends records to one file of the run; what was written before an interruption stays."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.records: list[Record] = []

    def write(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Append one record; `kind` becomes its `record` field unless it has one."""
        record = {"record": kind, **fields}
        self.records.append(record)
        self._file.write(json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n")


@dataclass
class Site:
    """A deployment under measurement. Each measurement is taken once and shared by name."""

    deployment: Deployment
    profile: Profile
    folder: Path
    criteria: tuple[Criterion, ...]
    primary_address: str | None = None
    process_id: int | None = None
    seed: int = 0
    on_progress: Callable[[str, float], None] = lambda what, share: None
    retries: list[str] = field(default_factory=list)
    taken: dict[str, Evidence | NotMeasurable] = field(default_factory=dict)
    _http: httpx.Client | None = None

    def measured(self, name: str, measure: Callable[[Recorder], None], key: Any = None) -> Evidence:
        """The evidence of this name, measured at the first call; a failure to measure is remembered too.

        `key` is plain JSON that tells measurements of one name apart: the request, the file, the steps.
        """
        if key is not None:
            name = f"{name}-{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:8]}"
        if name not in self.taken:
            self.taken[name] = self._take(name, measure)
        found = self.taken[name]
        if isinstance(found, NotMeasurable):
            raise found
        return found

    def _take(self, name: str, measure: Callable[[Recorder], None]) -> Evidence | NotMeasurable:
        path = self.folder / "evidence" / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            recorder = Recorder(file)
            try:
                recorder.write("setup", {"profile": self.profile.name, "alpha": self.profile.alpha})
                measure(recorder)
            except NotMeasurable as missing:
                recorder.write("not_measurable", {"reason": str(missing), "mend": missing.mend})
                return missing
            finally:
                file.flush()
                os.fsync(file.fileno())
        return Evidence(name, str(path.relative_to(self.folder)), tuple(recorder.records))

    def limit(self, kind: str) -> Criterion | None:
        """The first criterion of a kind that carries a threshold: what a shared measurement is planned by."""
        for criterion in self.criteria:
            if criterion.kind == kind and criterion.judge == "machine" and criterion.threshold is not None:
                return criterion
        return None

    @property
    def http(self) -> httpx.Client:
        """The client of functional calls. Redirects are never followed, proxies of the environment not used."""
        if self._http is None:
            self._http = httpx.Client(timeout=REQUEST_TIMEOUT_S, follow_redirects=False, trust_env=False)
        return self._http

    def ask(
        self,
        method: str,
        path: str,
        *,
        address: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Record:
        """Send one functional request and give its record; a refused or broken connection is a record too."""
        origin, assumption = self.deployment.url(address, self.primary_address)
        url = origin + path
        record: dict[str, Any] = {"method": method, "url": url, "assumption": assumption, "body": body}
        try:
            response = self.http.request(
                method,
                url,
                json=body,
                headers={**(headers or {}), **self.deployment.headers(url)},
            )
        except httpx.HTTPError as error:
            return {**record, "status": None, "error": f"{type(error).__name__}: {error}", "text": ""}
        return {
            **record,
            "status": response.status_code,
            "error": "",
            "content_type": response.headers.get("content-type", ""),
            "text": response.text[:MAX_KEPT_CHARACTERS],
            "json": _json(response),
        }

    def send(self, request: Mapping[str, Any]) -> Record:
        """Send a request that a document shows, once, to where the deployment puts its address."""
        return self.ask(
            request["method"],
            request["path"],
            address=request.get("address"),
            headers=request.get("headers"),
            body=request.get("body"),
        )

    def close(self) -> None:
        """Close the functional client."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def require_reachable(self) -> None:
        """Raises TargetUnreachable where nothing accepts a connection at the target."""
        try:
            self.http.get(self.deployment.target + "/health")
        except httpx.TransportError as error:
            raise TargetUnreachable(
                f"{self.deployment.target} does not answer: {type(error).__name__}: {error}",
                "start the server, or name the right address with --target or in the deployment file",
            ) from None


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
