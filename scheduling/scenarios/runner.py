"""One runner for many independent tasks: parallel, resumable, and no task takes another one down.

A task is a file that says what to do; its answer is a file whose name derives from the task's content. An
answer that is there already is not worked out again, so an interrupted run goes on where it stopped, and a
task that is executed twice writes the same bytes. Behind `run_tasks` another engine can stand.
"""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

MOST_DEATHS = 2  # alone in its process; then the task itself is at fault
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Work = Callable[[Path], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One piece of work: its name for people, and its file; the answer lies beside it."""

    name: str
    path: Path

    @property
    def answer_path(self) -> Path:
        """Where the answer is, or will be."""
        return self.path.with_suffix(".answer.json")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a task has no answer: the error's class and words."""

    kind: str
    reason: str


def write_task(folder: Path, name: str, content: Mapping[str, Any]) -> Task:
    """Write a task's file under a name that its content gives; the task's own name plays no part in it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"
    if not path.exists():
        _write_whole(path, text)
    return Task(name=name, path=path)


def run_tasks(
    tasks: Sequence[Task],
    work: Work,
    *,
    processes: int,
    done: Callable[[Task, int, int], None] = lambda *_: None,
) -> dict[Path, dict[str, Any] | Failure]:
    """Return each task's answer or why there is none, by the task's path.

    Parameters
    ----------
    tasks
        What to do; tasks of the same content are done once.
    work
        A module's function from a task's file to its answer.
    processes
        Processes to use; they do not change the answers.
    done
        Called after each task, with the number done and the number in all.

    Notes
    -----
    At most `processes` tasks are out at a time. If a worker dies, its whole pool is lost: what was out then
    is done again, one task at a time, so that the next death tells who is at fault; after two deaths alone a
    task is given up. An error inside a task is its own.
    """
    supervisor = _Supervisor(tasks, work, processes=processes, done=done)
    with _quiet_workers():
        return supervisor.run()


class _Supervisor:
    """Tasks waiting, out and done."""

    def __init__(
        self, tasks: Sequence[Task], work: Work, *, processes: int, done: Callable[[Task, int, int], None]
    ) -> None:
        unique = {task.path: task for task in tasks}
        self.total, self.work, self.processes, self.tell = len(unique), work, max(1, processes), done
        self.found: dict[Path, dict[str, Any] | Failure] = {}
        self.waiting: deque[Task] = deque()
        self.suspects: deque[Task] = deque()
        self.out: dict[Future[None], Task] = {}
        self.deaths: Counter[Path] = Counter()
        self.pool: ProcessPoolExecutor | None = None
        for task in unique.values():
            known = _read_answer(task)
            if known is None:
                self.waiting.append(task)
            else:
                self._finish(task, known)

    def run(self) -> dict[Path, dict[str, Any] | Failure]:
        try:
            while self.waiting or self.suspects or self.out:
                self._send()
                finished, _ = wait(self.out, return_when=FIRST_COMPLETED)
                for future in finished:
                    self._receive(future)
            return self.found
        finally:
            self._stop(kill=bool(self.out))

    def _send(self) -> None:
        """Send out as many tasks as there are processes; a suspect goes alone."""
        if self.pool is None:
            self.pool = ProcessPoolExecutor(
                self.processes,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_end_with_parent,
            )
        while self.suspects and not self.out:
            self._submit(self.suspects.popleft())
            return
        while not self.suspects and self.waiting and len(self.out) < self.processes:
            self._submit(self.waiting.popleft())

    def _submit(self, task: Task) -> None:
        assert self.pool is not None
        try:
            self.out[self.pool.submit(_do, self.work, task)] = task
        except BrokenProcessPool:  # it died between two tasks
            self.suspects.appendleft(task)
            self._stop(kill=True)
            self._send()

    def _receive(self, future: Future[None]) -> None:
        task = self.out.pop(future, None)
        if task is None:
            return
        error = future.exception()
        if isinstance(error, BrokenProcessPool):
            self._bury([task, *self.out.values()])
        elif error is not None:
            self._finish(task, Failure(kind=type(error).__name__, reason=str(error)))
        else:
            answer = _read_answer(task)
            self._finish(task, answer or Failure(kind="RuntimeError", reason="no answer was written"))

    def _bury(self, lost: list[Task]) -> None:
        """Take back what was out when a worker died, and start new ones."""
        self.out.clear()
        self._stop(kill=True)
        if len(lost) == 1:
            self.deaths[lost[0].path] += 1
            if self.deaths[lost[0].path] >= MOST_DEATHS:
                log.warning("%s: its process died %d times; given up", lost[0].name, MOST_DEATHS)
                reason = f"its process died {MOST_DEATHS} times; is there memory enough?"
                self._finish(lost[0], Failure(kind="WorkerDied", reason=reason))
                return
        log.warning("a worker process died; doing again: %s", ", ".join(task.name for task in lost))
        for task in lost:
            known = _read_answer(task)
            if known is None:
                self.suspects.append(task)
            else:
                self._finish(task, known)

    def _finish(self, task: Task, answer: dict[str, Any] | Failure) -> None:
        self.found[task.path] = answer
        self.tell(task, len(self.found), self.total)

    def _stop(self, *, kill: bool) -> None:
        if self.pool is None:
            return
        children = list((self.pool._processes or {}).values()) if kill else []
        self.pool.shutdown(wait=not kill, cancel_futures=True)
        for child in children:
            child.terminate()
        self.pool = None


def _end_with_parent() -> None:
    """Have this worker end when the run is killed: waiting for work, it would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True).start()


def _exit_after(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _do(work: Work, task: Task) -> None:
    """Do a task and write its answer whole; what a worker runs."""
    answer = work(task.path)
    _write_whole(task.answer_path, json.dumps(answer, ensure_ascii=False, sort_keys=True))


def _read_answer(task: Task) -> dict[str, Any] | None:
    try:
        answer: dict[str, Any] = json.loads(task.answer_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return answer


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


@contextmanager
def _quiet_workers() -> Iterator[None]:
    """Let workers started meanwhile use one thread for linear algebra each."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
