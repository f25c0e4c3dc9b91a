"""A thread that does a store's work in order; waiting requests form one group."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

MAX_GROUP = 512
Work = TypeVar("Work")


class BatchingWorker(Generic[Work]):
    """Hands groups of work to `run`, which gives a result or an exception for each.

    `idle`, where there is one, is called after each `tick_s` in which nothing was asked.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[Sequence[Work]], Sequence[Any]],
        closed: Exception,
        idle: Callable[[], None] | None = None,
        tick_s: float | None = None,
    ) -> None:
        self._run = run
        self._idle = idle
        self._tick_s = tick_s if idle is not None else None
        self._closed = closed
        self._is_closed = False
        self._waiting: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def ask(self, work: Work) -> Future[Any]:
        """Have this done; the future is done when the group is."""
        promise: Future[Any] = Future()
        # Marked as running at once: who stops waiting for it cannot cancel what the thread will do.
        promise.set_running_or_notify_cancel()
        if self._is_closed:
            promise.set_exception(self._closed)
        else:
            self._waiting.put((work, promise))
        return promise

    def close(self) -> None:
        """Do what waits, then end."""
        if not self._is_closed:
            self._is_closed = True
            self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while True:
            try:
                first = self._waiting.get(timeout=self._tick_s)
            except queue.Empty:
                assert self._idle is not None
                self._idle()
                continue
            if first is None:
                return
            group = [first]
            is_last = False
            with contextlib.suppress(queue.Empty):
                while len(group) < MAX_GROUP:
                    following = self._waiting.get_nowait()
                    if following is None:
                        is_last = True
                        break
                    group.append(following)
            self._settle(group)
            if is_last:
                return

    def _settle(self, group: list[tuple[Work, Future[Any]]]) -> None:
        try:
            results = self._run([work for work, _ in group])
        except Exception as error:
            results = [error] * len(group)
        for (_, promise), result in zip(group, results, strict=True):
            if isinstance(result, Exception):
                promise.set_exception(result)
            else:
                promise.set_result(result)
