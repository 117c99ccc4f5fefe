"""Chart of a forecast's parts: what each of them adds to the hours, one step upon the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from forecast.timegrid import midnight, zone
from reports.charts.colours import GREEN, GREY, INK, ORANGE, SKY, VERMILION, paler
from reports.charts.style import house_style, new_figure
from reports.words import Words

Floats = npt.NDArray[np.float64]

STEPS = (("calendar", GREY), ("holiday", GREEN), ("promotion", ORANGE), ("override", VERMILION))
LEAST_EFFECT = 0.005  # a part that changes no hour by more is not shown
HOUR = pd.Timedelta(hours=1)
MOST_LABELS = 20
SHORT = pd.Timedelta(days=2)  # up to here hours are named instead of days
PNG_DPI = 150


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What one part makes of every hour, from `low` to `high`; where it takes away, `high` is the lower."""

    name: str
    colour: str
    low: Floats
    high: Floats


def part_layers(parts: pd.DataFrame) -> list[Layer]:
    """Return the usual hours, level x week shape, and one layer for each part that acts on any hour.

    Parameters
    ----------
    parts
        Rows of one stream as ``forecast_parts.csv``. [consultations an hour, factors]
    """
    height = (parts["level"] * parts["week_shape"]).to_numpy(dtype=float)
    layers = [Layer(name="usual", colour=paler(SKY, 0.45), low=np.zeros(len(height)), high=height)]
    for name, colour in STEPS:
        factor = parts[name].to_numpy(dtype=float)
        before, height = height, height * factor
        if (np.abs(factor - 1) > LEAST_EFFECT).any():
            layers.append(Layer(name=name, colour=paler(colour, 0.6), low=before, high=height))
    return layers


def plot_parts(axes: Axes, parts: pd.DataFrame, *, timezone: str, say: Words) -> Axes:
    """Draw one stream's parts, with the mean as a line and the level dotted.

    Parameters
    ----------
    axes
        Where to draw.
    parts
        Rows of one stream as ``forecast_parts.csv``; hours that are not there (closed) stay empty.
        [consultations an hour, factors]
    timezone
        The shop's.
    say
        Messages of the reader's language.

    Returns
    -------
    Axes
        The axes given. Hours are counted in absolute time, so that a day has 25 where clocks go back.
    """
    starts = pd.DatetimeIndex(parts["start"]).tz_convert(zone(timezone))
    parts = parts.set_index(starts).sort_index()
    first, end = parts.index[0], parts.index[-1] + HOUR
    every = parts.reindex(pd.date_range(first, end, freq="h", inclusive="left"))
    edges = np.arange(len(every) + 1)
    layers = part_layers(every)
    for layer in layers:
        axes.stairs(
            layer.high,
            edges,
            baseline=layer.low,
            fill=True,
            color=layer.colour,
            label=say(f"chart.part_{layer.name}"),
        )
    axes.stairs(every["mean"], edges, baseline=None, color=INK, linewidth=1.2, label=say("chart.mean"))
    axes.stairs(
        every["level"],
        edges,
        baseline=None,
        color=GREY,
        linewidth=1.2,
        linestyle=":",
        label=say("chart.part_level"),
    )
    axes.set_ylim(0, axes.get_ylim()[1] * 1.2)  # room for the legend
    axes.set_ylabel(say("chart.consultations_an_hour"))
    axes.margins(x=0.005)
    if end - first <= SHORT:
        _label_hours(axes, first, end, say)
    else:
        _label_days(axes, first, end, timezone, say)
    axes.legend(loc="upper left", ncols=4)
    return axes


def _label_hours(axes: Axes, first: pd.Timestamp, end: pd.Timestamp, say: Words) -> None:
    """Name hours, with the date at the first and at midnight."""
    hours = pd.date_range(first, end, freq="h", inclusive="left")
    every = -(-len(hours) // MOST_LABELS)
    shown = range(0, len(hours), every)
    texts = []
    for number in shown:
        at = hours[number]
        is_new = number == 0 or at.hour < every
        texts.append(
            f"{at:%H:%M}" + (f"\n{say.short_day(at.date())} {say.weekday(at.date())}" if is_new else "")
        )
    axes.set_xticks(list(shown), texts, fontsize=8)


def _label_days(axes: Axes, first: pd.Timestamp, end: pd.Timestamp, timezone: str, say: Words) -> None:
    """Mark midnights and write date and weekday at noon."""
    days = pd.date_range(first.date(), (end - HOUR).date(), freq="D")
    midnights = [float((midnight(day.date(), timezone) - first) / HOUR) for day in days]
    every = -(-len(days) // MOST_LABELS)
    axes.set_xticks([at for at in midnights if at >= 0], [], minor=True)
    axes.set_xticks(
        [at + 12 for at in midnights[::every]],
        [f"{say.short_day(day.date())}\n{say.weekday(day.date())}" for day in days[::every]],
        fontsize=8,
    )
    axes.tick_params(axis="x", which="major", length=0)
    axes.tick_params(axis="x", which="minor", length=4)


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
