"""The time grid: the only place where wall times meet a time zone.

Local days have 23, 24 or 25 hours. The grid knows; nobody else computes it.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from forecast.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

MINUTES_A_DAY = 24 * 60


def clock_minutes(text: str) -> int:
    """Return the minutes since midnight of a wall time ``HH:MM``; ``24:00`` and later are legal.

    Raises
    ------
    ValueError
        If `text` is not a wall time.

    Examples
    --------
    >>> clock_minutes("08:30"), clock_minutes("24:00"), clock_minutes("26:00")
    (510, 1440, 1560)
    """
    match = re.fullmatch(r"(\d{1,2}):([0-5]\d)", text.strip())
    if match is None or (minutes := int(match[1]) * 60 + int(match[2])) > 2 * MINUTES_A_DAY:
        raise ValueError(f"{text!r} is not a wall time; write HH:MM, for example 08:30 or 24:00")
    return minutes


def clock_text(minutes: int) -> str:
    """Return minutes since midnight as ``HH:MM``, past midnight as 24:00, 25:00 ...

    Examples
    --------
    >>> clock_text(510), clock_text(1440)
    ('08:30', '24:00')
    """
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def zone(name: str) -> ZoneInfo:
    """Return the time zone of that IANA name.

    Raises
    ------
    ConfigError
        If there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            f"timezone: no zone is called {name!r}; use an IANA name such as Asia/Shanghai"
        ) from error


def midnight(day: dt.date, timezone: str) -> pd.Timestamp:
    """Return the first instant of a local day, time-zone aware."""
    import pandas as pd

    return pd.Timestamp(day).tz_localize(zone(timezone), ambiguous=True, nonexistent="shift_forward")


def instant(day: dt.date, minutes: int, timezone: str) -> pd.Timestamp:
    """Return the instant at which local wall clocks of `day` show that many minutes past midnight.

    Minutes of 1440 and more lie on the following calendar day.
    """
    import pandas as pd

    wall = pd.Timestamp(day) + pd.Timedelta(minutes=minutes)
    return wall.tz_localize(zone(timezone), ambiguous=True, nonexistent="shift_forward")


def slots(start: dt.date, days: int, interval_min: int, timezone: str) -> pd.DatetimeIndex:
    """Return the starts of all intervals from `start` on, for that many local days.

    A day on which clocks change has as many intervals as it has real time.

    Examples
    --------
    >>> import datetime as dt
    >>> len(slots(dt.date(2026, 3, 29), 1, 60, "Europe/Berlin"))
    23
    """
    import pandas as pd

    return pd.date_range(
        midnight(start, timezone),
        midnight(start + dt.timedelta(days=days), timezone),
        freq=pd.Timedelta(minutes=interval_min),
        inclusive="left",
        name="start",
    )


def wall_minutes(starts: pd.DatetimeIndex, day: dt.date, timezone: str) -> list[int]:
    """Return the minutes past local midnight of `day` that wall clocks show at each instant."""
    import pandas as pd

    local = starts.tz_convert(zone(timezone)).tz_localize(None)
    return [int(minutes) for minutes in (local - pd.Timestamp(day)) // pd.Timedelta(minutes=1)]


def week_start(text: str) -> dt.date:
    """Return the Monday of an ISO week such as ``2026-W47``.

    Raises
    ------
    ValueError
        If there is no such week.

    Examples
    --------
    >>> week_start("2026-W47")
    datetime.date(2026, 11, 16)
    """
    match = re.fullmatch(r"(\d{4})-?W(\d{1,2})", text.strip(), flags=re.IGNORECASE)
    if match is None:
        raise ValueError(f"{text!r} is not an ISO week; write for example 2026-W47")
    return dt.date.fromisocalendar(int(match[1]), int(match[2]), 1)
