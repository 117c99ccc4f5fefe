"""The workbook promo.xlsx: people needed hour by hour, plan B, reserves, training; to hand out and filter."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.cells import cell_len

from reports import findings, promotion
from reports.workbook_style import SHORT_FILL, SHORT_INK, Book, new_book, set_widths, write_cell, write_table

if TYPE_CHECKING:
    from reports.grids import Grid
    from scheduling.promotion.plan import Promotion

FIGURES = ("offered", "p90", "need_low", "need_mid", "need_high", "required", "on_duty", "gap")
HEADS = ("stream", "date", "hour", *FIGURES[:-1], "short", "on_time", "call")
FIRST_FIGURE, GAP, RATE = 3, 10, 11  # columns
CALLED_SHOWN = 6
WIDEST, LEAST_FIGURE, NOTE_WIDTH = 60, 10, 110  # of a column, in characters


def write_promotion_workbook(found: Promotion, path: Path, lang: str) -> None:
    """Write an event's staffing as a workbook, a sheet for each of its tables.

    Parameters
    ----------
    found
        A promotion with its plan.
    path
        The ``.xlsx`` file.
    lang
        zh or en.
    """
    with new_book(path, "workbook.sheet_promo_need", lang) as book:
        say = book.say
        _write_answer(found, book)
        _write_need(found, book)
        for name, grid in (
            ("contingency", promotion.contingency_grid(found, say, found.contingency)),
            ("levers", promotion.lever_grid(found, say)),
            ("reserves", promotion.reserve_grid(found, say)),
            ("training", promotion.training_grid(found, say)),
            ("aftersale", promotion.aftersale_grid(found, say)),
        ):
            _write_grid(grid, f"promo_{name}", book)


def _write_answer(found: Promotion, book: Book) -> None:
    """Write the answer in sentences, and what each sheet holds."""
    say = book.say
    sheet = book.sheet("notes", has_head=False)
    texts = [
        ("workbook.span", promotion.span_text(found, say)),
        ("workbook.verdict", promotion.headline(found, say)),
    ]
    if way := promotion.way_text(found, say):
        texts.append(("workbook.sheet_promo_levers", way))
    texts += [
        (f"workbook.sheet_promo_{name}", say(f"promo.{name}_text"))
        for name in ("contingency", "levers", "reserves", "training")
    ]
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, NOTE_WIDTH)
    for at, (head, text) in enumerate(texts):
        sheet.write_string(at, 0, say(head), book.format(bold=True, valign="top"))
        sheet.write_string(at, 1, text, book.format(text_wrap=True, valign="top"))
        sheet.set_row(at, 16 * (1 + cell_len(text) // NOTE_WIDTH))


def _write_need(found: Promotion, book: Book) -> None:
    """Write need with its band, people on duty, what is missing and whom to call, one row an hour."""
    say = book.say
    sheet = book.sheet("promo_need")
    heads = [say(f"promo.{name}") for name in HEADS]
    write_table(book, sheet, heads, [], figures=range(FIRST_FIGURE - 1, RATE + 1))
    sheet.write_string(0, RATE + 1, heads[-1], book.format(bold=True, bottom=2, indent=1))
    called = _called(found, book)
    at_right = book.format(align="right")
    short: Any = book.format(num_format="0.#", bg_color=SHORT_FILL)
    rows: list[Any] = found.need.to_dict("records")
    for at, row in enumerate(rows, start=1):
        date = row["start"].date()
        sheet.write_string(at, 0, findings.stream_label(found.plan, row["stream"], say), book.format())
        sheet.write_string(at, 1, say.day(date), book.format())
        sheet.write_string(at, 2, f"{row['start']:%H:%M}", at_right)
        for column, name in enumerate(FIGURES, start=FIRST_FIGURE):
            write_cell(book, sheet, at, column, _plain(row.get(name)), num_format="0.#")
        metric = found.plan.settings.demand.rule(row["stream"]).metric
        write_cell(
            book, sheet, at, RATE, float(row["on_time"]), num_format="0.0%" if metric == "share" else "0.0"
        )
        if row["gap"] > 0:
            sheet.write_number(at, GAP, float(row["gap"]), short)
            sheet.write_string(at, RATE + 1, called.get(date, ""), book.format(indent=1))
    total = len(rows) + 1
    bold = book.format(bold=True, top=2, num_format="0.#", font_color=SHORT_INK)
    sheet.write_string(total, 0, say("promo.total"), book.format(bold=True, top=2))
    sheet.write_formula(
        total, GAP, f"=SUBTOTAL(109,K2:K{total})", bold, float(found.need["gap"].sum())
    )  # of the rows that a filter leaves
    sheet.autofilter(0, 0, max(len(rows), 1), len(HEADS) - 1)
    sheet.freeze_panes(1, 3)
    figures = dict.fromkeys(range(FIRST_FIGURE, RATE + 1), LEAST_FIGURE)
    set_widths(sheet, {0: 14, 1: 13, 2: 8, **figures, RATE + 1: 40}, heads)


def _called(found: Promotion, book: Book) -> Mapping[Any, str]:
    """Return by day the reserves to call first."""
    gap = book.say("format.list_gap")
    return {
        date: gap.join(rows["employee"].astype(str).head(CALLED_SHOWN))
        + ("…" if len(rows) > CALLED_SHOWN else "")
        for date, rows in found.reserves.groupby("date")
    }


def _plain(value: Any) -> object:
    return None if value is None or pd.isna(value) else float(value)


def _write_grid(grid: Grid, name: str, book: Book) -> None:
    """Write a table of texts; figures stand to the right."""
    sheet = book.sheet(name)
    write_table(book, sheet, grid.head, [])
    for column, head in enumerate(grid.head):
        is_words = column in grid.words
        place = {"align": "left" if is_words else "right", "indent": int(is_words and column > 0)}
        sheet.write_string(0, column, head, book.format(bold=True, bottom=2, text_wrap=True, **place))
        look = book.format(text_wrap=is_words, valign="top", **place)
        for at, row in enumerate(grid.rows, start=1):
            sheet.write_string(at, column, row[column], look)
    widest = {
        column: min(WIDEST, 3.0 + max((cell_len(row[column]) for row in grid.rows), default=8))
        for column in range(len(grid.head))
    }
    sheet.freeze_panes(1, 1)
    set_widths(sheet, widest, grid.head)
