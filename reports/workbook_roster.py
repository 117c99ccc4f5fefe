"""The sheet 排班表: names and days, codes in the cells, totals that follow when cells are edited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name, xl_range

from reports import findings, grids
from reports.roster_grid import Row, day_shade, plan_codes, roster_rows
from reports.shift_codes import ShiftCode
from reports.workbook_style import FORM_FILLS, LINE, SHADES, SHORT_INK, Book, form_name

if TYPE_CHECKING:
    from scheduling.pipeline import Plan

HEADER_ROWS = 3  # title, dates, weekdays
NAME_COLUMNS = 2  # role, name


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where things stand on the sheet."""

    days: Sequence[dt.date]
    rows: Sequence[Row]
    codes: Sequence[ShiftCode]

    @property
    def weeks(self) -> dict[int, tuple[int, int]]:
        """First and last day column of each ISO week."""
        found: dict[int, tuple[int, int]] = {}
        for column, day in enumerate(self.days, start=NAME_COLUMNS):
            week = day.isocalendar().week
            found[week] = (found.get(week, (column, column))[0], column)
        return found

    @property
    def last_day(self) -> int:
        """Column of the last day."""
        return NAME_COLUMNS + len(self.days) - 1

    @property
    def last_row(self) -> int:
        """Row of the last person."""
        return HEADER_ROWS + len(self.rows) - 1

    def form_of(self, text: str) -> str:
        """Return the form of the duty a code stands for; empty for a day off."""
        return next((one.template.form for one in self.codes if one.code == text), "")


def write_roster_sheet(plan: Plan, roster: pd.DataFrame, book: Book) -> None:
    """Write the sheet people look at, print and edit."""
    layout = Layout(
        days=findings.dates(plan), rows=roster_rows(plan, roster, book.say), codes=plan_codes(plan)
    )
    sheet = book.sheet("roster")
    _write_head(plan, layout, sheet, book)
    _write_people(plan, layout, sheet, book)
    _write_totals(plan, layout, sheet, book)
    _write_footer(plan, layout, sheet, book)
    _add_editing(plan, layout, sheet, book)
    _add_comments(plan, layout, sheet, book)
    sheet.freeze_panes(HEADER_ROWS, NAME_COLUMNS)
    sheet.repeat_rows(0, HEADER_ROWS - 1)
    sheet.set_column(0, 0, 11)
    sheet.set_column(1, 1, 9)
    sheet.set_column(NAME_COLUMNS, layout.last_day, 6)
    sheet.set_column(layout.last_day + 1, layout.last_day + len(layout.weeks) + 3, 8)


def roster_title(plan: Plan, book: Book) -> str:
    """Return the title with the months the roster covers, and a mark on synthetic data."""
    days = findings.dates(plan)
    first, last = days[0], days[-1]
    same = (first.year, first.month) == (last.year, last.month)
    title = book.say(
        "workbook.title_month" if same else "workbook.title_months",
        year=first.year,
        month=first.month,
        last_year=last.year,
        last_month=last.month,
        shop=plan.settings.demand.shop.name,
    ).strip()
    return f"{title} [{book.say('format.synthetic')}]" if plan.synthetic else title


def _write_head(plan: Plan, layout: Layout, sheet: Any, book: Book) -> None:
    """Write title, dates and weekdays; dates are dates, shown as the day of the month."""
    say = book.say
    title_format = book.format(bold=True, font_size=14)
    sheet.write_string(0, 0, roster_title(plan, book), title_format)
    sheet.set_row(0, 24)
    for row, (first, second) in enumerate((("month", "date"), ("role", "weekday")), start=1):
        look = book.head if row == HEADER_ROWS - 1 else book.format(bold=True)
        sheet.write_string(row, 0, say(f"workbook.{first}"), look)
        sheet.write_string(row, 1, say(f"workbook.{second}"), look)
    for column, day in enumerate(layout.days, start=NAME_COLUMNS):
        shade = _fill(day_shade(plan, day))
        number = "m/d" if column == NAME_COLUMNS or day.day == 1 else "d"
        sheet.write_datetime(
            1,
            column,
            dt.datetime(day.year, day.month, day.day),
            book.format(bold=True, align="center", num_format=number, **shade),
        )
        ink = {"font_color": "#B23A00"} if day.weekday() >= 5 else {}
        sheet.write_string(
            2, column, say.weekday(day), book.format(bold=True, align="center", bottom=2, **shade, **ink)
        )
    heads = [
        say("workbook.week_hours") if len(layout.weeks) == 1 else say("workbook.week_hours_of", week=week)
        for week in layout.weeks
    ]
    heads += [say(f"workbook.{name}") for name in ("rest_due", "rest_taken", "late_count")]
    for column, name in enumerate(heads, start=layout.last_day + 1):
        sheet.merge_range(
            1, column, 2, column, name, book.format(bold=True, bottom=2, text_wrap=True, align="center")
        )


def _fill(shade: str) -> dict[str, str]:
    return {"bg_color": SHADES[shade]} if shade else {}


def _write_people(plan: Plan, layout: Layout, sheet: Any, book: Book) -> None:
    """Write roles in blocks, names and the codes of duties."""
    shades = [_fill(day_shade(plan, day)) for day in layout.days]
    role = book.format(bold=True, align="center", valign="top", bottom=1, bottom_color=LINE, text_wrap=True)
    first = HEADER_ROWS
    for group in dict.fromkeys(row.group for row in layout.rows):
        last = first + sum(row.group == group for row in layout.rows) - 1
        if last > first:
            sheet.merge_range(first, 0, last, 0, "", role)
        sheet.write_string(first, 0, group, role)
        first = last + 1
    for number, row in enumerate(layout.rows, start=HEADER_ROWS):
        sheet.write_string(number, 1, row.employee, book.format(bottom=1, bottom_color=LINE))
        for column, (cell, shade) in enumerate(zip(row.cells, shades, strict=True), start=NAME_COLUMNS):
            look = book.format(align="center", border=1, border_color=LINE, **shade)
            if cell.text:
                sheet.write_string(number, column, cell.text, look)
            else:
                sheet.write_blank(number, column, None, look)


def _write_totals(plan: Plan, layout: Layout, sheet: Any, book: Book) -> None:
    """Write each person's hours by week, rest days and late duties as formulas with their values."""
    rest_days = plan.settings.labour.rest_days_per_week
    due = int(rest_days.value * len(layout.days) / 7) if rest_days.mode != "off" else 0
    number = book.format(align="center", num_format="0.##")
    for at, row in enumerate(layout.rows, start=HEADER_ROWS):
        column = layout.last_day + 1
        for first, last in layout.weeks.values():
            hours = sum(cell.paid_hours for cell in row.cells[first - NAME_COLUMNS : last - NAME_COLUMNS + 1])
            formula = f"=SUMPRODUCT(COUNTIF({xl_range(at, first, at, last)},shift_codes)*shift_hours)"
            sheet.write_formula(at, column, formula, number, hours)
            column += 1
        days = xl_range(at, NAME_COLUMNS, at, layout.last_day)
        worked = sum(bool(cell.form) for cell in row.cells)
        late = sum(cell.form == "late" for cell in row.cells)
        sheet.write_number(at, column, due, number)
        sheet.write_formula(
            at,
            column + 1,
            f"=COLUMNS({days})-SUMPRODUCT(COUNTIF({days},shift_codes))",
            number,
            len(row.cells) - worked,
        )
        sheet.write_formula(
            at, column + 2, f"=SUMPRODUCT(COUNTIF({days},shift_codes){_of_form('late', book)})", number, late
        )


def _of_form(form: str, book: Book) -> str:
    """Return the factor that leaves the codes of one form in a formula."""
    return f'*(shift_forms="{form_name(form, book)}")'


def _write_footer(plan: Plan, layout: Layout, sheet: Any, book: Book) -> None:
    """Write how many work each form and in all, and the gap, below each day.

    The labels stand in the first column: a row without a name is no person when the sheet is read back.
    """
    say = book.say
    forms = [form for form in FORM_FILLS if any(one.template.form == form for one in layout.codes)]
    counts = [(say(f"names.form_{form}"), _of_form(form, book), {form}) for form in forms]
    counts.append((say("workbook.on_duty"), "", set(FORM_FILLS)))
    at = layout.last_row + 1
    for label, condition, wanted in counts:
        bold = not condition
        sheet.write_string(at, 0, label, book.format(bold=bold, top=2 if label == counts[0][0] else 0))
        for column in range(NAME_COLUMNS, layout.last_day + 1):
            cells = xl_range(HEADER_ROWS, column, layout.last_row, column)
            value = sum(row.cells[column - NAME_COLUMNS].form in wanted for row in layout.rows)
            look = book.format(bold=bold, align="center", top=2 if label == counts[0][0] else 0)
            sheet.write_formula(
                at, column, f"=SUMPRODUCT(COUNTIF({cells},shift_codes){condition})", look, value
            )
        at += 1
    short = findings.local_cover(plan).groupby("date")["gap"].sum() * findings.interval_hours(plan)
    sheet.write_string(at, 0, say("workbook.gap_hours"), book.format(font_color=SHORT_INK))
    for column, day in enumerate(layout.days, start=NAME_COLUMNS):
        look = book.format(align="center", num_format="0.#", font_color=SHORT_INK)
        sheet.write_number(at, column, float(short.get(day, 0.0)), look)


def _add_editing(plan: Plan, layout: Layout, sheet: Any, book: Book) -> None:
    """Add the list of shifts to every cell, and colours that follow the cell's code."""
    area = (HEADER_ROWS, NAME_COLUMNS, layout.last_row, layout.last_day)
    sheet.data_validation(
        *area,
        {
            "validate": "list",
            "source": "=shift_choices",
            "input_message": book.say("workbook.pick"),
            "error_type": "warning",
        },
    )
    corner = f"{xl_col_to_name(NAME_COLUMNS)}{HEADER_ROWS + 1}"
    for form, colour in FORM_FILLS.items():
        sheet.conditional_format(
            *area,
            {
                "type": "formula",
                "criteria": f'=COUNTIFS(shift_codes,{corner},shift_forms,"{form_name(form, book)}")>0',
                "format": book.format(bg_color=colour),
            },
        )
    most = {person.employee: person.max_hours_per_week for person in plan.employees}
    general = plan.settings.labour.week_limit
    for at, row in enumerate(layout.rows, start=HEADER_ROWS):
        limits = [most.get(row.employee)] + ([general.value] if general.mode != "off" else [])
        known = [limit for limit in limits if limit is not None]
        if known:
            first = layout.last_day + 1
            sheet.conditional_format(
                at,
                first,
                at,
                first + len(layout.weeks) - 1,
                {
                    "type": "cell",
                    "criteria": ">",
                    "value": min(known),
                    "format": book.format(font_color=SHORT_INK),
                },
            )
    taken = layout.last_day + len(layout.weeks) + 2
    due = xl_col_to_name(taken - 1)
    sheet.conditional_format(
        HEADER_ROWS,
        taken,
        layout.last_row,
        taken,
        {
            "type": "formula",
            "criteria": f"={xl_col_to_name(taken)}{HEADER_ROWS + 1}<{due}{HEADER_ROWS + 1}",
            "format": book.format(bg_color="#F3C583"),
        },
    )


def _add_comments(plan: Plan, layout: Layout, sheet: Any, book: Book) -> None:
    """Put a comment on each cell whose person had wished otherwise, or is in a meeting inside the duty."""
    say, names, days = book.say, [row.employee for row in layout.rows], list(layout.days)
    found: dict[tuple[str, dt.date], list[str]] = {}
    roster = plan.roster
    for duty in roster.to_dict("records") if roster is not None and "meetings" in roster else ():
        if isinstance(held := duty["meetings"], str) and held:
            found[duty["employee"], duty["date"]] = [say("workbook.in_meeting", times=held)]
    for wish in () if plan.roster_result is None else plan.roster_result.refused_wishes:
        wanted = f"{say.either(f'names.wish_{wish.kind}', wish.kind)} {wish.template or ''}".strip()
        text = say("workbook.refused", wish=wanted, reason=grids.wish_reason(plan, wish, say))
        found.setdefault((wish.employee, wish.date), []).append(text)
    for (name, date), lines in found.items():
        if name in names and date in days:
            sheet.write_comment(
                HEADER_ROWS + names.index(name),
                NAME_COLUMNS + days.index(date),
                "\n".join(lines),
                {"author": "", "x_scale": 1.5},
            )
