"""How a command ends: exit codes, error messages, and outputs written whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forecast.errors import ConfigError, PlanError

if TYPE_CHECKING:
    from scheduling.roster.conflicts import Conflict


class ExitCode(IntEnum):
    """Exit codes of every command."""

    FINE = 0
    BUG = 1
    USAGE = 2
    DATA = 3
    CONFIGURATION = 4
    NO_ROSTER = 5
    NO_PLAN_IN_TIME = 6
    TARGET_NOT_MET = 7


class NoRosterError(PlanError):
    """No roster satisfies the hard rules."""


class NoPlanInTimeError(PlanError):
    """The limit was reached before any plan."""


def no_roster(conflicts: Sequence[Conflict]) -> NoRosterError:
    """Return the error of a roster that cannot be, with what stands in its way."""
    return NoRosterError([conflict.text for conflict in conflicts] or "no roster found")


def exit_code(error: PlanError) -> ExitCode:
    """Return the exit code that belongs to an error.

    Examples
    --------
    >>> from forecast.errors import DataError
    >>> exit_code(DataError("sessions.csv row 3: ..."))
    <ExitCode.DATA: 3>
    """
    if isinstance(error, NoRosterError):
        return ExitCode.NO_ROSTER
    if isinstance(error, NoPlanInTimeError):
        return ExitCode.NO_PLAN_IN_TIME
    if isinstance(error, ConfigError):
        return ExitCode.CONFIGURATION
    return ExitCode.DATA


OF_STAGES = (
    "calendars",
    "cover.csv",
    "draws.parquet",
    "forecast*.csv",
    "forecast_parts*.png",
    "last_roster.csv",
    "requirement.csv",
    "roster.csv",
    "shift_plan.csv",
    "simulated_cover.csv",
    "simulation.json",
    "summary.json",
    "排班表.xlsx",
)  # what a stage alone may have left where a plan is written next
OF_SHOPS = ("shop.toml", "agents.csv", "history.csv", "promotions.toml", "plans")


def check_replaceable(target: Path) -> None:
    """Refuse a folder to be replaced as a whole that holds more than results: they would be lost.

    Raises
    ------
    click.UsageError
        Naming what is in the way.
    """
    from scheduling.plan_folder import RECORD  # every folder that is replaced as a whole has one

    if target.exists() and not target.is_dir():
        raise click.UsageError(f"--out {target} is a file; name a folder")
    names = sorted(path.name for path in target.iterdir()) if target.is_dir() else []
    shown = [name for name in names if not name.startswith(".")]
    if RECORD in names:
        own = [name for name in shown if name in OF_SHOPS]
    else:
        own = [name for name in shown if not any(fnmatch(name, result) for result in OF_STAGES)]
    if own:
        raise click.UsageError(
            f"{target} holds {own[0]}, which is no result; results replace their whole folder: "
            "name another one with --out"
        )


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a folder to write into that becomes `target` only if the block ends well.

    What stood at `target` before stays until then, and is replaced as a whole; see `check_replaceable`.
    """
    check_replaceable(target)
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".partial", dir=target.parent))
    partial.chmod(0o755)
    try:
        yield partial
        if target.exists():
            former = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".former", dir=target.parent))
            target.rename(former / target.name)
            partial.rename(target)
            shutil.rmtree(former)
        else:
            partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def whole_files(target: Path) -> Iterator[Path]:
    """Give a folder to write files into that go to the folder `target` only if the block ends well.

    Files of the same names are replaced; whatever else stands in `target` stays.
    """
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".partial", dir=target.parent))
    try:
        yield partial
        target.mkdir(exist_ok=True)
        for path in sorted(partial.iterdir()):
            former = target / path.name
            if former.is_dir():
                shutil.rmtree(former)
            path.replace(former)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
