"""Shift plans, rosters and requirements from files: ours, or somebody's spreadsheet."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from forecast.errors import DataError, Problem
from forecast.table_files import read_contract_table
from scheduling.frames import REQUIREMENT, ROSTER, SHIFT_PLAN


def read_shift_plan(path: Path, timezone: str) -> pd.DataFrame:
    """Return a `SHIFT_PLAN` table."""
    return _with_rows(read_contract_table(path, SHIFT_PLAN, timezone=timezone), path)


def read_roster(path: Path, timezone: str) -> pd.DataFrame:
    """Return a `ROSTER` table."""
    return _with_rows(read_contract_table(path, ROSTER, timezone=timezone), path)


def read_requirement(path: Path, timezone: str) -> pd.DataFrame:
    """Return a `REQUIREMENT` table; gross agents equal the net ones where they are not given."""
    table = _with_rows(read_contract_table(path, REQUIREMENT, timezone=timezone), path)
    return table if "agents_gross" in table else table.assign(agents_gross=table["agents_net"])


def span_of_duties(table: pd.DataFrame) -> tuple[dt.date, int]:
    """Return the first working day of a shift plan or roster and the days to its last."""
    first, last = min(table["date"]), max(table["date"])
    return first, (last - first).days + 1


def span_of_intervals(table: pd.DataFrame, timezone: str) -> tuple[dt.date, int]:
    """Return the first local day of a requirement and its number of days."""
    dates = table["start"].dt.tz_convert(timezone).dt.date
    return dates.min(), (dates.max() - dates.min()).days + 1


def _with_rows(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    if table.empty:
        raise DataError(Problem(file=path.name, message="has no rows"))
    return table
