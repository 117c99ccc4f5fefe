"""Compiled code never outlives the files that it rests on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scheduling import compiled

LOOP = """from pkg.compiled import njit
from pkg.step import step

@njit(cache=True)
def loop(x):
    return step(x)
"""
STEP = """from pkg.compiled import njit

@njit(cache=True)
def step(x):
    return x + {more}
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of two compiled functions, one calling the other, and a file that neither needs."""
    folder = tmp_path / "pkg"
    folder.mkdir()
    shutil.copy(compiled.__file__, folder / "compiled.py")
    (folder / "loop.py").write_text(LOOP, encoding="utf-8")
    (folder / "step.py").write_text(STEP.format(more=1), encoding="utf-8")
    (folder / "other.py").write_text("x = 1\n", encoding="utf-8")
    return folder


def test_a_loop_calls_what_stands_in_the_other_file_now(package: Path) -> None:
    def answer() -> int:
        call = [sys.executable, "-c", "from pkg.loop import loop; print(loop(1))"]
        done = subprocess.run(call, cwd=package.parent, capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert answer() == 2
    (package / "step.py").write_text(STEP.format(more=10), encoding="utf-8")
    assert answer() == 11
    kept = [path.name for path in (package / "__pycache__").glob("compiled-*")]
    assert kept == [f"compiled-{compiled.stamp(package)}"]


def test_only_files_that_compiled_code_rests_on_are_asked(package: Path) -> None:
    before = compiled.stamp(package)
    (package / "other.py").write_text("x = 2\n", encoding="utf-8")
    assert compiled.stamp(package) == before
    assert {path.name for path in compiled.sources(package)} == {"compiled.py", "loop.py", "step.py"}
