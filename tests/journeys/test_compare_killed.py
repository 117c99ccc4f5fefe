"""A comparison that is killed or loses a worker ends as if nothing had happened; a failure stays alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from reports.cli.outcomes import ExitCode

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="workers are found in /proc"),
]

TOO_LONG_S = 240
SHOP = """[shop]
holidays = "none"
interval_min = 60
[[stream]]
id = "chat"
open = ["09:00", "15:00"]
"""
NAMES = ("as it is", "more", "cap", "nobody")
FAILS = 'add_agents = { pool = "outsourced", templates = ["早班"] }'  # the template is not that pool's
SCENARIOS = "".join(
    f'[[scenario]]\nname = "{name}"\n{change}\n'
    for name, change in zip(NAMES, ("", "volume = 1.3", "reception_cap = 3", FAILS), strict=True)
)
TABLES = ("compare.csv", "compare_streams.csv", "compare_hours.csv", "compare_shifts.csv", "changes.csv")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    rows = [
        f"{date:%Y-%m-%d} {hour:02d}:00,{18 + 3 * ((hour + date.day) % 4)}"
        for date in pd.date_range("2026-02-02", periods=35)
        for hour in range(9, 15)
    ]
    (folder / "shop.toml").write_text(SHOP, encoding="utf-8")
    (folder / "scenarios.toml").write_text(SCENARIOS, encoding="utf-8")
    (folder / "history.csv").write_text("\n".join(["time,count", *rows, ""]), encoding="utf-8")
    return folder


def started(shop: Path, cache: Path, out: Path) -> subprocess.Popen[str]:
    """Start a comparison with a cache of its own."""
    call = "from reports.cli.app import main; main()"
    span = ("--start", "2026-03-09", "--days", "1", "--effort", "quick")
    options = ("--no-beside", "--jobs", "1", "--lang", "en", "--out", str(out))
    return subprocess.Popen(
        [sys.executable, "-c", call, "compare", str(shop), *span, *options],
        env=os.environ | {"XDG_CACHE_HOME": str(cache), "HOME": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    """Wait for a comparison; return what it showed."""
    shown, told = process.communicate(timeout=TOO_LONG_S)
    assert process.returncode == ExitCode.CONFIGURATION, told
    assert "nobody: " in told
    return shown


def worker_of(process: subprocess.Popen[str]) -> int:
    """Wait for a comparison's worker; return its process id."""
    deadline = time.monotonic() + TOO_LONG_S
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
        for child in children.split():
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        time.sleep(0.02)
    raise AssertionError("no worker came")


def is_running(pid: int) -> bool:
    """Return whether a process is there and no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def kept(cache: Path, pattern: str) -> dict[Path, tuple[int, int]]:
    """Return the files of a cache with what tells whether they were written again."""
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in cache.rglob(pattern)}


def test_a_comparison_killed_and_then_bereft_of_its_worker_solves_nothing_twice_and_ends_the_same(
    shop: Path, tmp_path: Path
) -> None:
    cache, out = tmp_path / "cache", tmp_path / "resumed"
    killed = started(shop, cache, out)
    deadline = time.monotonic() + TOO_LONG_S
    while not kept(cache, "*.answer.json"):
        assert killed.poll() is None, killed.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    worker = worker_of(killed)
    killed.kill()
    assert killed.wait(timeout=30) == -signal.SIGKILL
    while is_running(worker):
        assert time.monotonic() < deadline, "the worker outlived the run"
        time.sleep(0.02)
    killed.communicate()
    before = kept(cache, "*.answer.json") | kept(cache, "run.json")  # the base plan's is written last
    answers = [path for path in before if path.name.endswith(".answer.json")]
    assert 1 <= len(answers) < len(NAMES)
    assert not out.exists()

    resumed = started(shop, cache, out)
    os.kill(worker_of(resumed), signal.SIGKILL)
    shown = ended(resumed)
    after = kept(cache, "*.answer.json") | kept(cache, "run.json")
    assert {path: after[path] for path in before} == before
    done = len(NAMES) - 1
    assert len(after) - len(before) == 2 * done - len(answers)  # each is searched for, then exchanged

    whole = tmp_path / "whole"
    uninterrupted = ended(started(shop, tmp_path / "other cache", whole))
    assert shown.splitlines()[:-1] == uninterrupted.splitlines()[:-1]  # the last names the page
    for name in TABLES:
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    table = pd.read_csv(out / "compare.csv", encoding="utf-8-sig").set_index("scenario")
    assert list(table.index) == list(NAMES)
    assert list(table.index[table["error"].notna()]) == ["nobody"]
