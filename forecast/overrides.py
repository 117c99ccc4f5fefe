"""A manager's own word on hours ahead: ``overrides.csv`` of the shop folder, applied to every forecast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.config import ShopSettings
from forecast.errors import nearest
from forecast.frames import QUANTILES, raise_problems
from forecast.randomness import generator
from forecast.table_rows import Reader, Row
from forecast.timegrid import zone

if TYPE_CHECKING:
    from forecast.models.base import Effect

Floats = npt.NDArray[np.float64]

COLUMNS = ("stream", "start", "end", "factor", "value", "note")
HOUR = pd.Timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Override:
    """A manager's word on the hours ``[start, end)``: a factor on the forecast, or a value in its place.

    Attributes
    ----------
    stream
        The stream; empty: every stream.
    start, end
        Aware instants.
    factor, value
        Times the forecast, or consultations an hour in its place; one of the two.
    note
        Why.
    row, file
        Where it stands.
    """

    stream: str
    start: pd.Timestamp
    end: pd.Timestamp
    factor: float | None = None
    value: float | None = None
    note: str = ""
    row: int = 0
    file: str = "overrides.csv"

    @property
    def says(self) -> str:
        """The change as a manager would write it: ×1.3, or →300."""
        return f"×{self.factor:g}" if self.factor is not None else f"→{self.value:g}"

    def share_of(self, starts: pd.DatetimeIndex) -> Floats:
        """Return the share of each hour that lies inside, 0 to 1."""
        first, last = starts.where(starts >= self.start, self.start), starts + HOUR
        inside = last.where(last <= self.end, self.end) - first
        return np.asarray(np.clip(np.asarray(inside / HOUR, dtype=float), 0.0, 1.0))


@dataclass(frozen=True, kw_only=True)
class Overridden:
    """A forecast after the overrides.

    ``table`` has two columns more where an override acts: `override`, the factor on what the models said
    (1: none; missing where they said nothing), and `override_note`. ``effects`` and ``notes`` by stream.
    """

    table: pd.DataFrame
    draws: pd.DataFrame
    effects: dict[str, tuple[Effect, ...]]
    notes: dict[str, tuple[str, ...]]


def read_overrides(
    path: Path, settings: ShopSettings, *, streams: Iterable[str] = ()
) -> tuple[Override, ...]:
    """Read a manager's overrides; a missing file holds none.

    Parameters
    ----------
    path
        CSV or Excel with the columns `stream, start, end`, `factor` or `value` or both, and optionally
        `note`. Times are local, or carry an offset; a date alone is its midnight.
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
    reader = Reader(path, COLUMNS, required=("stream", "start", "end"))
    known = [stream.id for stream in settings.streams] or sorted(streams)
    found = []
    for row in reader.rows():
        stream = stream_of(row, known)
        start, end = row.span(settings.shop.timezone)
        factor, value = row.number_of("factor", least=0), row.number_of("value", least=0)
        if bool(row.text("factor")) == bool(row.text("value")):
            row.complain("factor", "an override needs either a factor or a value; fill in one of the two")
        if not stream and row.text("value") and len(known) > 1:
            row.complain("stream", "a value is for one stream; name it, or give a factor for all streams")
        found.append(
            row.build(
                Override,
                stream=stream,
                start=start,
                end=end,
                factor=factor,
                value=value,
                note=row.text("note"),
                row=row.number,
            )
        )
    raise_problems(reader.problems)
    return tuple(one for one in found if one is not None)


def stream_of(row: Row, known: Sequence[str]) -> str:
    """Return the stream that a row names, empty where none; it must be known, where any is."""
    stream = row.text("stream")
    if stream and known and stream not in known:
        row.complain("stream", f"shop.toml has no [[stream]] {stream!r}{nearest(stream, known)}")
    return stream


def apply_overrides(
    table: pd.DataFrame,
    draws: pd.DataFrame,
    overrides: Sequence[Override],
    *,
    timezone: str,
    seed: int,
) -> Overridden:
    """Return a forecast with the overrides applied to means, bands and draws alike.

    Parameters
    ----------
    table, draws
        As ``forecast.csv`` and ``draws.parquet``, hourly.
    overrides
        In the order of the file: of two on one hour the second acts on what the first left.
    timezone
        The shop's.
    seed
        Of the draws of hours that the models hold to be empty.

    Notes
    -----
    A factor f over the share s of an hour makes its mean m into m (1 - s + s f), a value v into
    m (1 - s) + s v. Bands and draws move by the same ratio, so that an hour stays as uncertain, relative to
    its mean, as it was. Where m is 0 the draws are Poisson counts about the value.
    """
    if not overrides:
        return Overridden(table=table, draws=draws, effects={}, notes={})
    tables, paths = [], []
    effects: dict[str, tuple[Effect, ...]] = {}
    notes: dict[str, tuple[str, ...]] = {}
    for name, rows in table.groupby("stream", sort=False):
        stream = str(name)
        own = [one for one in overrides if one.stream in ("", stream)]
        moved, said, told = _stream_overridden(rows, own, timezone)
        tables.append(moved)
        paths.append(_drawn(draws[draws["stream"] == stream], moved, stream, seed))
        effects[stream], notes[stream] = tuple(said), tuple(told)
    if not any(notes.values()):
        return Overridden(table=table, draws=draws, effects={}, notes={})
    drawn = pd.concat(paths, ignore_index=True)
    return Overridden(
        table=_banded(pd.concat(tables, ignore_index=True), table, drawn),
        draws=drawn,
        effects=effects,
        notes=notes,
    )


def _stream_overridden(
    rows: pd.DataFrame, overrides: Sequence[Override], timezone: str
) -> tuple[pd.DataFrame, list[Effect], list[str]]:
    """Return one stream's rows with new means, and what each override did."""
    from forecast.models.base import Effect  # loads every model, which reading a file does not need

    starts = pd.DatetimeIndex(rows["start"])
    said = rows["mean"].to_numpy(dtype=float)
    mean, words = said.copy(), [""] * len(rows)
    effects, notes = [], []
    for one in overrides:
        share = one.share_of(starts)
        touched = share > 0
        first, last = _span(one, timezone)
        if not touched.any():
            if _is_near(one, starts, timezone):
                notes.append(
                    f"override of row {one.row}, {first} to {last}: "
                    "no open hour lies in it and nothing changes"
                )
            continue
        before = mean[touched].sum()
        told = mean * one.factor if one.factor is not None else np.full(len(mean), one.value)
        mean = mean * (1 - share) + told * share
        after = mean[touched].sum()
        for place in np.flatnonzero(touched):
            words[place] = "; ".join(filter(None, [words[place], f"{one.says} {one.note}".strip()]))
        reason = one.note or "no note"
        factor = float(after / before) if before > 0 else float("nan")
        source = f"{one.file} row {one.row}, {one.says}, {first} to {last}"
        effects.append(Effect(name=reason, kind="override", factor=factor, examples=0, source=source))
        notes.append(
            f"override {one.says} of row {one.row}, {first} to {last}: "
            f"{before:.0f} -> {after:.0f} consultations ({reason})"
        )
    ratio = np.divide(mean, said, out=np.where(mean > 0, np.nan, 1.0), where=said > 0)
    return rows.assign(mean=mean, override=ratio, override_note=words), effects, notes


def _span(one: Override, timezone: str) -> tuple[str, str]:
    first, last = (moment.tz_convert(zone(timezone)) for moment in (one.start, one.end))
    return f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}"


def _is_near(one: Override, starts: pd.DatetimeIndex, timezone: str) -> bool:
    """Whether an override lies in the days of a forecast."""
    days = starts.tz_convert(zone(timezone)).normalize()
    return bool(one.start < days.max() + pd.DateOffset(days=1) and one.end > days.min())


def _drawn(draws: pd.DataFrame, moved: pd.DataFrame, stream: str, seed: int) -> pd.DataFrame:
    """Return one stream's draws moved as its means were."""
    by_hour = moved.set_index("start")
    ratio = by_hour["override"].reindex(draws["start"]).to_numpy(dtype=float)
    value = by_hour["mean"].reindex(draws["start"]).to_numpy(dtype=float)
    counts = generator(seed, "overrides", stream).poisson(np.where(np.isnan(ratio), value, 0.0))
    offered = draws["offered"].to_numpy(dtype=float)
    return draws.assign(offered=np.where(np.isnan(ratio), counts, offered * np.nan_to_num(ratio)))


def _banded(moved: pd.DataFrame, table: pd.DataFrame, draws: pd.DataFrame) -> pd.DataFrame:
    """Return the moved rows with their bands: scaled, or of the draws where the models said nothing."""
    names = [name for name in QUANTILES if name in table]
    scaled = moved.assign(**{name: moved[name] * moved["override"] for name in names})
    for place in scaled.index[scaled["override"].isna()]:
        stream, start = scaled.loc[place, ["stream", "start"]]
        counts = draws.loc[(draws["stream"] == stream) & (draws["start"] == start), "offered"]
        scaled.loc[place, names] = np.quantile(counts, [QUANTILES[name] for name in names])
    return scaled
