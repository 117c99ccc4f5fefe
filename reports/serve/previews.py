"""The quick looks, in one warm process beside the server: its caches live on from look to look."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any


class Previews:
    """Calls functions of `reports.serve.preview` one at a time; a process that crashed is replaced."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what the function returns, or raise what it raises."""
        for attempt in (1, 2):
            with self._lock:
                if self._pool is None:
                    spawn = multiprocessing.get_context("spawn")
                    self._pool = ProcessPoolExecutor(1, mp_context=spawn)
                pool = self._pool
            try:
                return pool.submit(function, *arguments).result()
            except BrokenProcessPool:
                self.close()
                if attempt == 2:
                    raise
        return None

    def close(self) -> None:
        """End the process."""
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
