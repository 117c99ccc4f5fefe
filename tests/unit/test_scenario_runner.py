"""Many tasks: answers kept, failures apart, killed workers survived."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from scheduling.scenarios.runner import Failure, run_tasks, write_task


def work(path: Path) -> dict[str, Any]:
    """Double a number; some tasks fail, some kill their process, once or always."""
    task = json.loads(path.read_text(encoding="utf-8"))
    if task.get("fails"):
        raise ValueError("cannot be doubled")
    mark = path.with_suffix(".dead")
    if task.get("dies") == "always" or (task.get("dies") == "once" and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"twice": 2 * task["n"]}


def test_answers_come_back_and_are_kept(tmp_path: Path) -> None:
    tasks = [write_task(tmp_path, f"task {n}", {"n": n}) for n in range(3)]
    seen: list[tuple[int, int]] = []
    found = run_tasks(tasks, work, processes=2, done=lambda _, count, total: seen.append((count, total)))
    assert [found[task.path] for task in tasks] == [{"twice": 0}, {"twice": 2}, {"twice": 4}]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    tasks[1].answer_path.write_text('{"twice": "kept"}', encoding="utf-8")
    again = run_tasks(tasks, work, processes=2)
    assert again[tasks[1].path] == {"twice": "kept"}


def test_tasks_of_the_same_content_are_one(tmp_path: Path) -> None:
    one, other = (write_task(tmp_path, name, {"n": 1}) for name in ("a", "b"))
    assert one.path == other.path
    assert len(run_tasks([one, other], work, processes=1)) == 1


def test_a_failing_task_takes_no_other_down(tmp_path: Path) -> None:
    tasks = [
        write_task(tmp_path, "good", {"n": 1}),
        write_task(tmp_path, "bad", {"n": 2, "fails": True}),
        write_task(tmp_path, "good too", {"n": 3}),
    ]
    found = run_tasks(tasks, work, processes=2)
    assert found[tasks[0].path] == {"twice": 2}
    assert found[tasks[1].path] == Failure(kind="ValueError", reason="cannot be doubled")
    assert found[tasks[2].path] == {"twice": 6}


def test_a_killed_worker_costs_nothing_but_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tasks = [write_task(tmp_path, f"task {n}", {"n": n, "dies": "once" if n == 1 else ""}) for n in range(5)]
    found = run_tasks(tasks, work, processes=2)
    assert [found[task.path] for task in tasks] == [{"twice": 2 * n} for n in range(5)]
    assert "a worker process died" in caplog.text


def test_a_task_that_always_kills_its_process_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = [
        write_task(tmp_path, f"task {n}", {"n": n, "dies": "always" if n == 1 else ""}) for n in range(4)
    ]
    found = run_tasks(tasks, work, processes=2)
    gone = found[tasks[1].path]
    assert isinstance(gone, Failure)
    assert gone.kind == "WorkerDied"
    assert [found[tasks[n].path] for n in (0, 2, 3)] == [{"twice": 2 * n} for n in (0, 2, 3)]
