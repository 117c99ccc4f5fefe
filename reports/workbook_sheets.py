"""The workbook's other sheets: figures by interval, fairness, notes, DingTalk import, parameters, duties."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.cells import cell_len
from xlsxwriter.utility import xl_range, xl_range_abs

from forecast.timegrid import clock_text
from reports import findings, grids
from reports.readable_names import rule_name
from reports.roster_grid import plan_codes
from reports.shift_codes import begin_minutes, end_minutes
from reports.workbook_style import (
    SHORT_FILL,
    SHORT_INK,
    Book,
    form_name,
    set_widths,
    write_cell,
    write_table,
)

if TYPE_CHECKING:
    from scheduling.pipeline import Plan

DUTY_COLUMNS = (
    "name",
    "date",
    "template",
    "stream",
    "start",
    "end",
    "breaks",
    "paid_hours",
    "cost",
    "meetings",
)
CODE_COLUMN = 3  # of the table of codes on the sheet of parameters
NOTE_WIDTH = 90  # columns of text that a line of the notes holds


def write_hours_sheet(plan: Plan, book: Book) -> None:
    """Write need, people scheduled, gap and reply rates, one row an interval."""
    say = book.say
    sheet = book.sheet("hours")
    heads = [
        "stream",
        "date",
        "weekday",
        "interval",
        "offered",
        "required",
        "scheduled",
        "gap",
        "assessed",
        "expected",
        "simulated",
        "promotion",
    ]
    write_table(book, sheet, [say(f"workbook.{name}") for name in heads], [], figures=(4, 5, 6, 7, 9, 10))
    sheet.write_string(0, 8, say("workbook.assessed"), book.format(bold=True, bottom=2, align="center"))
    sheet.write_string(0, 11, say("workbook.promotion"), book.format(bold=True, bottom=2, indent=1))
    cover = findings.local_cover(plan)
    judged = findings.local_cover(plan, simulated=True).set_index(["stream", "start"])["on_time"]
    labels = {stream: findings.stream_label(plan, stream, say) for stream in findings.stream_ids(plan)}
    promotions = {
        day: say("format.list_gap").join(findings.promotions_on(plan, day)) for day in findings.dates(plan)
    }
    yes, no = say("format.yes"), say("format.no")
    step = plan.settings.demand.shop.interval_min
    order = cover["stream"].map({name: i for i, name in enumerate(labels)})
    rows = cover.assign(order=order).sort_values(["order", "start"]).to_dict("records")
    date_format = book.format(num_format="yyyy-mm-dd", align="left")
    for at, row in enumerate(rows, start=1):
        percent = _rate_format(plan, row["stream"])
        sheet.write_string(at, 0, labels[row["stream"]], book.format())
        sheet.write_datetime(at, 1, _midnight(row["date"]), date_format)
        sheet.write_string(at, 2, say.weekday(row["date"]), book.format())
        sheet.write_string(
            at, 3, f"{clock_text(row['minute'])}–{clock_text(row['minute'] + step)}", book.format()
        )
        write_cell(book, sheet, at, 4, float(row["offered"]), num_format="0.0")
        write_cell(book, sheet, at, 5, float(row["required"]), num_format="0.##")
        write_cell(book, sheet, at, 6, float(row["on_duty"]), num_format="0.##")
        formula = f'=IF(I{at + 1}="{yes}",MAX(0,F{at + 1}-G{at + 1}),0)'
        sheet.write_formula(at, 7, formula, book.format(num_format="0.##"), float(row["gap"]))
        sheet.write_string(at, 8, yes if row["in_window"] else no, book.format(align="center"))
        write_cell(book, sheet, at, 9, float(row["on_time"]), num_format=percent)
        write_cell(
            book,
            sheet,
            at,
            10,
            float(judged.get((row["stream"], row["start"]), float("nan"))),
            num_format=percent,
        )
        sheet.write_string(at, 11, promotions.get(row["date"], ""), book.format(indent=1))
    last = max(len(rows), 1)
    sheet.conditional_format(
        1,
        7,
        last,
        7,
        {"type": "cell", "criteria": ">", "value": 0, "format": book.format(bg_color=SHORT_FILL)},
    )
    _colour_rates(plan, rows, sheet, book)
    sheet.autofilter(0, 0, last, len(heads) - 1)
    sheet.freeze_panes(1, 4)
    names = [say(f"workbook.{name}") for name in heads]
    widest = max(map(cell_len, labels.values()), default=0) + 2
    set_widths(sheet, {0: max(12, widest), 1: 11, 2: 6, 3: 13, 4: 11, 9: 11, 10: 11, 11: 16}, names)


def _colour_rates(plan: Plan, rows: list[dict[Any, Any]], sheet: Any, book: Book) -> None:
    """Colour the rates of each stream that miss its target, for as long as the rows belong to it."""
    first = 1
    for stream in dict.fromkeys(row["stream"] for row in rows):
        last = first + sum(row["stream"] == stream for row in rows) - 1
        demand = plan.settings.demand
        late = demand.rule(stream).metric == "share"
        sheet.conditional_format(
            first,
            9,
            last,
            10,
            {
                "type": "cell",
                "criteria": "<" if late else ">",
                "value": demand.target(stream),
                "format": book.format(font_color=SHORT_INK),
            },
        )
        first = last + 1


def _rate_format(plan: Plan, stream: str) -> str:
    return "0.0%" if plan.settings.demand.rule(stream).metric == "share" else "0.0"


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day)


def write_shifts_sheet(plan: Plan, book: Book) -> None:
    """Write how many people work each shift on each day."""
    sheet = book.sheet("shifts")
    grid = grids.shift_plan_grid(plan, book.say)
    write_table(book, sheet, grid.head, [[row[0], *map(_as_number, row[1:])] for row in grid.rows])
    sheet.freeze_panes(1, 1)
    set_widths(sheet, {0: 42})


def _as_number(text: str) -> object:
    return int(text.replace(",", "")) if text.replace(",", "").isdigit() else text


def write_fairness_sheet(plan: Plan, book: Book) -> None:
    """Write each person's share of late duties, weekends and peaks; least, most and mean are formulas."""
    say = book.say
    sheet = book.sheet("fairness")
    table = None if plan.roster_result is None else plan.roster_result.fairness
    if table is None or table.empty:
        return
    heads = [say.either(f"names.fairness_{name}", str(name)) for name in table.columns]
    rows = [[_plain(cell) for cell in row] for row in table.itertuples(index=False)]
    numbers = [n for n, name in enumerate(table.columns) if pd.api.types.is_numeric_dtype(table[name])]
    write_table(book, sheet, heads, rows, figures=numbers)
    for offset, (label, function) in enumerate(
        (("least", "MIN"), ("most", "MAX"), ("mean", "AVERAGE")), start=1
    ):
        at = len(rows) + offset
        sheet.write_string(
            at, 0, say(f"workbook.{label}"), book.format(bold=True, top=2 if offset == 1 else 0)
        )
        for column, name in enumerate(table.columns):
            if column not in numbers:
                continue
            values = table[name]
            result = {"MIN": values.min(), "MAX": values.max(), "AVERAGE": values.mean()}[function]
            look = book.format(bold=True, num_format="0.##", top=2 if offset == 1 else 0)
            sheet.write_formula(
                at, column, f"={function}({xl_range(1, column, len(rows), column)})", look, float(result)
            )
    sheet.freeze_panes(1, 1)
    set_widths(sheet, dict.fromkeys(range(len(heads)), 11), heads)


def _plain(cell: Any) -> object:
    return cell.item() if hasattr(cell, "item") else cell


def write_notes_sheet(plan: Plan, book: Book) -> None:
    """Write what a reader must know: the verdict, how to edit, wishes refused, gaps, notes."""
    from reports.pages import headline  # the same sentence as at the top of the report

    say = book.say
    sheet = book.sheet("notes", has_head=False)
    wrapped = book.format(text_wrap=True, valign="top")
    at = 0
    texts = [("verdict", headline(plan, say))]
    if plan.synthetic:
        texts[0] = (
            "verdict",
            f"{say('format.synthetic_long')}{say('format.sentence_gap')}{headline(plan, say)}",
        )
    if plan.roster is not None:
        texts += [(name, say(f"workbook.{name}_text")) for name in ("how_to", "colours")]
    for name, text in texts:
        sheet.write_string(at, 0, say(f"workbook.{name}"), book.format(bold=True, valign="top"))
        sheet.merge_range(at, 1, at, 6, "", wrapped)
        sheet.write_string(at, 1, text, wrapped)
        sheet.set_row(at, 16 * (1 + cell_len(text) // NOTE_WIDTH))
        at += 1
    tables = [
        ("wishes", grids.wish_grid(plan, say)),
        ("gaps", grids.gap_grid(plan, findings.gaps(plan), say)),
    ]
    for name, grid in tables:
        if grid.rows:
            sheet.write_string(at + 1, 0, say(f"workbook.{name}"), book.format(bold=True, font_size=12))
            write_table(book, sheet, grid.head, grid.rows, first_row=at + 2)
            at += 3 + len(grid.rows)
    if plan.notes:
        sheet.write_string(at + 1, 0, say("workbook.notes"), book.format(bold=True, font_size=12))
        lines = findings.note_lines(plan.notes, plan.settings.demand, book.say)
        for offset, note in enumerate(lines, start=at + 2):
            sheet.write_string(offset, 0, note, book.format())
    set_widths(sheet, {0: 17, 1: 16, 2: 14, 3: 16, 4: 24, 5: 14, 6: 30})


def write_dingtalk_sheet(plan: Plan, roster: pd.DataFrame, book: Book) -> None:
    """Write one row a duty in DingTalk's import columns; the first row must be the header."""
    say = book.say
    sheet = book.sheet("dingtalk")
    names = ("name", "staff_number", "duty_date", "duty_shift")
    write_table(book, sheet, [say(f"workbook.{name}") for name in names], [])
    sheet.write_comment(0, 1, say("workbook.dingtalk_note"), {"author": ""})
    begins = begin_minutes(roster, findings.timezone(plan))
    several = {template.name for template in plan.settings.templates if len(template.starts) > 1}
    for at, (employee, day, template, begin) in enumerate(
        zip(roster["employee"], roster["date"], roster["template"], begins, strict=True), start=1
    ):
        shift = f"{template}{clock_text(begin)}" if template in several else template
        sheet.write_string(at, 0, employee, book.format())
        sheet.write_string(at, 2, f"{day:%Y-%m-%d}", book.format())
        sheet.write_string(at, 3, shift, book.format())
    sheet.freeze_panes(1, 0)
    set_widths(sheet, {0: 12, 1: 12, 2: 14, 3: 14}, [say(f"workbook.{name}") for name in names])


def write_settings_sheet(plan: Plan, book: Book) -> None:
    """Write rule, target, seed, versions and inputs; beside them the codes that formulas refer to."""
    say = book.say
    sheet = book.sheet("settings")
    write_table(book, sheet, [say("workbook.setting"), say("workbook.value")], _settings(plan, book))
    set_widths(sheet, {0: 30, 1: 44})
    if plan.roster is None:
        return
    codes = plan_codes(plan)
    heads = ("code", "template", "form", "start", "end", "paid_hours")
    sheet.set_column(CODE_COLUMN + 5, CODE_COLUMN + 5, 12)
    for column, name in enumerate(heads, start=CODE_COLUMN):
        right = {"align": "right"} if name == "paid_hours" else {}
        look = book.format(bold=True, bottom=2, text_wrap=True, **right)
        sheet.write_string(0, column, say(f"workbook.{name}"), look)
    for at, one in enumerate(codes, start=1):
        form = form_name(one.template.form, book)
        texts = (one.code, one.template.name, form, clock_text(one.begin), clock_text(one.end))
        for column, text in enumerate(texts, start=CODE_COLUMN):
            sheet.write_string(at, column, text, book.format())
        sheet.write_number(at, CODE_COLUMN + 5, one.template.paid_hours, book.format())
    rests = [(say("names.cell_off"), say("workbook.rest")), (say("names.cell_leave"), say("workbook.leave"))]
    for at, row in enumerate(rests, start=len(codes) + 1):
        for column, text in enumerate(row, start=CODE_COLUMN):
            sheet.write_string(at, column, text, book.format())
    quoted = f"'{say('workbook.sheet_settings')}'"
    for name, column, last in (
        ("shift_codes", CODE_COLUMN, len(codes)),
        ("shift_forms", CODE_COLUMN + 2, len(codes)),
        ("shift_hours", CODE_COLUMN + 5, len(codes)),
        ("shift_choices", CODE_COLUMN, len(codes) + len(rests)),
    ):
        book.file.define_name(name, f"={quoted}!{xl_range_abs(1, column, last, column)}")


def _settings(plan: Plan, book: Book) -> list[list[object]]:
    say = book.say
    days = findings.dates(plan)
    shop = plan.settings.demand.shop
    rows: list[list[object]] = [
        [say("workbook.shop"), shop.name],
        [say("workbook.timezone"), shop.timezone],
        [say("workbook.span"), say("format.span", first=f"{days[0]}", last=f"{days[-1]}")],
    ]
    for one in findings.verdicts(plan):
        label, metric = findings.stream_label(plan, one.stream, say), one.rule.metric
        rows += [
            [say("workbook.rule", stream=label), f"{one.rule.id} {rule_name(one.rule, say)}".strip()],
            [say("workbook.target", stream=label), say.share(one.target, metric)],
            [say("workbook.simulated_of", stream=label), say.share(one.simulated, metric)],
            [say("workbook.probability_of", stream=label), say.share(one.probability, decimals=0)],
        ]
    solver = plan.summary.get("solver") or {}
    if solver.get("status"):
        status = str(solver["status"])
        rows.append([say("workbook.status"), say.either(f"names.status_{status.upper()}", status)])
    rows.append([say("workbook.seed"), str(plan.seed)])
    for kind, table in (("version", "versions"), ("input", "inputs")):
        rows += [
            [say(f"workbook.{kind}", name=name), str(value)]
            for name, value in sorted((plan.summary.get(table) or {}).items())
        ]
    return rows


def write_duties_sheet(roster: pd.DataFrame, book: Book, timezone: str) -> None:
    """Write every duty, breaks and meetings too; reading back takes unedited duties from here."""
    sheet = book.sheet("duties")
    write_table(book, sheet, [book.say(f"workbook.{name}") for name in DUTY_COLUMNS], [], figures=(7, 8))
    sheet.write_string(0, 9, book.say("workbook.meetings"), book.format(bold=True, bottom=2, indent=1))
    begins, ends = begin_minutes(roster, timezone), end_minutes(roster, timezone)
    date_format = book.format(num_format="yyyy-mm-dd", align="left")
    for at, (row, begin, end) in enumerate(
        zip(roster.to_dict("records"), begins, ends, strict=True), start=1
    ):
        sheet.write_string(at, 0, row["employee"], book.format())
        sheet.write_datetime(at, 1, _midnight(row["date"]), date_format)
        texts = (row["template"], row["stream"], clock_text(begin), clock_text(end), row["breaks"])
        for column, text in enumerate(texts, start=2):
            sheet.write_string(at, column, text, book.format())
        sheet.write_number(at, 7, float(row["paid_hours"]), book.format())
        sheet.write_number(at, 8, float(row["cost"]), book.format())
        if isinstance(held := row.get("meetings"), str) and held:
            sheet.write_string(at, 9, held, book.format(indent=1))
    sheet.autofilter(0, 0, max(len(roster), 1), len(DUTY_COLUMNS) - 1)
    sheet.freeze_panes(1, 2)
    heads = [book.say(f"workbook.{name}") for name in DUTY_COLUMNS]
    set_widths(sheet, {0: 10, 1: 11, 2: 10, 3: 24, 6: 16}, heads)
