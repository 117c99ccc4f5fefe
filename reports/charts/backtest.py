"""How well each model would have forecast the past."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from reports.charts.colours import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION
from reports.charts.style import house_style
from reports.findings import shop_order
from reports.notes import model_words
from reports.readable_names import stream_name
from reports.stage_tables import backtest_scores
from reports.words import Words

if TYPE_CHECKING:
    from forecast.config import ShopSettings
    from forecast.shop_backtest import ShopBacktest

PNG_DPI = 150
MARKS = (("wape_peak", "D", PURPLE), ("wape_promotion", "^", ORANGE), ("wape_holiday", "s", GREEN))


def write_backtest_picture(found: ShopBacktest, path: Path, settings: ShopSettings, say: Words) -> None:
    """Write the errors of every model as PNG, one panel a stream.

    Parameters
    ----------
    found
        Errors by origin, and pooled by kind of hour.
    path
        The picture.
    settings, say
        For the streams' names.
    """
    table, scores = found.table, backtest_scores(found)
    streams = shop_order(table["stream"], settings)
    models = table["model"].nunique()
    with house_style():
        figure = Figure(figsize=(8.0, len(streams) * (0.34 * models + 1.0) + 0.8), layout="constrained")
        panels = figure.subplots(len(streams), 1, squeeze=False)[:, 0]
        for axes, stream in zip(panels, streams, strict=True):
            of_stream = scores[scores["stream"] == stream].set_index("model")
            plot_backtest(axes, table[table["stream"] == stream], of_stream, say=say)
            axes.set_title(stream_name(settings, stream, say), loc="left")
        figure.suptitle(say("stage.backtest_title"), x=0.01, ha="left")
        marks = {
            label: mark
            for axes in panels
            for mark, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure.legend(marks.values(), marks.keys(), loc="outside lower left", ncols=4)
        figure.savefig(path, dpi=PNG_DPI, metadata={"Software": None})


def plot_backtest(axes: Axes, table: pd.DataFrame, scores: pd.DataFrame, *, say: Words) -> Axes:
    """Draw one stream's WAPE per model: a bar at the mean, a dot an origin, a mark a kind of hour.

    The best model stands out. `scores` are `reports.stage_tables.backtest_scores`, by model.
    """
    means = table.groupby("model")["wape"].mean().sort_values(ascending=False)
    for place, (model, mean) in enumerate(means.items()):
        best = place == len(means) - 1
        axes.barh(place, mean, height=0.55, color=BLUE if best else GREY, alpha=0.9 if best else 0.45)
        each = table.loc[table["model"] == model, "wape"]
        axes.plot(
            each, [place] * len(each), linestyle="", marker="o", markersize=3.5, color=VERMILION, zorder=4
        )
        axes.lines[-1].set_label("_" if place else say("stage.wape_origin"))
        for name, mark, colour in MARKS:
            value = float(scores[name].loc[str(model)])
            if not math.isnan(value):
                (drawn,) = axes.plot(value, place, mark, color=colour, markersize=8)
                drawn.set(markeredgecolor="white", label="_" if place else say(f"stage.{name}"))
    axes.set_yticks(range(len(means)), [model_words(str(model), say) for model in means.index])
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    return axes
