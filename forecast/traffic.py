"""Top-down demand: orders or visitors expected x consultations each brings, beside the forecast."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.config import ShopSettings
from forecast.frames import raise_problems
from forecast.overrides import Override, stream_of
from forecast.table_rows import Reader
from forecast.timegrid import slots

if TYPE_CHECKING:
    from forecast.models.base import FittedModel

COLUMNS = ("stream", "start", "end", "orders", "visitors", "consultation_rate", "apply", "note")
UNITS = ("orders", "visitors")
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
    reader = Reader(path, COLUMNS, required=("start", "end"))
    known = [stream.id for stream in settings.streams] or sorted(streams)
    found = []
    for row in reader.rows():
        stream = stream_of(row, known)
        if not stream and len(known) > 1:
            row.complain("stream", f"name the stream whose consultations these bring: {', '.join(known)}")
        start, end = row.span(settings.shop.timezone)
        counts = {unit: row.number_of(unit, least=0) for unit in UNITS}
        rate = row.number_of("consultation_rate", least=0)
        if bool(row.text("orders")) == bool(row.text("visitors")):
            row.complain("orders", "a row needs either orders or visitors; fill in one of the two")
        answer = row.text("apply").lower()
        if answer not in ANSWERS:
            row.complain("apply", f"{answer!r} is neither yes nor no")
        unit = next((one for one in UNITS if counts[one] is not None), UNITS[0])
        found.append(
            row.build(
                Traffic,
                stream=stream or (known[0] if known else ""),
                start=start,
                end=end,
                unit=unit,
                count=counts[unit],
                rate=rate,
                apply=ANSWERS.get(answer, False),
                row=row.number,
            )
        )
    raise_problems(reader.problems)
    return tuple(one for one in found if one is not None)


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


def last_day(traffic: Iterable[Traffic], last: dt.date) -> dt.date:
    """Return the last day that a forecast up to `last` must know to be held against whole rows."""
    return max([last, *(one.end.date() for one in traffic if one.start.date() <= last)])


def compare_traffic(
    table: pd.DataFrame,
    traffic: Sequence[Traffic],
    history: pd.DataFrame,
    models: Mapping[str, FittedModel],
) -> tuple[dict[str, list[str]], list[Override]]:
    """Hold the forecast against orders or visitors times rate, span by span.

    A span that reaches beyond the forecast is held against all of it: what came of it, and what the model
    expects of its other hours. So its factor is the same however many of its days are forecast.

    Parameters
    ----------
    table
        As ``forecast.csv``, hourly.
    traffic
        Expected and past rows.
    history
        What came before the forecast: `stream, start, offered`.
    models
        By stream, the model behind the table.

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
        said = _within(one, own, "mean")
        if said <= 0:
            continue
        said += _outside(one, pd.DatetimeIndex(own["start"]), history, models[one.stream])
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


def _within(one: Traffic, rows: pd.DataFrame, column: str) -> float:
    """Return the sum of a column over the row's span, hours that lie in it by part by that part."""
    span = Override(stream=one.stream, start=one.start, end=one.end, factor=1.0)
    return float((rows[column].to_numpy(dtype=float) * span.share_of(pd.DatetimeIndex(rows["start"]))).sum())


def _outside(one: Traffic, forecast: pd.DatetimeIndex, history: pd.DataFrame, model: FittedModel) -> float:
    """Return the consultations of the row's hours that are not forecast: those that came, those expected."""
    seen = history[(history["stream"] == one.stream) & (history["start"] < forecast[0])]
    days = (one.end.date() - one.start.date()).days + 1
    hours = slots(one.start.date(), days, 60, str(one.start.tz))
    hours = hours[model.open_hours.is_open(hours) & (hours > seen["start"].max()) & ~hours.isin(forecast)]
    hours = hours[(hours < one.end) & (hours + DAY / 24 > one.start)]
    ahead = pd.DataFrame({"start": hours, "mean": model.mean(hours) if len(hours) else []})
    return _within(one, seen, "offered") + _within(one, ahead, "mean")
