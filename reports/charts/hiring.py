"""The picture of the long view: hours asked of people and what the staff can do, week by week."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from reports.charts.colours import BLUE, ORANGE, SKY
from reports.words import Words


def plot_hiring(axes: Axes, table: pd.DataFrame, say: Words) -> Axes:
    """Draw the hours each week needs as bars, those beyond the staff's in another colour.

    Parameters
    ----------
    axes
        Where to draw.
    table
        `scheduling.hiring.hiring_table`.
    say
        Messages of the reader's language.
    """
    places = range(len(table))
    extra = table["extra_hours"].clip(upper=table["hours"])
    axes.bar(places, table["hours"] - extra, color=SKY, label=say("hire.hours"))
    if (extra > 0).any():
        label = say("hire.part_time_hours")
        axes.bar(places, extra, bottom=table["hours"] - extra, color=ORANGE, label=label)
    usable = table["hours"].where(extra > 0) - extra.where(extra > 0)
    if usable.notna().any():
        axes.plot(places, usable, "_", color=BLUE, markersize=16, label=say("hire.staff_hours"))
    axes.set_xticks(list(places), [say.short_day(week) for week in table["week"]])
    axes.set_ylim(0, 1.25 * max(1.0, float(table["hours"].max())))
    axes.set_ylabel(say("hire.hours_axis"))
    axes.legend(loc="upper left", ncols=3)
    return axes
