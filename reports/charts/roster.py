"""Chart of a roster: a row a person, a column a day, a colour a form of shift."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from reports.charts.colours import FORM_COLOURS, INK, PALE, PROMOTION
from reports.words import Words

WEEKEND = "#eef1f4"


def plot_roster(
    axes: Axes,
    roster: pd.DataFrame,
    *,
    people: Sequence[str],
    days: Sequence[dt.date],
    forms: Mapping[str, str],
    codes: Mapping[tuple[str, int], str],
    promotion_days: Sequence[dt.date],
    say: Words,
) -> Axes:
    """Draw who works which duty.

    Parameters
    ----------
    axes
        Where to draw.
    roster
        One row a duty: ``employee, date, template, begin`` (``begin`` in minutes since midnight).
    people, days
        Rows and columns, in order.
    forms
        Form of each template: early, late or half.
    codes
        Short code of each template and start [min since midnight].
    promotion_days
        Days whose column is shaded.
    say
        Messages of the reader's language.
    """
    row_of = {name: row for row, name in enumerate(people)}
    column_of = {day: column for column, day in enumerate(days)}
    for day, column in column_of.items():
        if day in promotion_days or day.weekday() >= 5:
            shade = PROMOTION if day in promotion_days else WEEKEND
            axes.axvspan(column - 0.5, column + 0.5, color=shade, linewidth=0, zorder=0)
    for employee, day, template, begin in zip(
        roster["employee"], roster["date"], roster["template"], roster["begin"], strict=True
    ):
        column, row = column_of[day], row_of[employee]
        colour = FORM_COLOURS.get(forms.get(template, ""), PALE)
        axes.add_patch(
            Rectangle((column - 0.47, row - 0.44), 0.94, 0.88, facecolor=colour, edgecolor="white")
        )
        code = codes.get((template, begin), template)
        axes.text(column, row, code, ha="center", va="center", fontsize=8, color=INK)
    axes.set_xlim(-0.5, len(days) - 0.5)
    axes.set_ylim(len(people) - 0.5, -0.5)
    axes.set_xticks(
        range(len(days)), [f"{say.short_day(day)}\n{say.weekday(day)}" for day in days], fontsize=8
    )
    axes.set_yticks(range(len(people)), list(people), fontsize=8)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    used = sorted({forms.get(str(name), "") for name in roster["template"]} & set(FORM_COLOURS))
    axes.legend(
        handles=[Patch(facecolor=FORM_COLOURS[form], label=say(f"names.form_{form}")) for form in used],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.005),
        ncols=3,
    )
    return axes
