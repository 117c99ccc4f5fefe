"""Days shared out to processes: Ctrl-C ends them all, at once and without a word of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

SLOW = """
import signal
import time
from scheduling.shifts.workers import done, workers

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
with workers(2, 2) as pool:
    print("ready", flush=True)
    try:
        done(pool, time.sleep, [60, 60])
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of a terminal's group are POSIX")
@pytest.mark.parametrize("to_all", [True, False], ids=["as a terminal does", "to the program alone"])
def test_ctrl_c_ends_the_workers_quietly(to_all: bool) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", SLOW],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    time.sleep(1.5)  # the workers import and begin
    if to_all:
        os.killpg(program.pid, signal.SIGINT)
    else:
        program.send_signal(signal.SIGINT)
    try:
        out, err = program.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGKILL)
        raise
    assert out == "stopped\n"
    assert err == ""
