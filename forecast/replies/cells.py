"""Cells of stream, agent, day and hour: rows of a log are added up by them once, and every cut from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.replies.conversations import DAY_NS, HOUR_NS, Codes, Instants, categories, wall_times

if TYPE_CHECKING:
    from pandas.core.groupby import DataFrameGroupBy

By = Literal["stream", "agent", "day", "hour"]
Flags = npt.NDArray[np.bool_]

MOST_PER_ROW = (
    8  # places of a table that has one for every number there may be; with more, numbers are hashed
)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Rows of a span, and the cell that each lies in.

    Attributes
    ----------
    rows
        Positions of the rows in the span.
    cell
        Of each of them, its cell's position in `cells`.
    cells
        `stream, agent` (missing where nobody had it), `day`, `hour`, and `all`, the same for every cell.
    """

    rows: slice | Codes
    cell: Codes
    cells: pd.DataFrame

    def sums(self, **values: npt.NDArray[Any]) -> pd.DataFrame:
        """Return the cells with the sum of each column of values over their rows."""
        count = len(self.cells)
        return self.cells.assign(
            **{
                name: np.bincount(self.cell, weights=column[self.rows], minlength=count)
                for name, column in values.items()
            }
        )

    def most(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the largest value of each cell."""
        return pd.Series(values[self.rows]).groupby(self.cell).max().to_numpy()


@dataclass(frozen=True, kw_only=True)
class Span:
    """Which days count, and where a moment lies in day and hour."""

    timezone: str
    since: dt.date | None = None
    until: dt.date | None = None

    def placed(self, moment: Instants, *, stream: pd.Categorical, agent: pd.Categorical) -> Placed:
        """Return the rows of the span with their cells, given when and whose they are."""
        wall = wall_times(moment, self.timezone)
        rows = self._inside(wall)
        hour = wall[rows].view(np.int64) // HOUR_NS
        first = int(hour.min()) if len(hour) else 0
        hours = int(hour.max()) - first + 1 if len(hour) else 1
        streams, agents = max(1, len(stream.categories)), len(agent.categories) + 1
        assert streams * agents * hours < np.iinfo(np.int64).max
        whose = stream.codes[rows].astype(np.int64) * agents + agent.codes[rows] + 1
        cell, packed = numbered(whose * hours + (hour - first), streams * agents * hours)
        whose, hour = packed // hours, packed % hours + first
        cells = pd.DataFrame(
            {
                "stream": _in_order(whose // agents, stream),
                "agent": _in_order(whose % agents - 1, agent),
                "day": (hour * HOUR_NS // DAY_NS * DAY_NS).view("datetime64[ns]"),
                "hour": hour % 24,
                "all": 0,
            }
        )
        return Placed(rows=rows, cell=cell, cells=cells)

    def _inside(self, wall: Instants) -> slice | Codes:
        """Return which wall times lie in the span."""
        inside: Flags = np.ones(len(wall), dtype=bool)
        if self.since is not None:
            inside &= wall >= np.datetime64(self.since)
        if self.until is not None:
            inside &= wall < np.datetime64(self.until + dt.timedelta(days=1))
        return slice(None) if inside.all() else np.flatnonzero(inside)


def numbered(values: Codes, most: int) -> tuple[Codes, Codes]:
    """Return a number for each distinct value, and the values by number; values lie in [0, `most`)."""
    if most > MOST_PER_ROW * len(values):
        number, known = pd.factorize(values)
        return number.astype(np.int64), known
    there = np.zeros(most, dtype=bool)
    there[values] = True
    return (np.cumsum(there) - 1)[values], np.flatnonzero(there)


def distinct(values: Codes, most: int) -> Codes:
    """Return each value once; values lie in [0, `most`)."""
    if most > MOST_PER_ROW * len(values):
        return pd.unique(values)
    there = np.zeros(most, dtype=bool)
    there[values] = True
    return np.flatnonzero(there)


def added_cells(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return sums by cell of several parts of a log as those of the whole."""
    if len(parts) == 1:
        return parts[0]
    keys = ["stream", "agent", "day", "hour", "all"]
    table = pd.concat(parts, ignore_index=True)
    return table.groupby(keys, sort=False, observed=True, dropna=False).sum().reset_index()


def _in_order(codes: Codes, names: pd.Categorical) -> pd.Categorical:
    """Return codes as names in order, so that groups come out sorted."""
    order = np.argsort(names.categories.to_numpy(dtype=object), kind="stable")
    place = np.append(np.argsort(order), -1)
    return categories(place[codes], names.categories.to_numpy(dtype=object)[order])


def grouped(cells: pd.DataFrame, by: Sequence[By]) -> DataFrameGroupBy[Any, Any]:
    """Return cells by cut; a missing agent belongs to no group of agents."""
    return cells.groupby([*(by or ("all",))], sort=True, observed=True)


class OwnersByCell:
    """Who has rows in each cell, for counts by several cuts that name each owner once."""

    def __init__(self, placed: Placed, whose: Codes, flagged: Flags) -> None:
        self.cells, self.cell = placed.cells, placed.cell
        self.owner, self.flagged = whose[placed.rows], flagged[placed.rows]
        self.owners = int(whose.max()) + 1 if len(whose) else 1

    def counts(self, by: Sequence[By]) -> pd.DataFrame:
        """Return by group how many owners it has: ``owners``, and of them ``flagged``."""
        groups = grouped(self.cells, by)
        number = groups.ngroup().fillna(-1).to_numpy(dtype=np.int64)[self.cell]
        index = groups.size().index
        known = number >= 0
        pair, flagged = number * self.owners + self.owner, known & self.flagged
        return pd.DataFrame(
            {
                "owners": self._by_group(pair[known], len(index)),
                "flagged": self._by_group(pair[flagged], len(index)),
            },
            index=index,
        )

    def _by_group(self, pair: Codes, groups: int) -> Codes:
        """Return how many owners each group has, given pairs of group and owner."""
        return np.bincount(distinct(pair, groups * self.owners) // self.owners, minlength=groups)
