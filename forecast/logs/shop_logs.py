"""A shop folder's logs under its own settings: zone, streams, people's accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forecast.config import DEFAULT_STREAM, ShopSettings
from forecast.logs.reading import ShopLog
from forecast.logs.store import open_store
from forecast.tabular import read_table


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
