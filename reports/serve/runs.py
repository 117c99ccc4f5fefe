"""Long commands in a process of their own: one at a time for a shop, told as they go, stopped on request."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE_S = 8.0  # from asking a command to stop until it is killed
TAIL = 40  # lines of output that are shown
PROGRAM = "from reports.cli.app import main; main()"


class BusyError(Exception):
    """A command is running already."""


@dataclass(kw_only=True)
class _Run:
    name: str
    process: subprocess.Popen[bytes]
    folder: Path
    began: float
    targets: Sequence[Path]
    ended: float | None = None
    stopped: bool = False


class Runs:
    """The commands of one shop.

    A command is the program itself in a process of its own: it does what the command line does, a crash takes
    nothing else down, and stopping it frees the processor.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._run: _Run | None = None
        self._count = 0

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        targets: Sequence[Path] = (),
        done: Callable[[], None] | None = None,
    ) -> None:
        """Start ``paiban NAME ARGUMENTS``.

        Parameters
        ----------
        name, arguments
            The command and what stands behind it.
        targets
            Folders it writes; what a killed command leaves half-written beside them is cleared away.
        done
            Called when it has ended, however.

        Raises
        ------
        BusyError
            If a command is running.
        """
        with self._lock:
            if self._run is not None and self._run.ended is None:
                raise BusyError
            self._forget()
            folder = Path(tempfile.mkdtemp(prefix="paiban-run-"))
            with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
                process = subprocess.Popen(
                    [sys.executable, "-c", PROGRAM, name, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    env={**os.environ, "PYTHONUTF8": "1", "NO_COLOR": "1"},
                    start_new_session=True,
                )
            self._count += 1
            run = self._run = _Run(
                name=name, process=process, folder=folder, began=time.monotonic(), targets=targets
            )
        threading.Thread(target=self._wait, args=(run, done), daemon=True).start()

    def state(self) -> dict[str, Any]:
        """Return what runs or ran last: command, seconds, last lines, exit code."""
        with self._lock:
            run = self._run
            if run is None:
                return {"number": 0, "name": None, "running": False}
            end = time.monotonic() if run.ended is None else run.ended
            return {
                "number": self._count,
                "name": run.name,
                "running": run.ended is None,
                "stopped": run.stopped,
                "seconds": round(end - run.began, 1),
                "code": None if run.ended is None else run.process.returncode,
                "progress": _tail(run.folder / "err"),
                "output": _tail(run.folder / "out") if run.ended is not None else [],
            }

    def stop(self) -> bool:
        """Stop the running command; return whether there was one."""
        with self._lock:
            run = self._run
            if run is None or run.ended is not None:
                return False
            run.stopped = True
        _signal(run.process, signal.SIGINT)
        threading.Thread(target=self._kill_later, args=(run,), daemon=True).start()
        return True

    def close(self) -> None:
        """Stop the running command for good and clear away what was kept of it."""
        run = self._run
        if run is not None and run.process.poll() is None:
            _kill(run.process)
            run.process.wait()
        self._forget()

    def _wait(self, run: _Run, done: Callable[[], None] | None) -> None:
        run.process.wait()
        if run.stopped:
            _kill(run.process)  # its workers, should it not have ended them
            for target in run.targets:
                for partial in target.parent.glob(f".{target.name}-*.partial"):
                    shutil.rmtree(partial, ignore_errors=True)
        if done is not None:
            done()
        with self._lock:
            run.ended = time.monotonic()

    def _kill_later(self, run: _Run) -> None:
        try:
            run.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            _kill(run.process)

    def _forget(self) -> None:
        if self._run is not None:
            shutil.rmtree(self._run.folder, ignore_errors=True)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Signal the process and those it started, which are one group; where there are no groups, end it."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.terminate()
    except (ProcessLookupError, PermissionError):
        pass  # it has just ended


def _kill(process: subprocess.Popen[bytes]) -> None:
    if hasattr(signal, "SIGKILL"):
        _signal(process, signal.SIGKILL)
    else:
        process.kill()


def _tail(path: Path) -> list[str]:
    """Return the last lines of a file that may still grow."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 20_000))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return text.splitlines()[-TAIL:]
