"""Picture of a forecast's parts: what each of them adds to the hours, one step upon the other.

Every command that forecasts draws it, so it is painted without matplotlib: loading that takes longer than the
forecast itself. All lines are level or upright, so that nothing is lost by it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from forecast.timegrid import midnight, zone
from reports.charts.canvas import Canvas
from reports.charts.colours import GREEN, GREY, INK, ORANGE, SKY, VERMILION, paler
from reports.words import Words

Floats = npt.NDArray[np.float64]

STEPS = (("calendar", GREY), ("holiday", GREEN), ("promotion", ORANGE), ("override", VERMILION))
LEAST_EFFECT = 0.005  # a part that changes no hour by more is not shown
HOUR = pd.Timedelta(hours=1)
MOST_DATES = 20
SHORT = pd.Timedelta(days=2)  # up to here hours are named instead of days
PAGE_COLOURS = 64  # as many as its letters need, for a third of the size


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


def draw_parts(parts: pd.DataFrame, *, title: str, timezone: str, say: Words) -> Image.Image:
    """Return the picture of one stream's parts, with the mean as a line and the level dotted.

    Parameters
    ----------
    parts
        Rows of one stream as ``forecast_parts.csv``; hours that are not there (closed) stay empty.
    title
        Above the picture.
    timezone
        The shop's.
    say
        Messages of the reader's language.
    """
    starts = pd.DatetimeIndex(parts["start"]).tz_convert(zone(timezone)).sort_values()
    parts = parts.set_index(pd.DatetimeIndex(parts["start"]).tz_convert(zone(timezone))).loc[starts]
    first, end = starts[0], starts[-1] + HOUR
    at = ((starts - first) / HOUR).to_numpy()
    layers = part_layers(parts)
    mean, level = parts["mean"].to_numpy(dtype=float), parts["level"].to_numpy(dtype=float)
    top = max(float(mean.max()), float(level.max()), *(float(layer.high.max()) for layer in layers))
    canvas = Canvas(hours=(end - first) / HOUR, top=top)
    canvas.grid(say("chart.consultations_an_hour"))
    for layer in layers:
        canvas.bars(at, layer.low, layer.high, layer.colour)
    canvas.dots(at, level, GREY)
    canvas.steps(at, mean, INK)
    is_short = end - first <= SHORT
    canvas.dates(list(_hours(first, end, say) if is_short else _days(first, end, timezone, say)))
    canvas.title(title)
    canvas.legend(
        [(say(f"chart.part_{layer.name}"), layer.colour, "bar") for layer in layers]
        + [(say("chart.mean"), INK, "line"), (say("chart.part_level"), GREY, "dots")]
    )
    return canvas.image


def _hours(first: pd.Timestamp, end: pd.Timestamp, say: Words) -> Iterator[tuple[float, str]]:
    """Yield each hour and its text, with the date at the first and at midnight."""
    hours = pd.date_range(first, end, freq="h", inclusive="left")
    every = -(-len(hours) // MOST_DATES)
    for number, at in enumerate(hours):
        date = f"\n{say.short_day(at.date())} {say.weekday(at.date())}"
        text = "" if number % every else f"{at:%H:%M}{date if number == 0 or at.hour < every else ''}"
        yield float(number), text


def _days(first: pd.Timestamp, end: pd.Timestamp, timezone: str, say: Words) -> Iterator[tuple[float, str]]:
    """Yield each midnight inside and the text for the day's noon, empty for days left out."""
    days = pd.date_range(first.date(), (end - HOUR).date(), freq="D")
    every = -(-len(days) // MOST_DATES)
    for number, day in enumerate(days):
        text = "" if number % every else f"{say.short_day(day.date())}\n{say.weekday(day.date())}"
        yield float((midnight(day.date(), timezone) - first) / HOUR), text


def png_uri(image: Image.Image) -> str:
    """Return a picture as the source of an HTML picture."""
    buffer = io.BytesIO()
    image.quantize(PAGE_COLOURS).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def write_part_pictures(
    parts: pd.DataFrame, folder: Path, *, titles: dict[str, str], timezone: str, say: Words
) -> list[Path]:
    """Write one PNG a stream, ``forecast_parts-1.png`` and so on in the order of `titles`."""
    written = []
    for number, (stream, title) in enumerate(titles.items(), start=1):
        own = parts[parts["stream"] == stream]
        picture = draw_parts(own, title=say("chart.parts_title", stream=title), timezone=timezone, say=say)
        written.append(folder / f"forecast_parts-{number}.png")
        picture.save(written[-1])
    return written
