"""Runs the console examples of these pages: each page in an empty folder with `examples/` beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path
from typing import Any

from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser

HERE = Path(__file__).parent
ROOT = HERE.parent
FLAGS = ELLIPSIS | NORMALIZE_WHITESPACE


def run_console(example: Example) -> str | None:
    """Run a block's ``$`` lines in order; return what differs from the output shown, if any."""
    for command, shown in commands_of(example.parsed):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=example.namespace["folder"],
            env=environment(),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode != 0:
            return f"{command}\nended with {done.returncode}:\n{done.stdout}{done.stderr}"
        if shown.strip() and not OutputChecker().check_output(shown, done.stdout, FLAGS):
            return f"{command}\nshould print\n{shown}\nbut prints\n{done.stdout}"
    return None


def commands_of(block: str) -> list[tuple[str, str]]:
    """Return each command with the output shown below it."""
    found: list[list[str]] = []
    for line in block.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append([line[2:].strip(), ""])
        elif not found:
            raise ValueError(f"a console block starts with '$ ', got {line!r}")
        else:
            found[-1][1] += line
    return [(command, shown) for command, shown in found]


def environment() -> dict[str, str]:
    """Return the environment of a reader whose screen is 100 columns wide."""
    mine = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "100",
        "MPLBACKEND": "Agg",
        "LC_ALL": "C.UTF-8",
    }
    return {**os.environ, **mine}


def set_up(namespace: dict[str, Any]) -> None:
    """Give the page its folder."""
    namespace["folder"] = tempfile.mkdtemp(prefix="paiban-docs-")
    shutil.copytree(HERE / "examples", Path(namespace["folder"]) / "examples")


def tear_down(namespace: dict[str, Any]) -> None:
    """Remove the page's folder."""
    shutil.rmtree(namespace["folder"])


pytest_collect_file = Sybil(
    parsers=[CodeBlockParser(language="console", evaluator=run_console)],
    pattern="*.md",
    setup=set_up,
    teardown=tear_down,
).pytest()
