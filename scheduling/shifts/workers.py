"""Days shared out to processes; the answer does not depend on how many."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

WORTH_A_PROCESS = 2  # jobs from which starting processes pays


@contextmanager
def workers(count: int, jobs: int) -> Iterator[Executor | None]:
    """Yield an executor for that many jobs, or None where they are better done here."""
    if count < 2 or jobs < WORTH_A_PROCESS:
        yield None
        return
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def done(executor: Executor | None, work: Callable[[A], B], jobs: Sequence[A]) -> list[B]:
    """Return the work on each job, in their order."""
    return [work(job) for job in jobs] if executor is None else list(executor.map(work, jobs))
