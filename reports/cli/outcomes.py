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


STOPPED = 128 + 2  # by Ctrl-C: not of the contract, but what shells say of a program that SIGINT ended


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
OF_SHOPS = ("shop.toml", "agents.csv", "promotions.toml", "plans")
HISTORY = "history.csv"  # may be all that there is of a shop, or what `history` wrote


def check_replaceable(target: Path) -> None:
    """Refuse a shop, or a file, as the folder of results.

    Raises
    ------
    click.UsageError
        Naming what is in the way.
    """
    if target.exists() and not target.is_dir():
        raise click.UsageError(f"--out {target} is a file; name a folder")
    for name in OF_SHOPS:
        if (target / name).exists():
            raise click.UsageError(
                f"{target} holds {name}, which is no result; results have a folder of their own: "
                "name another one with --out"
            )


def _holds_only_results(target: Path) -> bool:
    """Whether nothing is lost where results take the place of a folder."""
    from scheduling.plan_folder import RECORD  # every folder that is replaced as a whole has one

    names = [path.name for path in target.iterdir()] if target.is_dir() else []
    shown = [name for name in names if not name.startswith(".")]
    if HISTORY in names:
        return False
    return RECORD in names or all(any(fnmatch(name, result) for result in OF_STAGES) for name in shown)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a folder to write into that becomes `target` only if the block ends well.

    What stood at `target` before stays until then. Results are replaced as a whole; other things stay, and
    the results join them.
    """
    check_replaceable(target)
    if not _holds_only_results(target):
        with whole_files(target) as folder:
            yield folder
        return
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
