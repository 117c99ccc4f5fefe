"""A finished plan's folder, found and read back."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.errors import DataError, Problem
from forecast.frames import DRAWS, FORECAST
from forecast.table_files import read_contract_table
from scheduling.frames import REQUIREMENT, ROSTER, SHIFT_PLAN
from scheduling.inputs import Inputs
from scheduling.outlook import with_drivers
from scheduling.roster.case import RosterCase
from scheduling.roster.needs import in_average_agents

RECORD = "run.json"  # written last
PLAN_FILES = (
    RECORD,
    "forecast.csv",
    "requirement.csv",
    "shift_plan.csv",
    "summary.json",
)  # comparisons have fewer


@dataclass(frozen=True, kw_only=True)
class PlanFolder:
    """What `plan` wrote: the tables, the summary, and the span they are for.

    ``roster`` is None where the plan is of head counts only; ``last_roster`` where it knew of no time before.
    """

    folder: Path
    start: dt.date
    days: int
    seed: int
    forecast: pd.DataFrame
    draws: pd.DataFrame | None
    requirement: pd.DataFrame
    shift_plan: pd.DataFrame
    roster: pd.DataFrame | None
    last_roster: pd.DataFrame | None
    summary: dict[str, Any]

    def case(self, inputs: Inputs) -> RosterCase:
        """Return what the plan's roster was made from, with people, wishes and settings as they are now.

        `inputs` are the shop's own people: whoever was called in from outside does not change its pace.
        """
        return RosterCase(
            employees=inputs.employees,
            wishes=inputs.wishes,
            settings=inputs.settings,
            start=self.start,
            days=self.days,
            shift_plan=self.shift_plan,
            requirement=in_average_agents(self.requirement, inputs.employees, inputs.settings),
            last_roster=self.last_roster,
        )


def find_plan(path: Path, *, needs_forecast: bool = True) -> Path:
    """Return the plan folder that a path means: itself, or the newest of a shop's plans.

    A roster over a requirement of somebody's own may have no forecast.

    Raises
    ------
    DataError
        If there is no finished plan.
    """
    if (path / RECORD).is_file():
        return path
    if not path.is_dir():
        raise DataError(Problem(file=str(path), message="no such folder; name a shop or one of its plans"))
    needed = [name for name in PLAN_FILES if needs_forecast or name != "forecast.csv"]
    finished = [
        record.parent
        for record in (path / "plans").glob(f"[!.]*/{RECORD}")
        if all((record.parent / name).is_file() for name in needed)
    ]
    if not finished:
        raise DataError(
            Problem(file=str(path), message="no finished plan in it; make one with paiban plan, or name one")
        )
    return max(finished, key=lambda folder: ((folder / RECORD).stat().st_mtime_ns, folder.name))


def shop_of(folder: Path) -> Path:
    """Return the shop that a plan folder belongs to: the nearest folder above it with settings or agents.

    Raises
    ------
    DataError
        If no folder above is a shop.
    """
    for above in folder.absolute().parents:
        if (above / "shop.toml").is_file() or (above / "agents.csv").is_file():
            return above
    raise DataError(
        Problem(file=str(folder), message="lies in no shop folder; say which shop it is for with --shop DIR")
    )


def read_plan(folder: Path, *, timezone: str, needs_forecast: bool = True) -> PlanFolder:
    """Read a finished plan.

    Parameters
    ----------
    folder
        Folder that ``paiban plan`` wrote.
    timezone
        The shop's.
    needs_forecast
        Whether ``forecast.csv`` must be there; where it need not and is not, the plan's has no rows.

    Raises
    ------
    DataError
        If a file is missing or cannot be read.
    """
    record = _read_json(folder / RECORD)
    if needs_forecast or (folder / "forecast.csv").is_file():
        forecast = with_drivers(read_contract_table(folder / "forecast.csv", FORECAST, timezone=timezone))
    else:
        forecast = no_forecast(timezone)
    draws = folder / "draws.parquet"
    roster, last = folder / "roster.csv", folder / "last_roster.csv"
    return PlanFolder(
        folder=folder,
        start=dt.date.fromisoformat(record["start"]),
        days=int(record["days"]),
        seed=int(record["seed"]),
        forecast=forecast,
        draws=read_contract_table(draws, DRAWS, timezone=timezone) if draws.is_file() else None,
        requirement=read_contract_table(folder / "requirement.csv", REQUIREMENT, timezone=timezone),
        shift_plan=read_contract_table(folder / "shift_plan.csv", SHIFT_PLAN, timezone=timezone),
        roster=read_contract_table(roster, ROSTER, timezone=timezone) if roster.is_file() else None,
        last_roster=read_contract_table(last, ROSTER, timezone=timezone) if last.is_file() else None,
        summary=_read_json(folder / "summary.json"),
    )


def no_forecast(timezone: str) -> pd.DataFrame:
    """Return the forecast of a roster for which nobody knows how many buyers come: no rows."""
    return pd.DataFrame({"stream": [], "start": pd.DatetimeIndex([], tz=timezone), "mean": []})


def _read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object, or raise naming the file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(Problem(file=path.name, message=f"cannot be read: {error}")) from error
    except ValueError as error:
        raise DataError(Problem(file=path.name, message=f"is not JSON: {error}")) from error
    if not isinstance(content, dict):
        raise DataError(Problem(file=path.name, message="does not hold an object; make the plan again"))
    return content
