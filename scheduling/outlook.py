"""Demand ahead, forecast from the shop's history or read from somebody's own table."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from forecast.band_draws import draws_from_bands
from forecast.config import ShopSettings
from forecast.errors import DataError, Problem, nearest
from forecast.explanation import forecast_parts
from forecast.frames import DRAWS, FORECAST
from forecast.promotions import PromotionCalendar
from forecast.selection import Forecast, forecast_demand
from forecast.table_files import read_contract_table
from forecast.timegrid import MINUTES_A_DAY, instant
from scheduling.inputs import Inputs

DRAWN = 200
REQUIRED = "no history: consultations are those that the requirement names (offered), taken as certain"
DRIVERS = ("bot_share", "handle_factor")  # columns of a forecast that only some hours fill
NEAR = 0.1  # by which the mean of draws may differ from the table's, over all hours, to belong to it


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Demand ahead: forecast table, joint draws, and what was said about them."""

    table: pd.DataFrame
    draws: pd.DataFrame | None = None
    notes: list[str] = field(default_factory=list)
    effects: pd.DataFrame | None = None
    backtest: pd.DataFrame | None = None
    parts: pd.DataFrame | None = None


def forecast_outlook(inputs: Inputs, *, start: dt.date, days: int, seed: int, compared: int = 0) -> Outlook:
    """Forecast every stream of a shop.

    Models are compared on as many origins in the past as `compared` says; 0: the default model forecasts.

    Raises
    ------
    DataError
        If there is no history, or too little to learn from.
    """
    if inputs.history.empty:
        raise DataError(
            "history.csv: no such file; put hourly counts (time, count) there, or give --history F"
        )
    late = _past_midnight(inputs.settings.demand)
    found = forecast_demand(
        inputs.history,
        inputs.settings.demand,
        calendar=inputs.calendar,
        start=start,
        days=days + (late > 0),
        seed=seed,
        draws=DRAWN,
        origins=compared,
        overrides=inputs.overrides,
        traffic=inputs.traffic,
    )
    outlook = outlook_of(found, inputs.calendar)
    if not late:
        return outlook
    end = instant(start + dt.timedelta(days=days), late, inputs.settings.demand.shop.timezone)
    cut = {
        name: frame[frame["start"] < end].reset_index(drop=True)
        for name in ("table", "draws", "parts")
        if (frame := getattr(outlook, name)) is not None
    }
    return replace(outlook, **cut)


def _past_midnight(settings: ShopSettings) -> int:
    """Return how long after midnight the last stream closes. [min]"""
    closes = [stream.open_minutes[1] for stream in settings.streams if stream.open_minutes is not None]
    return max(0, max(closes, default=0) - MINUTES_A_DAY)


def outlook_of(found: Forecast, calendar: PromotionCalendar) -> Outlook:
    """Return a forecast as the chain goes on with it."""
    names = {event.id: event.name for event in calendar.events if event.name}
    rows = [
        (stream, names.get(effect.name, effect.name), effect.kind, effect.factor, effect.source)
        for stream, effects in found.effects.items()
        for effect in effects
    ]
    return Outlook(
        table=found.table,
        draws=found.draws,
        notes=[
            f"{name}: {note}"
            for name, notes in found.notes.items()
            for note in (f"model {found.choice[name].model}: {found.choice[name].reason}", *notes)
        ],
        effects=pd.DataFrame(rows, columns=["stream", "event", "phase", "effect", "source"]),
        parts=forecast_parts(found.table, found.parts),
    )


def read_outlook(path: Path, settings: ShopSettings, *, seed: int) -> Outlook:
    """Read a forecast table, with the sample paths beside it or paths made from its bands.

    Parameters
    ----------
    path
        ``forecast.csv`` or the like: `stream, start, mean`, hourly or on the planning grid, bands optional.
    settings
        The shop's: time zone and streams.
    seed
        Of the paths.

    Raises
    ------
    DataError
        If a cell cannot be read or a stream is not the shop's.
    """
    timezone = settings.shop.timezone
    table = read_contract_table(path, FORECAST, timezone=timezone)
    if table.empty:
        raise DataError(Problem(file=path.name, message="has no rows; a forecast needs stream, start, mean"))
    _check_streams(table, settings, path.name)
    table = with_drivers(table)
    beside = path.with_name("draws.parquet")
    if beside.is_file():
        draws = read_contract_table(beside, DRAWS, timezone=timezone)
        if _belong(table, draws):
            return Outlook(table=table, draws=draws)
    made = draws_from_bands(table, timezone=timezone, draws=DRAWN, seed=seed)
    note = (
        f"{path.name}: no bands, so the mean is taken as certain"
        if made is None
        else f"{path.name}: futures drawn from its bands, the hours of a day moving together"
    )
    return Outlook(table=table, draws=made, notes=[note])


def outlook_of_requirement(requirement: pd.DataFrame | None) -> Outlook | None:
    """Return the demand that a requirement was made for, taken as certain; None where it does not say."""
    if requirement is None or "offered" not in requirement or not requirement["offered"].sum() > 0:
        return None
    table = requirement[["stream", "start"]].assign(mean=requirement["offered"].fillna(0.0))
    return Outlook(table=table, notes=[REQUIRED])


def with_drivers(forecast: pd.DataFrame) -> pd.DataFrame:
    """Return a forecast with the columns of promotion hours as numbers, missing where nothing is said."""
    told = {name: pd.to_numeric(forecast[name], errors="coerce") for name in DRIVERS if name in forecast}
    return forecast.assign(**told)


def span_of(outlook: Outlook, timezone: str) -> tuple[dt.date, int]:
    """Return the first local day of a forecast and its number of days."""
    dates = outlook.table["start"].dt.tz_convert(timezone).dt.date
    return dates.min(), (dates.max() - dates.min()).days + 1


def _check_streams(table: pd.DataFrame, settings: ShopSettings, source: str) -> None:
    known = [stream.id for stream in settings.streams]
    strange = sorted(set(table["stream"]) - set(known)) if known else []
    if strange:
        raise DataError(
            [
                Problem(
                    file=source,
                    column="stream",
                    message=f"shop.toml has no [[stream]] {name!r}{nearest(name, known)}",
                )
                for name in strange
            ]
        )


def _belong(table: pd.DataFrame, draws: pd.DataFrame) -> bool:
    """Whether draws are those of a forecast table: the same hours, about the same means."""
    means = draws.groupby(["stream", "start"])["offered"].mean()
    stated = table.set_index(["stream", "start"])["mean"]
    both = stated.reindex(means.index)
    if len(means) != len(stated) or both.isna().any():
        return False
    return bool((means - both).abs().sum() <= NEAR * max(float(both.sum()), 1e-9))
