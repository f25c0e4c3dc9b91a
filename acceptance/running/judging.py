"""Judges the criteria of a pytest run, stores verdicts, and writes the result at the end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance import keys
from signoff.acceptance import reading as task_documents
from signoff.acceptance.checks import KINDS
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.deployment import Deployment
from signoff.acceptance.errors import NotMeasurable, RunInvalid, SignoffError, UsageError
from signoff.acceptance.measuring import load_conditions
from signoff.acceptance.measuring.external_load import read_evidence
from signoff.acceptance.measuring.site import REQUEST_TIMEOUT_S, Site
from signoff.acceptance.profile import PROFILES, Profile
from signoff.acceptance.reading import MAX_BYTES, SUFFIXES, Document, Reading
from signoff.acceptance.running import engine, handed_reading, plan, secrets_of_run, storing
from signoff.acceptance.running.deciding import decided, fault_of_ours, keep_traceback, unjudged
from signoff.acceptance.running.deployment_conflicts import conflicts_with_deployment
from signoff.acceptance.running.findings import Findings, Judged
from signoff.acceptance.running.items import CriterionItem, DocumentFile
from signoff.acceptance.running.progress import Progress
from signoff.acceptance.running.runner import SAID
from signoff.acceptance.running.sites import Sites
from signoff.acceptance.services import service as own_service
from signoff.acceptance.services.service import service_process
from signoff.acceptance.services.services_of_run import OwnServices
from signoff.acceptance.verdict import Verdict
from signoff.perf.processes.process_identity import identify
from signoff.reports.errors import NotWritten
from signoff.reports.plain_text import line as plain_line
from signoff.reports.stored.stored_run import StoredRun
from signoff.reports.terminal import harmless


class Judging:
    """Judges criteria at a site, for pytest or another caller of `begin`, `judge` and `finish`."""

    def __init__(
        self,
        deployment: Deployment,
        profile: Profile,
        paths: Sequence[Path],
        folder: Path,
        progress: Progress,
        seed: int | None = None,
        evidence: Path | None = None,
        timeout_s: float = REQUEST_TIMEOUT_S,
        most_bytes: int = MAX_BYTES,
        reading: Reading | None = None,
    ) -> None:
        if reading is None:
            reading = task_documents.read_documents(paths, KINDS, most_bytes=most_bytes)
        secrets_of_run.remember(deployment, reading)
        found = conflicts_with_deployment(reading, deployment)
        self.findings = Findings(
            deployment=deployment,
            profile=profile,
            reading=replace(reading, conflicts=(*reading.conflicts, *found)),
            folder=folder,
            started=datetime.now(UTC),
            seed=secrets.randbelow(2**31) if seed is None else seed,
            engine={"name": deployment.engine, "version": ""},
        )
        self.progress = progress
        self._timeout_s = timeout_s
        self._foreign = read_evidence(evidence, deployment) if evidence is not None else None
        self._selected: list[Criterion] = []
        self._taken_groups: set[str] = set()
        self._sites: Sites | None = None
        self._services: OwnServices | None = None

    @classmethod
    def of(cls, config: pytest.Config) -> Judging:
        """A run as the pytest options ask for it."""
        target, file = config.getoption("--target"), config.getoption("--deployment")
        if target and file:
            raise UsageError("--target and --deployment were both given", "give one of them")
        api_key_env = config.getoption("--api-key-env")
        deployment = (
            deployments.load(Path(file), api_key_env) if file else deployments.from_target(str(target), api_key_env)
        )
        name = config.getoption("--signoff-profile")
        if name not in PROFILES:
            raise UsageError(f"no profile {name!r}", f"choose one of {', '.join(PROFILES)}")
        run_id = config.getoption("--signoff-run-id") or storing.new_run_id()
        folder = Path(config.getoption("--signoff-out")) / run_id
        named = dict.fromkeys(Path(argument.split("::", 1)[0]) for argument in config.args)
        paths = [path for path in named if path.is_dir() or path.suffix.lower() in SUFFIXES]
        progress = Progress(shown=config.getoption("--signoff-progress"))
        seed, evidence = config.getoption("--signoff-seed"), config.getoption("--signoff-evidence")
        timeout_s = config.getoption("--signoff-timeout") or REQUEST_TIMEOUT_S
        most_bytes = config.getoption("--signoff-max-bytes")
        file_given = Path(evidence) if evidence else None
        descriptor = config.getoption("--signoff-reading")
        reading = None if descriptor is None else handed_reading.take(descriptor)
        return cls(
            deployment, PROFILES[name], paths, folder, progress, seed, file_given, timeout_s, most_bytes, reading
        )

    def document(self, path: Path) -> Document:
        """The document that was read from this path."""
        return next(found for found in self.findings.reading.documents if Path(found.path).resolve() == path.resolve())

    # pytest's hooks, in the order in which they are called

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> DocumentFile | None:
        """A file that was read as a task document is a test file."""
        known = {Path(document.path).resolve() for document in self.findings.reading.documents}
        if file_path.resolve() not in known:
            return None
        collector: DocumentFile = DocumentFile.from_parent(parent, path=file_path)
        collector.judging = self
        return collector

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Judge in the plan's order."""
        ours = [item for item in items if isinstance(item, CriterionItem)]
        position = {id(criterion): index for index, criterion in enumerate(plan.order([i.criterion for i in ours]))}
        items.sort(key=lambda item: position.get(id(item.criterion), -1) if isinstance(item, CriterionItem) else -1)

    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Start the service if the deployment says so, and make sure that there is something to judge."""
        self.select([item.criterion for item in session.items if isinstance(item, CriterionItem)])
        if session.config.option.collectonly or not self._selected:
            return None
        try:
            self.begin()
        except (SignoffError, NotWritten) as error:
            self.findings.trouble = error
            return True
        except Exception as error:
            keep_traceback("before the first criterion", error, self.findings.folder)
            self.findings.trouble = RunInvalid(
                f"the run could not begin: {type(error).__name__}: {error}",
                f"this is a fault of Signoff; see {self.findings.folder / 'errors.log'}",
            )
            return True
        return None

    def give_up(self, why: NotWritten) -> NoReturn:
        """Judge nothing more."""
        self.findings.trouble = why
        pytest.exit(str(why), pytest.ExitCode.INTERNAL_ERROR)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Write the result after pytest's own files; pytest's status is 0 only if the run passed."""
        try:
            yield
        except OSError as error:  # what pytest itself keeps, such as what failed last
            self.progress.note(f"signoff: {error.filename or 'a file of pytest'} was not written: {error.strerror}")
        if session.config.option.collectonly:
            return
        try:
            stored = self.finish()
        except NotWritten as error:
            self.findings.trouble = self.findings.trouble or error
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
            return
        if stored.outcome != "passed" and session.exitstatus in (
            pytest.ExitCode.OK,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The headline, and where the result is."""
        if self.findings.trouble is not None:
            hint = f" ({self.findings.trouble.hint})" if self.findings.trouble.hint else ""
            terminalreporter.write_line(SAID + plain_line(f"{self.findings.trouble}{hint}"))
        results = self.findings.folder / storing.RESULTS
        if results.exists():
            terminalreporter.write_line(harmless(storing.closing_lines(self.findings.folder)))

    # judging

    def begin(self) -> None:
        """Start the service if the deployment says so. Raises RunInvalid if there is nothing to judge.

        Stores the criteria before judging them. Raises NotWritten if that fails.
        """
        storing.begin(self.findings)
        process_id = None
        for variable in own_service.give_key(self.findings.deployment):
            keys.value(variable)
        keys.withdraw()
        if self.findings.deployment.starts:
            self._services = OwnServices(self.findings.deployment, self.findings.folder, self.progress.note)
            process_id = self._services.start().get(self.findings.deployment.target)
        criteria = tuple(criterion for document in self.findings.reading.documents for criterion in document.criteria)
        process_id = process_id or service_process(self.findings.deployment)
        site = Site(
            self.findings.deployment,
            self.findings.profile,
            self.findings.folder,
            criteria,
            process_id=process_id,
            process=None if process_id is None else identify(process_id),
            service_ended=self._service_ended,
            seed=self.findings.seed,
            foreign=self._foreign,
            retries=self.findings.retries,
            server_sides=self.findings.server_sides,
            on_progress=self.progress.share,
            timeout_s=self._timeout_s,
        )
        site.require_reachable()
        self._sites = Sites(site, criteria)
        self.findings.engine = engine.of(self._sites.target)
        storing.begin(self.findings)

    def select(self, criteria: Sequence[Criterion]) -> None:
        """The criteria to judge, for progress and remaining time."""
        self._selected = list(criteria)
        self.findings.selected = len(self._selected)

    def judge(self, criterion: Criterion) -> Verdict:
        """The verdict about one criterion; an exception in a check is an error, never a pass or a fail.

        Raises NotWritten if it cannot be kept: a run without records judges nothing.
        """
        position = len(self.findings.judged) + 1
        left_s = plan.remaining_seconds(self._waiting(), self._taken_groups)
        self.progress.criterion(position, len(self._selected), criterion, left_s, plan.seconds(criterion))
        begin, started = time.monotonic(), datetime.now(UTC)
        known = len(self.findings.retries), len(self.findings.server_sides)
        verdict, evidence = self._verdict(criterion)
        if known != (len(self.findings.retries), len(self.findings.server_sides)):
            storing.begin(self.findings)
        judged = Judged(verdict, storing.utc(started), round(time.monotonic() - begin, 3), evidence)
        self.findings.keep(criterion, judged)
        return verdict

    @property
    def site(self) -> Site:
        """The target's site, between `begin` and `finish`."""
        assert self._sites is not None
        return self._sites.target

    def _verdict(self, criterion: Criterion) -> tuple[Verdict, tuple[str, ...]]:
        if criterion.judge == "person":
            return Verdict("awaiting_person", criterion.reason or "a person has to judge this"), ()
        if criterion.judge == "template":
            return Verdict("not_measurable", "a placeholder is not filled in", hint="fill in the template"), ()
        assert self._sites is not None
        try:
            load_conditions.require(criterion.load)
            check = CHECKS[criterion.kind]
            site = self._sites.of(criterion)
            if check.after_stop:
                self._stop_own_service()
            found = check.measure(criterion, site)
            self._taken_groups.add(plan.group(criterion))
            return decided(check, criterion, found), (found.file,)
        except NotWritten:
            raise
        except Exception as error:
            if (verdict := unjudged(error)) is not None:
                return verdict, ()
            return fault_of_ours(criterion, error, self.findings.folder), ()

    def _stop_own_service(self) -> None:
        """Stop the run's own service, for checks that need it stopped; other services are never stopped."""
        if self._services is None:
            raise NotMeasurable(
                "only a service that Signoff started itself is stopped, and this one was running before",
                "let the deployment file start the service: [start] service = ...",
            )
        assert self._sites is not None
        if text := self._services.ended(self.findings.deployment.target):
            raise NotMeasurable(f"there was nothing to stop any more: {text}", "run again")
        # The first stop tells what ran; a later one finds nothing more to stop.
        if stopped := self._services.stop().get(self.findings.deployment.target):
            self._sites.target.stopped = stopped

    def _service_ended(self) -> str:
        return self._services.ended() if self._services is not None else ""

    def finish(self) -> StoredRun:
        """Stop what was started, and write the result."""
        if self._services is not None:
            self._services.stop()
        self.progress.end()
        return storing.store(self.findings, datetime.now(UTC))

    def _waiting(self) -> list[Criterion]:
        return [criterion for criterion in self._selected if self.findings.of(criterion) is None]
