"""Chart of a forecast's parts: what each of them adds to the hours, one step upon the other."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from reports.charts.forecast import label_days
from reports.charts.style import (
    GREEN,
    GREY,
    INK,
    ORANGE,
    SKY,
    VERMILION,
    house_style,
    new_figure,
    wall_times,
)
from reports.words import Words

STEPS = (("calendar", GREY), ("holiday", GREEN), ("promotion", ORANGE), ("override", VERMILION))
PNG_DPI = 150


def plot_parts(axes: Axes, parts: pd.DataFrame, *, timezone: str, say: Words) -> Axes:
    """Draw one stream's forecast as level x week shape and what each further factor makes of it.

    Parameters
    ----------
    axes
        Where to draw.
    parts
        Rows of one stream as ``forecast_parts.csv``. [consultations an hour, factors]
    timezone
        The shop's.
    say
        Messages of the reader's language.

    Returns
    -------
    Axes
        The axes given. A part that acts on no hour is left out; closed hours are gaps.
    """
    start = wall_times(parts["start"], timezone)
    hours = parts.set_index(start).drop(columns=["stream", "start"]).asfreq("h")
    closing = pd.date_range(hours.index.min(), periods=len(hours) + 1, freq="h")
    hours = hours.reindex(closing).ffill(limit=1)  # a step needs a point where the day's last hour ends
    height = hours["level"] * hours["week_shape"]
    axes.fill_between(height.index, height, step="post", color=SKY, alpha=0.45, label=say("chart.part_usual"))
    for name, colour in STEPS:
        before, height = height, height * hours[name]
        if (hours[name].dropna().sub(1).abs() > 0.005).any():
            label = say(f"chart.part_{name}")
            axes.fill_between(
                height.index, before, height, step="post", color=colour, alpha=0.6, linewidth=0, label=label
            )
    axes.step(hours.index, hours["mean"], where="post", color=INK, linewidth=1.0, label=say("chart.mean"))
    axes.plot(hours.index, hours["level"], color=GREY, linestyle=":", label=say("chart.part_level"))
    axes.set_ylim(0, axes.get_ylim()[1] * 1.2)  # room for the legend
    axes.set_ylabel(say("chart.consultations_an_hour"))
    axes.margins(x=0.005)
    label_days(axes, say, first=start.min(), last=start.max())
    axes.legend(loc="upper left", ncols=4)
    return axes


def write_part_pictures(
    parts: pd.DataFrame, folder: Path, *, titles: dict[str, str], timezone: str, say: Words
) -> list[Path]:
    """Write one PNG a stream, ``forecast_parts-1.png`` and so on in the order of `titles`."""
    written = []
    with house_style():
        for number, (stream, title) in enumerate(titles.items(), start=1):
            figure, axes = new_figure(height=3.6)
            plot_parts(axes, parts[parts["stream"] == stream], timezone=timezone, say=say)
            axes.set_title(say("chart.parts_title", stream=title))
            written.append(folder / f"forecast_parts-{number}.png")
            figure.savefig(written[-1], dpi=PNG_DPI, metadata={"Software": None})
    return written
