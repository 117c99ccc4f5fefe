"""The picture of a promotion: people needed with their band, and people on duty, hour by hour."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from reports.charts.colours import BLUE, INK, SKY, VERMILION
from reports.charts.forecast import Promotion, label_days, shade_promotions
from reports.charts.style import wall_times
from reports.words import Words


def plot_need(
    axes: Axes,
    need: pd.DataFrame,
    *,
    promotions: Sequence[Promotion],
    timezone: str,
    say: Words,
    title: str,
) -> Axes:
    """Draw one stream's need by hour as a band, the requirement, people on duty, and what is missing.

    Parameters
    ----------
    axes
        Where to draw.
    need
        One stream's rows of ``need.csv``.
    promotions
        Event, phase, start and end.
    timezone, say, title
        The shop's, messages, and the stream's name.
    """
    at = wall_times(need["start"], timezone)
    end = at.max() + pd.Timedelta(hours=1)
    grid = pd.date_range(at.min(), end, freq="h")
    hours = need.set_index(at).reindex(grid)
    rows = hours.ffill(limit=1)  # each day's last hour is drawn to its end
    names_pt = shade_promotions(axes, promotions, at.min(), end, timezone)
    axes.fill_between(
        grid,
        rows["need_low"],
        rows["need_high"],
        step="post",
        color=SKY,
        alpha=0.5,
        linewidth=0,
        label=say("promo.need_picture"),
    )
    axes.step(grid, rows["required"], where="post", color=INK, linewidth=1.0, label=say("promo.required"))
    axes.step(grid, rows["on_duty"], where="post", color=BLUE, linewidth=1.2, label=say("promo.on_duty"))
    short = (hours["gap"] > 0).fillna(False)
    axes.plot(grid[short], rows.loc[short, "required"], "v", color=VERMILION, markersize=4)
    most = float(rows[["need_high", "required", "on_duty"]].max().max())
    axes.set_ylim(0, 1.2 * max(1.0, most))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(say("chart.people"))
    axes.set_title(title, fontsize=10, loc="left", pad=6 + names_pt)
    axes.margins(x=0.005)
    label_days(axes, say, first=at.min(), last=at.max())
    axes.legend(loc="upper left", ncols=3)
    return axes
