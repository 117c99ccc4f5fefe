"""What phases of promotions say about chats rather than volume: the bots' share and the length of a chat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.config import Stream
from forecast.promotions import PromotionCalendar

Floats = npt.NDArray[np.float64]

DRIVERS = ("bot_share", "handle_factor")
HOUR = pd.Timedelta(hours=1)


def phase_drivers(starts: pd.DatetimeIndex, calendar: PromotionCalendar, *, stream: Stream) -> pd.DataFrame:
    """Return what promotions say about the chats of each hour.

    Parameters
    ----------
    starts
        Aware hour starts.
    calendar
        The shop's promotions.
    stream
        The stream; events on other platforms do not concern it.

    Returns
    -------
    DataFrame
        One row an hour, in the order of `starts`. Columns `bot_share` [0-1] and `handle_factor` [times the
        usual work on a reply], each only where a phase sets it for one of the hours; NaN where none does:
        the stream's own value holds.

    Notes
    -----
    A phase sets an hour whose middle it covers. Of overlapping phases the one that began last does.
    """
    phases = [
        phase
        for event in calendar.of(stream.platform)
        for phase in event.phase
        if any(getattr(phase, name) is not None for name in DRIVERS)
    ]
    found: dict[str, Floats] = {name: np.full(len(starts), np.nan) for name in DRIVERS}
    for phase in sorted(phases, key=lambda phase: phase.start):
        first, last = pd.Timestamp(phase.start), pd.Timestamp(phase.end)
        inside = np.asarray((starts + HOUR / 2 >= first) & (starts + HOUR / 2 <= last))
        for name in DRIVERS:
            value = getattr(phase, name)
            if value is not None:
                found[name][inside] = value
    return pd.DataFrame({name: values for name, values in found.items() if not np.isnan(values).all()})
