"""Chart of demand: the past days, the forecast with its bands, promotions shaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import matplotlib.dates as mdates
import pandas as pd
from matplotlib.axes import Axes

from forecast.timegrid import zone
from reports import findings
from reports.charts.colours import BLUE, GREY, INK, PROMOTION
from reports.charts.style import wall_times
from reports.words import Words

Promotion = tuple[str, str, datetime, datetime]  # event, phase, start, end

SHORT = pd.Timedelta(hours=48)  # up to here hours are named instead of days
LINE_PT = 11  # height of a line of names
LINES = 3  # of promotion names above a chart
LETTER = 0.0055  # half a letter's width, of the chart's


def plot_forecast(
    axes: Axes,
    forecast: pd.DataFrame,
    history: pd.DataFrame,
    *,
    promotions: Sequence[Promotion],
    timezone: str,
    say: Words,
) -> Axes:
    """Draw one stream's forecast.

    Parameters
    ----------
    axes
        Where to draw.
    forecast
        Rows of one stream: ``start, mean`` and, where known, ``p10, p25, p75, p90``. [consultations an hour]
        Where the shop is closed the line breaks.
    history
        What was seen before, ``start, offered``; a missing hour is a gap in the line.
    promotions
        Event, phase, start and end.
    timezone
        The shop's.
    say
        Messages of the reader's language.

    Returns
    -------
    Axes
        The axes given.
    """
    start = wall_times(forecast["start"], timezone)
    shade_promotions(axes, promotions, start.min(), start.max(), timezone)
    if len(history):
        seen = history.set_index(wall_times(history["start"], timezone))["offered"].asfreq("h")
        axes.plot(seen.index, seen, color=GREY, linewidth=0.9, label=say("chart.history"))
    drawn = _with_closed_hours(forecast.set_index(start))
    for low, high, strength in (("p10", "p90", 0.18), ("p25", "p75", 0.30)):
        if {low, high} <= set(forecast.columns):
            axes.fill_between(
                drawn.index,
                drawn[low],
                drawn[high],
                color=BLUE,
                alpha=strength,
                linewidth=0,
                label=say("chart.band", low=low[1:], high=high[1:]),
            )
    axes.plot(drawn.index, drawn["mean"], color=BLUE, linewidth=1.3, label=say("chart.mean"))
    axes.set_ylim(0, axes.get_ylim()[1] * 1.1)  # room for the legend
    axes.set_ylabel(say("chart.consultations_an_hour"))
    axes.margins(x=0.005)
    label_days(axes, say, first=seen.index.min() if len(history) else start.min(), last=start.max())
    axes.legend(loc="upper left", ncols=4)
    return axes


def _with_closed_hours(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows indexed by wall time with empty ones between; as they are where clocks go back."""
    if len(rows) < 2 or not rows.index.is_unique:
        return rows
    return rows.asfreq(rows.index.to_series().diff().min())


def shade_promotions(
    axes: Axes, promotions: Sequence[Promotion], first: pd.Timestamp, last: pd.Timestamp, timezone: str
) -> float:
    """Shade each promotion phase in the span, name it at the top, and return the names' height [pt]."""
    taken = [0.0] * LINES  # per line of names, up to where it is written on
    width = _as_number(last) - _as_number(first)
    for name, phase, start, end in promotions:
        begin, stop = (pd.Timestamp(at).tz_convert(zone(timezone)).tz_localize(None) for at in (start, end))
        begin, stop = max(begin, first), min(stop, last)
        if begin >= stop:
            continue
        axes.axvspan(
            _as_number(begin),
            _as_number(stop),
            facecolor=PROMOTION,
            edgecolor="white",
            linewidth=1.5,
            zorder=0,
        )
        label = findings.promotion_label(name, phase)
        middle, half = _as_number(begin + (stop - begin) / 2), LETTER * len(label) * width
        line = next((line for line in range(LINES) if taken[line] <= middle - half), None)
        if line is None:
            continue
        taken[line] = middle + half
        axes.annotate(
            label,
            (middle, 1.0),
            xytext=(0, 2 + LINE_PT * line),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8,
            color=INK,
            annotation_clip=False,
        )
    return LINE_PT * sum(end > 0 for end in taken)


def label_days(axes: Axes, say: Words, *, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """Write dates at noon, at most about twenty, with the midnights marked; the hours of a day or two."""
    if last - first < SHORT:
        _label_hours(axes, say, first, last)
        return
    days = pd.date_range(first.normalize(), last.normalize(), freq="D")
    noons = [noon for day in days if first <= (noon := day + pd.Timedelta(hours=12)) <= last]
    shown = noons[:: max(1, -(-len(noons) // 20))]
    axes.set_xticks([_as_number(day) for day in days if day >= first], [], minor=True)
    axes.set_xticks(
        [_as_number(noon) for noon in shown],
        [f"{say.short_day(noon.date())}\n{say.weekday(noon.date())}" for noon in shown],
        fontsize=8,
    )
    axes.tick_params(axis="x", which="major", length=0)
    axes.tick_params(axis="x", which="minor", length=4)


def _label_hours(axes: Axes, say: Words, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """Write the hours, about twelve of them, with the date below the first and each midnight."""
    hours = pd.date_range(first.ceil("h"), last + pd.Timedelta(hours=1), freq="h")
    every = next(step for step in (1, 2, 3, 4, 6) if len(hours) <= 12 * step)
    shown = [at for at in hours if at.hour % every == 0]
    dated = {at for place, at in enumerate(shown) if place == 0 or at.hour < every}
    texts = [
        f"{at:%H:%M}" + (f"\n{say.short_day(at.date())} {say.weekday(at.date())}" if at in dated else "")
        for at in shown
    ]
    axes.set_xticks([_as_number(at) for at in shown], texts, fontsize=8)


def _as_number(at: pd.Timestamp) -> float:
    """Return a time as matplotlib's axes count it."""
    return float(mdates.date2num(at))  # type: ignore[no-untyped-call]
