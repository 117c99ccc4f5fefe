"""A shop folder's logs under its own settings: zone, streams, people's accounts."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.config import DEFAULT_STREAM, ShopSettings
from forecast.logs.reading import ShopLog
from forecast.logs.store import has_store, open_store
from forecast.tabular import read_table
from forecast.timegrid import zone

if TYPE_CHECKING:
    import pandas as pd


def accounts_of(shop: Path) -> dict[str, str]:
    """Return the person of each account that ``agents.csv`` (or .xlsx) lists; a name is its own account."""
    people: dict[str, str] = {}
    for name in ("agents.csv", "agents.xlsx"):
        path = shop / name
        if not path.is_file():
            continue
        table = read_table(path)
        if "employee" not in table or "accounts" not in table:
            continue
        for employee, accounts in zip(table["employee"], table["accounts"], strict=True):
            for account in str(accounts).replace("；", ";").split(";"):
                if account.strip():
                    people[account.strip()] = str(employee)
            people.setdefault(str(employee), str(employee))
        break
    return people


def nameless_stream(settings: ShopSettings) -> str:
    """Return the stream of logs that name none: the shop's first."""
    return settings.streams[0].id if settings.streams else DEFAULT_STREAM


def imported_history(settings: ShopSettings) -> tuple[pd.DataFrame, str] | None:
    """Return the history that a shop's imported logs tell, and a digest of them; None where there are none.

    The history is `frames.HISTORY`, as `building.history_of` makes it.
    """
    from forecast.logs.building import history_of

    if not has_store(settings.folder):
        return None
    with shop_log(settings) as log:
        table = history_of(log)[["stream", "start", "offered", "estimated"]]
        files = log.connection.execute("SELECT sha256, options FROM files ORDER BY 1, 2").fetchall()
    if table.empty:
        return None
    table["start"] = table["start"].dt.tz_convert(zone(settings.shop.timezone))
    return table, hashlib.sha256(repr(files).encode()).hexdigest()


def with_imported(imported: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Return imported hours and those of ``history.csv``; where both have one the imported wins."""
    import pandas as pd

    both = pd.concat([imported, counts], ignore_index=True)
    both["estimated"] = both["estimated"].fillna(0) if "estimated" in both else 0
    kept = both.drop_duplicates(["stream", "start"], keep="first")
    return kept.sort_values(["stream", "start"], ignore_index=True)


@contextmanager
def shop_log(
    settings: ShopSettings, *, since: dt.date | None = None, until: dt.date | None = None
) -> Iterator[ShopLog]:
    """Open a shop's logs for reading.

    Raises
    ------
    DataError
        If nothing was imported yet.
    """
    with open_store(settings.folder) as connection:
        yield ShopLog(
            connection=connection,
            timezone=settings.shop.timezone,
            stream=nameless_stream(settings),
            employees=accounts_of(settings.folder),
            since=since,
            until=until,
            open_minutes={one.id: one.open_minutes for one in settings.streams if one.open_minutes},
        )
