"""Days shared out to processes; the answer does not depend on how many.

Plain child processes of the interpreter that read pickled jobs and write pickled results. Unlike
`multiprocessing` they never import the caller's main module, so scripts need no guard and notebooks work.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import IO, TypeVar

A = TypeVar("A")
B = TypeVar("B")

WORTH_A_PROCESS = 2  # jobs from which starting processes pays


class WorkerError(RuntimeError):
    """A worker process ended, or its work failed."""


class Workers:
    """Child processes, each doing one job at a time."""

    def __init__(self, count: int) -> None:
        paths = os.pathsep.join(path for path in sys.path if path)
        self.children = [
            subprocess.Popen(
                [sys.executable, "-m", "scheduling.shifts.workers"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": paths},
            )
            for _ in range(count)
        ]
        self.idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        for child in self.children:
            self.idle.put(child)
        self.threads = ThreadPoolExecutor(count)

    def map(self, work: Callable[[A], B], jobs: Sequence[A]) -> list[B]:
        """Return the work on each job, in their order."""

        def one(job: A) -> B:
            child = self.idle.get()
            try:
                return _ask(child, work, job)
            finally:
                self.idle.put(child)

        return list(self.threads.map(one, jobs))

    def close(self) -> None:
        """End the processes, also those still at work (after Ctrl-C): nobody waits for them any more."""
        for child in self.children:
            child.terminate()
        self.threads.shutdown(cancel_futures=True)
        for child in self.children:
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with suppress(OSError):  # half a job was on its way
                        pipe.close()
            child.wait()


@contextmanager
def workers(count: int, jobs: int) -> Iterator[Workers | None]:
    """Yield workers for that many jobs, or None where they are better done here."""
    if count < 2 or jobs < WORTH_A_PROCESS:
        yield None
        return
    pool = Workers(min(count, jobs))
    try:
        yield pool
    finally:
        pool.close()


def done(pool: Workers | None, work: Callable[[A], B], jobs: Sequence[A]) -> list[B]:
    """Return the work on each job, in their order."""
    return [work(job) for job in jobs] if pool is None else pool.map(work, jobs)


def _ask(child: subprocess.Popen[bytes], work: Callable[[A], B], job: A) -> B:
    """Send a job to a child and return its result."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        pickle.dump((work, job), child.stdin)
        child.stdin.flush()
        failed, result = pickle.load(child.stdout)
    except (OSError, EOFError) as error:
        raise WorkerError(
            "a worker process ended before its work was done; is there memory for two? try one process"
        ) from error
    if failed is not None:
        raise WorkerError(f"a worker process failed: {failed}") from result
    answer: B = result
    return answer


def serve(jobs: IO[bytes], results: IO[bytes]) -> None:
    """Do jobs until there are no more; what a child process runs."""
    while True:
        try:
            work, job = pickle.load(jobs)
        except EOFError:
            return
        try:
            answer: tuple[str | None, object] = (None, work(job))
        except Exception as error:  # sent to the parent, which raises it
            answer = (repr(error), error)
        pickle.dump(answer, results)
        results.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a terminal sends Ctrl-C to all: the parent alone answers
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not mix with results
    serve(sys.stdin.buffer, channel)
