"""Top-down demand: orders or visitors expected x consultations each brings, beside the forecast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.config import ShopSettings
from forecast.errors import Problem, nearest
from forecast.frames import raise_problems
from forecast.overrides import Override, cell_number
from forecast.tabular import parse_instants, read_table

COLUMNS = ("stream", "start", "end", "orders", "visitors", "consultation_rate", "apply", "note")
ANSWERS = {"": False, "no": False, "0": False, "否": False, "yes": True, "1": True, "是": True}
DAY = pd.Timedelta(days=1)
COMPLETE = 0.9  # of a past span's usual hours that must be known for a rate to be learnt from it


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Orders or visitors of ``[start, end)``, past ones to learn from or expected ones.

    Attributes
    ----------
    stream
        Whose consultations they bring; empty: the shop's only stream.
    start, end
        Aware instants.
    unit, count
        orders or visitors, and how many.
    rate
        Consultations each brings; None: learnt from past rows of the stream and unit.
    apply
        Whether the forecast is moved to it.
    row
        Row of ``traffic.csv``.
    """

    stream: str
    start: pd.Timestamp
    end: pd.Timestamp
    unit: str
    count: float
    rate: float | None = None
    apply: bool = False
    row: int = 0


def read_traffic(path: Path, settings: ShopSettings, *, streams: Iterable[str] = ()) -> tuple[Traffic, ...]:
    """Read expected and past orders or visitors; a missing file holds none.

    Parameters
    ----------
    path
        CSV or Excel with the columns `stream, start, end`, `orders` or `visitors`, and optionally
        `consultation_rate, apply, note`. Times are local; a date alone is its midnight.
    settings
        The shop's.
    streams
        Streams of a shop whose settings name none.

    Raises
    ------
    DataError
        With every problem by row and column.
    """
    if not path.is_file():
        return ()
    table = read_table(path)
    header = [str(name) for name in table.columns]
    needed = ", ".join(COLUMNS)
    problems = [
        Problem(
            file=path.name,
            row=1,
            column=name,
            message=f"the column is missing; a traffic table needs {needed}",
        )
        for name in ("start", "end")
        if name not in header
    ]
    problems += [
        Problem(
            file=path.name, row=1, column=name, message=f"this column is not known{nearest(name, COLUMNS)}"
        )
        for name in header
        if name and name not in COLUMNS
    ]
    raise_problems(problems)
    if table.empty:
        return ()
    table = table.assign(**{name: "" for name in COLUMNS if name not in header})
    times = {name: parse_instants(table[name], settings.shop.timezone) for name in ("start", "end")}
    known = [stream.id for stream in settings.streams] or sorted(streams)
    found = []
    for position in range(len(table)):
        one = _row(
            table.iloc[position], path.name, int(table.index[position]), times, position, known, problems
        )
        found += [] if one is None else [one]
    raise_problems(problems)
    return tuple(found)


def _row(
    cells: pd.Series,
    source: str,
    row: int,
    times: dict[str, pd.Series],
    position: int,
    known: Sequence[str],
    problems: list[Problem],
) -> Traffic | None:
    """Return what a row says, or None and its complaints in `problems`."""
    before = len(problems)

    def complain(column: str, message: str) -> None:
        problems.append(Problem(file=source, row=row, column=column, message=message))

    stream = str(cells["stream"])
    if stream and known and stream not in known:
        complain("stream", f"shop.toml has no [[stream]] {stream!r}{nearest(stream, known)}")
    if not stream and len(known) > 1:
        complain("stream", f"name the stream whose consultations these bring: {', '.join(known)}")
    start, end = (times[name].iloc[position] for name in ("start", "end"))
    for name, moment in (("start", start), ("end", end)):
        if pd.isna(moment):
            complain(name, f"{cells[name]!r} is not a time; write it as 2026-11-11 20:00")
    if pd.notna(start) and pd.notna(end) and not start < end:
        complain("end", f"the end must come after the start, got {cells['start']} to {cells['end']}")
    counts = {name: cell_number(name, str(cells[name]), complain) for name in ("orders", "visitors")}
    rate = cell_number("consultation_rate", str(cells["consultation_rate"]), complain)
    if bool(cells["orders"]) == bool(cells["visitors"]):
        complain("orders", "a row needs either orders or visitors; fill in one of the two")
    answer = str(cells["apply"]).lower()
    if answer not in ANSWERS:
        complain("apply", f"{answer!r} is neither yes nor no")
    if len(problems) > before:
        return None
    unit = "orders" if counts["orders"] is not None else "visitors"
    return Traffic(
        stream=stream or (known[0] if known else ""),
        start=start,
        end=end,
        unit=unit,
        count=counts[unit] or 0.0,
        rate=rate,
        apply=ANSWERS[answer],
        row=row,
    )


def learnt_rate(one: Traffic, traffic: Sequence[Traffic], history: pd.DataFrame) -> tuple[float, int]:
    """Return the consultations that each order or visitor brought in past rows, and how many rows that are.

    Parameters
    ----------
    one
        The row that has no rate.
    traffic
        All rows; those of the same stream and unit whose hours are (nearly all) known teach.
    history
        `stream, start, offered`.

    Returns
    -------
    tuple
        Σ consultations / Σ orders or visitors, NaN where nothing teaches; and the number of rows.
    """
    own = history[history["stream"] == one.stream]
    if own.empty:
        return float("nan"), 0
    usual = len(own) / max(1.0, (own["start"].max() - own["start"].min()) / DAY)  # hours a day
    came, units, rows = 0.0, 0.0, 0
    for past in traffic:
        inside = own[(own["start"] >= past.start) & (own["start"] < past.end)]
        is_whole = (
            len(inside) >= COMPLETE * usual * np.floor((past.end - past.start) / DAY) and len(inside) > 0
        )
        ended = past.end <= (own["start"].max() + DAY).normalize()
        if (past.stream, past.unit) == (one.stream, one.unit) and past.count > 0 and is_whole and ended:
            came, units, rows = came + float(inside["offered"].sum()), units + past.count, rows + 1
    return (came / units if units > 0 else float("nan")), rows


def compare_traffic(
    table: pd.DataFrame, traffic: Sequence[Traffic], history: pd.DataFrame
) -> tuple[dict[str, list[str]], list[Override]]:
    """Hold the forecast against orders or visitors times rate, span by span.

    Parameters
    ----------
    table
        As ``forecast.csv``, hourly.
    traffic
        Expected and past rows.
    history
        What came before the forecast: `stream, start, offered`.

    Returns
    -------
    tuple
        By stream, one note a span with both totals and their difference; and factors on the forecast where
        the shop says `apply`.
    """
    notes: dict[str, list[str]] = {}
    factors = []
    for one in traffic:
        own = table[table["stream"] == one.stream]
        starts = pd.DatetimeIndex(own["start"])
        probe = Override(stream=one.stream, start=one.start, end=one.end, factor=1.0, row=one.row)
        said = float((own["mean"].to_numpy() * probe.share_of(starts)).sum()) if len(own) else 0.0
        if said <= 0:
            continue
        rate, rows = (one.rate, 0) if one.rate is not None else learnt_rate(one, traffic, history)
        told = notes.setdefault(one.stream, [])
        first, last = f"{one.start:%Y-%m-%d %H:%M}", f"{one.end:%Y-%m-%d %H:%M}"
        if not np.isfinite(rate):
            told.append(
                f"traffic row {one.row}, {first} to {last}: "
                "no consultation_rate is given and no past rows teach one"
            )
            continue
        total = one.count * rate
        gap = f"{total / said - 1:+.1%}"
        told.append(
            f"traffic row {one.row}, {first} to {last}: {one.count:.0f} {one.unit} x {rate:.3f} from {rows} "
            f"past rows make {total:.0f} consultations, the forecast says {said:.0f} ({gap})"
            if one.rate is None
            else f"traffic row {one.row}, {first} to {last}: {one.count:.0f} {one.unit} x the given "
            f"{rate:.3f} make {total:.0f} consultations, the forecast says {said:.0f} ({gap})"
        )
        if one.apply:
            note = f"{one.count:.0f} {one.unit} x {rate:.3f}"
            factors.append(
                Override(
                    stream=one.stream,
                    start=one.start,
                    end=one.end,
                    factor=total / said,
                    note=note,
                    row=one.row,
                    file="traffic.csv",
                )
            )
    return notes, factors
