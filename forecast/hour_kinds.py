"""Which hours are ordinary, and which belong to a promotion, a holiday or an after-sales week."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.models.base import Known
from forecast.timegrid import zone

KICK_OFF_H = 4
NOT_SOLD = ("closed", "shock")  # kinds of events that are no promotions


def hour_kinds(starts: pd.DatetimeIndex, known: Known, *, platform: str) -> pd.DataFrame:
    """Return the kinds of hours, for scores apart.

    Parameters
    ----------
    starts
        Aware hour starts.
    known
        Holidays and promotions.
    platform
        The stream's; events of other platforms do not concern it.

    Returns
    -------
    DataFrame
        Index `starts`, Boolean columns: ``promotion`` (any phase but after-sales), ``kick-off 4 h`` (its
        first four hours), ``holiday``, ``after-sales`` (outside promotion hours) and ``ordinary``.
    """
    promotion, kick_off, wave = (np.zeros(len(starts), dtype=bool) for _ in range(3))
    for event in known.promotions.of(platform):
        if event.kind in NOT_SOLD:
            continue
        for phase in event.phase:
            inside = (starts >= pd.Timestamp(phase.start).floor("h")) & (starts < pd.Timestamp(phase.end))
            if phase.kind == "aftersale":
                wave |= inside
            else:
                promotion |= inside
        since = (starts - pd.Timestamp(event.kick_off).floor("h")) / pd.Timedelta(hours=1)
        kick_off |= np.asarray((since >= 0) & (since < KICK_OFF_H))
    holidays = set(known.special_days.holidays)
    dates = starts.tz_convert(zone(known.timezone)).date
    holiday = np.array([day in holidays for day in dates], dtype=bool)
    return pd.DataFrame(
        {
            "ordinary": ~(promotion | wave | holiday),
            "promotion": promotion,
            f"kick-off {KICK_OFF_H} h": kick_off,
            "holiday": holiday,
            "after-sales": wave & ~promotion,
        },
        index=starts,
    )
