"""One look for all charts: a font that has Chinese, and the house's colours.

Charts are matplotlib `Figure` objects made here; `pyplot` and its global state are never used.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.charts.colours import FONT_FILE, GREY, INK, PALE

SETTINGS: dict[Any, Any] = {
    "font.size": 10,
    "axes.unicode_minus": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": PALE,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "svg.fonttype": "path",  # the same letters on every machine
    "svg.hashsalt": "paiban",  # the same ids in every run
}


@cache
def font_family() -> str:
    """Register the font that ships with the program and return its family name."""
    with resources.as_file(resources.files("reports.fonts").joinpath(FONT_FILE)) as path:
        font_manager.fontManager.addfont(path)
        return font_manager.FontProperties(fname=str(path)).get_name()


@contextmanager
def house_style() -> Iterator[None]:
    """Apply the settings while figures are made and drawn."""
    # A list for font.family: only there does matplotlib fall back from one family to the next.
    with mpl.rc_context({**SETTINGS, "font.family": [font_family(), "DejaVu Sans"]}):
        yield


def new_figure(width: float = 10.0, height: float = 3.4) -> tuple[Figure, Axes]:
    """Return a figure [inch] and its only axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def svg_text(figure: Figure) -> str:
    """Return a figure as SVG; the same figure gives the same text."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def data_uri(svg: str) -> str:
    """Return an SVG as the source of an HTML picture."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")


def wall_times(starts: pd.Series, timezone: str) -> pd.Series:
    """Return instants as wall times without zone, as matplotlib draws them."""
    from forecast.timegrid import zone

    wall: pd.Series = starts.dt.tz_convert(zone(timezone)).dt.tz_localize(None)
    return wall
