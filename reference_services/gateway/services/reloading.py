"""Hot reload: a changed file replaces the whole configuration or is refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from signoff.reference_services.gateway import LOGGER
from signoff.reference_services.gateway.services.metrics import Metrics
from signoff.reference_services.gateway.settings.configuration import Configuration
from signoff.reference_services.web.settings.settings_problems import SettingsError

log = logging.getLogger(LOGGER)
LOOK_S = 0.25
Signature = tuple[int, int, int]


class Reloading:
    """Watches the file by its time, size and number, and listens to `soon` (SIGHUP).

    `apply` takes a new configuration, or raises SettingsError and has changed nothing.
    """

    def __init__(
        self,
        file: Path,
        load: Callable[[], Configuration],
        apply: Callable[[Configuration], None],
        metrics: Metrics,
    ) -> None:
        self._file = file
        self._load = load
        self._apply = apply
        self._metrics = metrics
        self._soon = asyncio.Event()
        self._seen = self._signature()
        self._since = _now()
        self._problems: tuple[str, ...] = ()

    def soon(self) -> None:
        """Read the file now, changed or not."""
        self._soon.set()

    def described(self) -> dict[str, Any]:
        """For operators: since when the configuration in force is, and what was wrong with a newer one."""
        state = {"file": self._file.name, "state": "refused" if self._problems else "applied", "since": self._since}
        return {**state, "problems": list(self._problems)} if self._problems else state

    async def run(self) -> None:
        """Until it is cancelled."""
        before = self._seen
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._soon.wait()
            except TimeoutError:
                pass
            signature = self._signature()
            # A file that changes between two looks is still being written.
            is_new = signature != self._seen and signature == before
            before = signature
            if self._soon.is_set() or is_new:
                self._soon.clear()
                self._seen = signature
                await self.reload()

    async def reload(self) -> None:
        """Read, and apply or refuse."""
        try:
            configuration = await asyncio.to_thread(self._load)
            self._apply(configuration)
        except SettingsError as error:
            self._problems = tuple(each.replace(str(self._file), self._file.name) for each in error.problems)
            self._metrics.reloads.labels("refused").inc()
            log.error("configuration refused, the old one stays", extra={"fields": {"problems": error.problems}})
            return
        self._problems = ()
        self._since = _now()
        log.setLevel(configuration.gateway.log_level)
        self._metrics.reloads.labels("applied").inc()
        log.warning("configuration applied", extra={"fields": {"services": list(configuration.services)}})

    def _signature(self) -> Signature | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
