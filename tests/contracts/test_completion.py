"""The bare command and shell completion, as a shell runs them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

START = "from reports.cli.app import main; import sys; sys.argv[0] = 'paiban'; main()"
HEAVY = ("pandas", "numpy", "ortools", "statsmodels", "matplotlib", "numba", "duckdb")


def started(*arguments: str, code: str = START, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_the_bare_command_shows_the_help_and_no_traceback() -> None:
    result = started()
    assert "Commands:" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_given_its_completion_script(shell: str) -> None:
    result = started(_PAIBAN_COMPLETE=f"{shell}_source")
    assert result.returncode == 0, result.stderr
    assert "_paiban_completion" in result.stdout


@pytest.mark.parametrize(
    ("typed", "at", "offered"),
    [
        ("paiban pl", "1", {"plan"}),
        ("paiban plan --eff", "2", {"--effort"}),
        ("paiban re", "1", {"require", "replan"}),
    ],
)
def test_commands_and_options_are_completed(typed: str, at: str, offered: set[str]) -> None:
    result = started(_PAIBAN_COMPLETE="bash_complete", COMP_WORDS=typed, COMP_CWORD=at)
    assert {line.split(",")[1] for line in result.stdout.splitlines()} == offered


def test_completing_an_option_imports_nothing_heavy() -> None:
    code = (
        "import atexit, sys; from reports.cli.app import main; sys.argv[0] = 'paiban'\n"
        f"atexit.register(lambda: print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules]))\n"
        "main()"
    )
    result = started(
        code=code, _PAIBAN_COMPLETE="bash_complete", COMP_WORDS="paiban plan --eff", COMP_CWORD="2"
    )
    assert "plain,--effort" in result.stdout
    assert "HEAVY []" in result.stdout
