"""A plain surface for charts of level and upright lines over hours: axes, bars, steps, a legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from reports.charts.colours import FONT_FILE, GREY, INK, PALE

Floats = npt.NDArray[np.float64]
Entry = tuple[str, str, str]  # text, colour, and how it is drawn: bar, line or dots

WIDTH, HEIGHT = 1500, 540  # [pixel]
LEFT, RIGHT, TOP, BOTTOM = 110, 1490, 48, 484  # of the plot
LEGEND = 1.25  # heights of the tallest hour, so that the legend has room
MOST_LINES = 8  # of the grid
TEXT, SMALL, LARGE = 21, 17, 25
SWATCH, GAP = 38, 14


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return the font that ships with the program. [pixel]"""
    with resources.as_file(resources.files("reports.fonts").joinpath(FONT_FILE)) as path:
        return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def grid_step(top: float) -> float:
    """Return the distance of grid lines: 1, 2, 2.5 or 5 times a power of ten.

    Examples
    --------
    >>> grid_step(1480.0), grid_step(7.0)
    (200.0, 1.0)
    """
    rough = top / MOST_LINES
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * step for step in (1, 2, 2.5, 5, 10) if power * step >= rough)


class Canvas:
    """A chart in the making; heights are consultations an hour, places are hours from the left edge."""

    def __init__(self, *, hours: float, top: float) -> None:
        self.image = Image.new("RGB", (WIDTH, HEIGHT), "white")
        self._draw = ImageDraw.Draw(self.image)
        self._hours, self._top = hours, max(top, 1e-6) * LEGEND

    def _x(self, hour: float) -> int:
        return round(LEFT + 4 + (RIGHT - LEFT - 8) * hour / self._hours)

    def _y(self, height: float) -> int:
        return round(BOTTOM - (BOTTOM - TOP) * height / self._top)

    def _text(self, place: tuple[float, float], text: str, size: int, anchor: str) -> None:
        self._draw.text(place, text, fill=INK, font=font(size), anchor=anchor)

    def grid(self, label: str) -> None:
        """Draw level lines with their numbers, the left edge, and the upright label."""
        step = grid_step(self._top)
        for number in range(int(self._top / step) + 1):
            y = self._y(number * step)
            self._draw.line((LEFT, y, RIGHT, y), fill=PALE if number else GREY, width=2)
            self._text((LEFT - 10, y), f"{number * step:,.6g}", TEXT, "rm")
        self._draw.line((LEFT, TOP, LEFT, BOTTOM), fill=GREY, width=2)
        width = math.ceil(font(TEXT).getlength(label))
        upright = Image.new("RGB", (width, TEXT + 8), "white")
        ImageDraw.Draw(upright).text((0, 0), label, fill=INK, font=font(TEXT))
        self.image.paste(upright.rotate(90, expand=True), (4, (TOP + BOTTOM - width) // 2))

    def bars(self, at: Floats, low: Floats, high: Floats, colour: str) -> None:
        """Fill every hour between two heights, whichever is the higher."""
        for hour, one, other in zip(at.tolist(), low.tolist(), high.tolist(), strict=True):
            bottom, top = self._y(min(one, other)), self._y(max(one, other))
            if top < bottom:
                right = max(self._x(hour + 1) - 1, self._x(hour))
                self._draw.rectangle((self._x(hour), top, right, bottom - 1), fill=colour)

    def steps(self, at: Floats, height: Floats, colour: str) -> None:
        """Draw one line along the hours; it breaks where hours are left out."""
        for stretch in np.split(np.arange(len(at)), np.flatnonzero(np.diff(at) != 1) + 1):
            corners = [
                (self._x(at[position] + side), self._y(height[position]))
                for position in stretch
                for side in (0, 1)
            ]
            self._draw.line(corners, fill=colour, width=2)

    def dots(self, at: Floats, height: Floats, colour: str) -> None:
        """Draw a dotted line along the hours."""
        for x in range(LEFT + 4, RIGHT, 6):
            hour = (x - LEFT - 4) * self._hours / (RIGHT - LEFT - 8)
            position = int(np.searchsorted(at, hour, side="right")) - 1
            if position >= 0 and hour < at[position] + 1:
                y = self._y(float(height[position]))
                self._draw.rectangle((x, y - 1, x + 2, y + 1), fill=colour)

    def dates(self, days: Sequence[tuple[float, str]]) -> None:
        """Mark the midnights and write each day's text below the middle of its hours."""
        ends = [*(midnight for midnight, _ in days[1:]), self._hours]
        for (midnight, text), end in zip(days, ends, strict=True):
            if midnight >= 0:
                self._draw.line((self._x(midnight), BOTTOM, self._x(midnight), BOTTOM + 8), fill=INK, width=2)
            middle = self._x((max(midnight, 0.0) + end) / 2)
            for line, part in enumerate(text.split("\n")):
                self._text((middle, BOTTOM + 6 + line * 21), part, SMALL, "ma")

    def title(self, text: str) -> None:
        """Write the title."""
        self._text(((LEFT + RIGHT) / 2, 4), text, LARGE, "ma")

    def legend(self, entries: Sequence[Entry]) -> None:
        """Name every colour, in as many lines as it takes."""
        x, y = LEFT + 18, TOP + 14
        for text, colour, kind in entries:
            length = SWATCH + 14 + round(font(TEXT).getlength(text))
            if x + length > RIGHT and x > LEFT + 18:
                x, y = LEFT + 18, y + 30
            if kind == "bar":
                self._draw.rectangle((x, y - 7, x + SWATCH, y + 7), fill=colour)
            elif kind == "line":
                self._draw.line((x, y, x + SWATCH, y), fill=colour, width=2)
            else:
                for dot in range(x, x + SWATCH, 6):
                    self._draw.rectangle((dot, y - 1, dot + 2, y + 1), fill=colour)
            self._text((x + SWATCH + 12, y), text, TEXT, "lm")
            x += length + 2 * GAP
