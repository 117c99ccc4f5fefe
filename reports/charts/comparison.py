"""Pictures of a comparison: scenarios against their target, cost against rate, worth by hour, tornado."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from reports.charts.colours import BLUE, GREEN, GREY, INK, ORANGE, SKY, VERMILION
from reports.charts.pictures import Picture
from reports.charts.style import data_uri, house_style, svg_text
from reports.charts.style import new_figure as figure_of
from reports.comparison import move_text, state_of, stream_name, worth_scale
from reports.comparison_tables import outcome_of
from reports.words import Words

if TYPE_CHECKING:
    from scheduling.scenarios.comparison import Comparison

STATE_COLOURS = {"met": GREEN, "certified": ORANGE, "unanswered": VERMILION, "missed": VERMILION}
LONGEST_NAME = 24
FINE_SHARE = 0.05  # span of an axis below which whole percent do not tell its ticks apart


def comparison_figures(found: Comparison, say: Words) -> dict[str, Figure]:
    """Return the pictures by kind; those without data are left out."""
    figures: dict[str, Figure] = {}
    done = [row for row in found.rows if row.is_done]
    if done:
        figures["scenarios"], axes = figure_of(height=1.2 + 0.34 * len(done))
        plot_scenarios(axes, found, say)
    if found.frontier:
        figures["frontier"], axes = figure_of(height=3.8)
        plot_frontier(axes, found, say)
    if found.tornado:
        figures["tornado"], axes = figure_of(height=1.0 + 0.32 * len(found.tornado))
        plot_tornado(axes, found, say)
    for number, stream in enumerate(dict.fromkeys(row["stream"] for row in found.worth)):
        rows = [row for row in found.worth if row["stream"] == stream]
        days = len({row["start"][:10] for row in rows})
        figures[f"worth-{number}"], axes = figure_of(height=1.2 + 0.26 * days)
        plot_worth(axes, rows, found, say, title=stream_name(found, stream, say))
    return figures


def comparison_pictures(found: Comparison, say: Words) -> dict[str, Picture]:
    """Return the pictures ready for a page."""
    with house_style():
        return {
            kind: Picture(kind=kind, alt=_alt(kind, found, say), source=data_uri(svg_text(figure)))
            for kind, figure in comparison_figures(found, say).items()
        }


def _alt(kind: str, found: Comparison, say: Words) -> str:
    if not kind.startswith("worth-"):
        return say(f"compare.alt_{kind}")
    streams = list(dict.fromkeys(row["stream"] for row in found.worth))
    return say("compare.alt_worth", stream=stream_name(found, streams[int(kind.split("-")[1])], say))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _percent(axes: Axes, which: str, metric: str, say: Words) -> None:
    """Say the shares on an axis, with as many decimals as tell its ticks apart."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    decimals = 0 if metric != "share" or high - low > FINE_SHARE else 1
    axis.set_major_formatter(FuncFormatter(lambda value, _: say.share(value, metric, decimals)))


def plot_scenarios(axes: Axes, found: Comparison, say: Words) -> Axes:
    """Draw each scenario's share on time with its interval, its target, and its cost at the side."""
    done = [row for row in found.rows if row.is_done]
    metric = outcome_of(done[0])["metric"]
    for place, row in enumerate(reversed(done)):
        seen = outcome_of(row)
        low, high = seen["on_time_ci"]
        colour = STATE_COLOURS[state_of(row)]
        axes.plot([low, high], [place, place], color=colour, linewidth=3, solid_capstyle="butt")
        axes.plot([seen["on_time"]], [place], "o", color=colour, markersize=7)
        for target in {stream["target"] for stream in seen["streams"].values()}:
            axes.plot([target, target], [place - 0.32, place + 0.32], color=INK, linewidth=1.4)
        axes.annotate(
            say.money(seen["cost"]),
            (1.01, place),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
            color=INK,
        )
    axes.annotate(
        say("compare.cost"),
        (1.01, len(done) - 0.45),
        xycoords=("axes fraction", "data"),
        va="bottom",
        fontsize=9,
        color=INK,
    )
    axes.set_yticks(range(len(done)), [_short(row.name) for row in reversed(done)])
    axes.set_ylim(-0.6, len(done) - 0.4)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    _percent(axes, "x", metric, say)
    axes.set_xlabel(say("compare.on_time"))
    return axes


def plot_frontier(axes: Axes, found: Comparison, say: Words) -> Axes:
    """Draw cost against rate: the frontier, the plan in force, and scenarios planned anew."""
    metric = outcome_of(found.rows[0]).get("metric", "share")
    points = pd.DataFrame(list(found.frontier))
    axes.fill_between(points["cost"], points["low"], points["high"], color=SKY, alpha=0.35, linewidth=0)
    axes.plot(
        points["cost"], points["on_time"], "-o", color=BLUE, markersize=4, label=say("compare.frontier_line")
    )
    base = outcome_of(found.rows[0])
    if base:
        axes.plot([base["cost"]], [base["on_time"]], "s", color=INK, label=say("compare.frontier_base"))
    planned: list[tuple[float, float, str]] = []
    for row in found.rows[1:]:
        anew: Any = outcome_of(row).get("anew")
        if anew and anew["metric"] == metric:
            axes.plot([anew["cost"]], [anew["on_time"]], "o", mfc="white", mec=GREY, markersize=6)
            planned.append((anew["cost"], anew["on_time"], _short(row.name)))
    for target in {stream["target"] for stream in base.get("streams", {}).values()}:
        axes.axhline(target, color=GREY, linewidth=1.0, linestyle="--")
    _label_points(axes, planned)
    _percent(axes, "y", metric, say)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: say.money(value)))
    axes.set_xlabel(say("compare.cost"))
    axes.legend(loc="best")
    return axes


def _label_points(axes: Axes, points: list[tuple[float, float, str]]) -> None:
    """Write each point's name beside it; names of points too near for that stand one below the other."""
    width, height = np.ptp(axes.get_xlim()) * 0.12, np.ptp(axes.get_ylim()) * 0.06
    groups: list[list[tuple[float, float, str]]] = []
    for point in sorted(points, key=lambda point: (-point[1], point[0])):
        near = (
            group
            for group in groups
            if abs(group[0][0] - point[0]) < width and group[-1][1] - point[1] < height
        )
        group = next(near, None)
        if group is None:
            groups.append([point])
        else:
            group.append(point)
    middle = np.mean(axes.get_xlim())
    for group in groups:
        costs = [cost for cost, _, _ in group]
        is_left = max(costs) < middle
        axes.annotate(
            "\n".join(name for _, _, name in group),
            (max(costs) if is_left else min(costs), group[0][1]),
            xytext=(6 if is_left else -6, 3),
            textcoords="offset points",
            fontsize=8,
            ha="left" if is_left else "right",
            va="top",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},  # legible on the line
        )


def plot_tornado(axes: Axes, found: Comparison, say: Words) -> Axes:
    """Draw how far the rate moves as each input moves down and up."""
    base = outcome_of(found.rows[0])
    metric, middle = base.get("metric", "share"), base.get("on_time", found.tornado[0]["on_time_low"])
    for place, row in enumerate(reversed(found.tornado)):
        ends = {side: float(row[f"on_time_{side}"]) for side in ("low", "high")}
        labels = {side: move_text(row["lever"], str(row[side]), say) for side in ends}
        near, far = sorted(ends, key=lambda side: abs(ends[side] - middle))
        if (ends[near] >= middle) == (ends[far] >= middle):  # both on one side: one label, or they overlap
            labels[far], labels[near] = f"{labels['low']} / {labels['high']}", ""
        for side, colour in (("low", SKY), ("high", ORANGE)):
            value = ends[side]
            axes.barh(place, value - middle, left=middle, color=colour, height=0.6)
            axes.annotate(
                labels[side],
                (value, place),
                xytext=(4 if value >= middle else -4, 0),
                textcoords="offset points",
                ha="left" if value >= middle else "right",
                va="center",
                fontsize=8,
            )
    names = [say(f"compare.key_{row['lever']}") for row in reversed(found.tornado)]
    axes.set_yticks(range(len(names)), names)
    axes.axvline(middle, color=INK, linewidth=1.0)
    axes.margins(x=0.12)
    axes.grid(visible=False, axis="y")
    _percent(axes, "x", metric, say)
    axes.set_xlabel(say("compare.simulated"))
    return axes


def plot_worth(axes: Axes, rows: list[dict[str, Any]], found: Comparison, say: Words, *, title: str) -> Axes:
    """Draw the worth of one more agent as days by hours, in points of the span's rate (or seconds)."""
    scale, gained = worth_scale(found)
    at = pd.DatetimeIndex([pd.Timestamp(row["start"]) for row in rows])
    frame = pd.DataFrame({"day": at.date, "hour": at.hour, "points": [scale * row["points"] for row in rows]})
    table = frame.pivot_table(index="day", columns="hour", values="points", aggfunc="sum")
    values = table.to_numpy(dtype=float)
    image = axes.imshow(np.maximum(values, 0), aspect="auto", cmap="Blues", vmin=0)
    axes.set_xticks(range(len(table.columns)), [f"{hour}" for hour in table.columns])
    axes.set_yticks(range(len(table.index)), [say.day(day) for day in table.index])
    axes.grid(visible=False)
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel(say("compare.hour"))
    figure = axes.get_figure()
    if figure is not None:
        bar = figure.colorbar(image, ax=axes, fraction=0.03, pad=0.01)
        bar.set_label(say(f"compare.{gained}"), fontsize=9)
    return axes
