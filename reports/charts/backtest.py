"""How well each model would have forecast the past."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from reports.charts.style import BLUE, GREY, VERMILION, house_style
from reports.findings import shop_order, stream_name
from reports.notes import model_words
from reports.words import Words

if TYPE_CHECKING:
    from forecast.config import ShopSettings

PNG_DPI = 150


def write_backtest_picture(table: pd.DataFrame, path: Path, settings: ShopSettings, say: Words) -> None:
    """Write the errors of every model as PNG, one panel a stream.

    Parameters
    ----------
    table
        ``backtest.csv``: `stream, model, origin, wape, ...`.
    path
        The picture.
    settings, say
        For the streams' names.
    """
    streams = shop_order(table["stream"], settings)
    models = table["model"].nunique()
    with house_style():
        figure = Figure(figsize=(8.0, len(streams) * (0.34 * models + 1.0) + 0.4), layout="constrained")
        panels = figure.subplots(len(streams), 1, squeeze=False)[:, 0]
        for axes, stream in zip(panels, streams, strict=True):
            plot_backtest(axes, table[table["stream"] == stream], say=say)
            axes.set_title(stream_name(settings, stream, say), loc="left")
        figure.suptitle(say("stage.backtest_title"), x=0.01, ha="left")
        figure.savefig(path, dpi=PNG_DPI, metadata={"Software": None})


def plot_backtest(axes: Axes, table: pd.DataFrame, *, say: Words) -> Axes:
    """Draw one stream's WAPE per model: a dot an origin, a bar at the mean; the best model stands out."""
    means = table.groupby("model")["wape"].mean().sort_values(ascending=False)
    for place, (model, mean) in enumerate(means.items()):
        best = place == len(means) - 1
        axes.barh(place, mean, height=0.55, color=BLUE if best else GREY, alpha=0.9 if best else 0.45)
        each = table.loc[table["model"] == model, "wape"]
        axes.plot(each, [place] * len(each), linestyle="", marker="o", markersize=3.5, color=VERMILION)
    axes.set_yticks(range(len(means)), [model_words(str(model), say) for model in means.index])
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    return axes
