"""Charts of supply against demand: people needed and on duty, gaps by day and hour, reply rate by hour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.ticker import FuncFormatter, MaxNLocator

from forecast.timegrid import clock_text
from reports.charts.colours import BLUE, GREEN, INK, PALE, SKY, VERMILION
from reports.charts.forecast import Promotion, label_days, shade_promotions
from reports.charts.style import wall_times
from reports.words import Words

SHORT_TO_SPARE = LinearSegmentedColormap.from_list(
    "short to spare", ["#B23A00", "#F3A583", "#FFFFFF", "#BBDCF0", "#2F7FB8"]
)


def plot_need_and_cover(
    axes: Axes, cover: pd.DataFrame, *, promotions: Sequence[Promotion], timezone: str, say: Words
) -> Axes:
    """Draw the people needed and on duty through the span; what is missing is filled.

    Parameters
    ----------
    axes
        Where to draw.
    cover
        One stream's rows, ``start, required, on_duty, gap`` [agents], one an interval.
    promotions
        Event, phase, start and end.
    timezone
        The shop's.
    say
        Messages of the reader's language.
    """
    at = wall_times(cover["start"], timezone)
    edges, steps = _as_steps(cover.set_index(at)[["required", "on_duty", "gap"]])
    shade_promotions(axes, promotions, edges[0], edges[-1], timezone)
    on_duty, required, gap = steps["on_duty"], steps["required"], steps["gap"]
    axes.fill_between(edges, on_duty, color=SKY, alpha=0.45, linewidth=0, label=say("chart.on_duty"))
    axes.plot(edges, required, color=INK, linewidth=1.0, label=say("chart.required"))
    axes.fill_between(
        edges,
        required - gap,
        required,
        where=gap > 0,
        color=VERMILION,
        linewidth=0,
        label=say("chart.short"),
    )
    most = float(cover[["required", "on_duty"]].max().max())
    axes.set_ylim(0, 1.15 * max(1.0, most))  # room for the legend
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel(say("chart.people"))
    axes.margins(x=0.005)
    label_days(axes, say, first=at.min(), last=at.max())
    axes.legend(loc="upper left", ncols=3)
    return axes


def _as_steps(values: pd.DataFrame) -> tuple[pd.DatetimeIndex, dict[str, npt.NDArray[np.float64]]]:
    """Return both edges of every interval and the values at them; closed hours are gaps."""
    step = values.index.to_series().diff().min()
    grid = pd.date_range(values.index.min(), values.index.max(), freq=step)
    filled = values.reindex(grid)
    edges = pd.DatetimeIndex(np.column_stack([grid, grid + step]).ravel())
    return edges, {
        name: np.repeat(filled[name].to_numpy(dtype=float), 2) for name in ("required", "on_duty", "gap")
    }


def gap_table(cover: pd.DataFrame) -> pd.DataFrame:
    """Return people beyond need (negative: missing), a row a day, a column a minute of the day."""
    spare = cover.assign(spare=cover["on_duty"] - cover["required"])
    return spare.pivot_table(index="date", columns="minute", values="spare", aggfunc="sum")


def plot_gaps(axes: Axes, cover: pd.DataFrame, *, window: tuple[int, int], say: Words) -> Axes:
    """Draw the heat map of people short and to spare, a row a day and a column an interval.

    Parameters
    ----------
    axes
        Where to draw.
    cover
        One stream's rows, ``date, minute, required, on_duty``.
    window
        Start and end of the rule's window [min since midnight], marked by dashed lines.
    say
        Messages of the reader's language.
    """
    table = gap_table(cover)
    minutes = [int(minute) for minute in table.columns]
    values = table.to_numpy(dtype=float)
    worst = max(3.0, float(np.nanmax(np.abs(values)))) if values.size else 3.0
    axes.imshow(
        np.ma.masked_invalid(values),
        aspect="auto",
        cmap=SHORT_TO_SPARE,
        norm=TwoSlopeNorm(vcenter=0, vmin=-worst, vmax=worst),
    )
    for row, column in zip(*np.nonzero(values < 0), strict=True):
        missing = values[row, column]
        dark = missing < -0.7 * worst
        axes.text(
            column,
            row,
            f"{-missing:.0f}",
            ha="center",
            va="center",
            fontsize=7,
            color="white" if dark else INK,
        )
    step = minutes[1] - minutes[0] if len(minutes) > 1 else 60
    for edge in window:
        if minutes and minutes[0] < edge <= minutes[-1]:
            axes.axvline((edge - minutes[0]) / step - 0.5, color=INK, linewidth=0.9, linestyle="--")
    hours = [i for i, minute in enumerate(minutes) if minute % 60 == 0]
    axes.set_xticks([i - 0.5 for i in hours], [clock_text(minutes[i])[:2] for i in hours], fontsize=8)
    axes.set_yticks(range(len(table)), [say.day(day) for day in table.index], fontsize=8)
    axes.set_xlabel(say("chart.hour"))
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    return axes


def plot_reply_rate(
    axes: Axes, hours: pd.DataFrame, *, target: float, window: tuple[int, int], metric: str, say: Words
) -> Axes:
    """Draw what the model promised and the simulator found by hour of the day.

    Parameters
    ----------
    axes
        Where to draw.
    hours
        One row an hour of the day: ``hour, promised, simulated, low, high``; shares, or mean seconds.
    target
        The stream's target, in the metric's unit.
    window
        Start and end of the rule's window [min since midnight]; hours outside it are shaded.
    metric
        ``share`` or ``mean_seconds``.
    say
        Messages of the reader's language.
    """
    middle = hours["hour"] + 0.5
    axes.fill_between(
        middle,
        hours["low"],
        hours["high"],
        color=GREEN,
        alpha=0.16,
        linewidth=0,
        label=say("chart.worst_to_best_day"),
    )
    axes.plot(middle, hours["promised"], color=BLUE, marker="o", markersize=4, label=say("chart.promised"))
    axes.plot(
        middle,
        hours["simulated"],
        color=GREEN,
        marker="s",
        markersize=4,
        linestyle="--",
        label=say("chart.simulated"),
    )
    axes.axhline(
        target,
        color=VERMILION,
        linewidth=1.2,
        linestyle=":",
        label=say("chart.target", share=say.share(target, metric, 0)),
    )
    first, last = float(hours["hour"].min()), float(hours["hour"].max()) + 1
    for start, end in ((first, window[0] / 60), (window[1] / 60, last)):
        if start < end:
            axes.axvspan(start, min(end, last), color=PALE, linewidth=0, zorder=0)
            axes.text(
                (start + min(end, last)) / 2,
                0.03,
                say("chart.outside"),
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=8,
                color=INK,
                rotation=90,
            )
    axes.set_xlim(first, last)
    axes.set_xticks(np.arange(first, last + 1), [f"{int(hour):02d}" for hour in np.arange(first, last + 1)])
    if metric == "share":
        axes.set_ylim(0, 1.02)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))
    else:
        axes.set_ylim(bottom=0)
    axes.set_ylabel(say("chart.on_time") if metric == "share" else say("chart.mean_seconds"))
    axes.set_xlabel(say("chart.hour"))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=4)
    return axes
