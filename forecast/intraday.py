"""The rest of a day, from the hours of it seen so far.

Every sample path is moved by how far the hours seen lie from its own: log rest += w (log seen - log path).
w is the regression of the rest on the hours seen *across the paths*, so it is the share of the error that
the model itself holds to be common to the day: small in the morning and in small shops, where what was seen
is mostly luck, near one in the evening of a large one. The bands narrow by as much as was learnt.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.backtest import Paths
from forecast.config import ShopSettings
from forecast.errors import DataError
from forecast.frames import QUANTILES
from forecast.overrides import Override
from forecast.promotions import PromotionCalendar
from forecast.selection import Forecast, forecast_demand
from forecast.shop_backtest import ignored_hours
from forecast.timegrid import zone
from forecast.traffic import Traffic

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

log = logging.getLogger(__name__)

UNTAUGHT = 0.5
TRUSTS = (0.0, 0.25, 0.5, 0.75, 1.0)
FEWEST_DAYS = 14  # fewer past days than this teach nothing about how far to trust the paths
STRANGE = 4.0  # hours seen further than this many sd from the paths are held to that distance
TEACHING_ORIGINS = 8  # weekly backtests whose days teach the trust
PROOF = 2.0  # standard errors that a gain on past days must lie above nothing
RIDGE = 0.02  # of the predictors' variance, so that two alike blocks of hours share their weight


@dataclass(frozen=True, kw_only=True)
class Reforecast:
    """What is left of a span once some hours of its first day were seen.

    Attributes
    ----------
    table, draws
        As `forecast.csv` and `draws.parquet`, from the first hour not seen on.
    notes
        One line a stream: how the hours seen compare, and how far they moved the rest of the day.
    """

    table: pd.DataFrame
    draws: pd.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PastDay:
    """A past day as it was forecast before it began.

    ``draws`` are draws x hours, ``actual`` is what came (NaN: lost), ``hours`` the wall hour of each.
    """

    draws: Floats
    actual: Floats
    hours: npt.NDArray[np.int64]


def forecast_now(
    history: pd.DataFrame,
    settings: ShopSettings,
    *,
    calendar: PromotionCalendar,
    now: pd.Timestamp,
    days: int = 1,
    seed: int = 0,
    draws: int = 500,
    model: str | None = None,
    overrides: Sequence[Override] = (),
    traffic: Sequence[Traffic] = (),
) -> tuple[Forecast, Reforecast]:
    """Forecast from this morning's midnight on, then anew from the hours of today seen so far.

    Parameters
    ----------
    history
        `stream, start, offered` up to the last hour seen; rows after `now` are not read.
    settings, calendar
        The shop's settings and promotions.
    now
        The instant, aware.
    days
        Days ahead, today included.
    seed, draws, model, overrides, traffic
        As for `forecast.selection.forecast_demand`.

    Returns
    -------
    tuple
        The forecast as it was at midnight, and what is left of it now.

    Raises
    ------
    DataError
        If there is no history before today, or no hour of today is left.
    """
    timezone = settings.shop.timezone
    now = now.tz_convert(zone(timezone))
    morning = forecast_demand(
        history,
        settings,
        calendar=calendar,
        start=now.date(),
        days=days,
        seed=seed,
        draws=draws,
        model=model,
        origins=TEACHING_ORIGINS,
        overrides=overrides,
        traffic=traffic,
    )
    starts = pd.DatetimeIndex(history["start"])
    clean = history[~starts.isin(ignored_hours(starts, calendar))]
    trust = {}
    for stream, choice in morning.choice.items():
        taught = [] if choice.backtest is None else choice.backtest.forecasts_of(choice.model)
        known = past_days(taught, clean[clean["stream"] == stream], timezone)
        trust[stream] = learn_trust(known, hour=now.hour)
    kick_offs = [pd.Timestamp(event.kick_off).floor("h") for event in calendar.events]
    held = [one for one in overrides if one.value is not None]
    rest = reforecast_day(
        morning.table, morning.draws, history, now=now, kick_offs=kick_offs, trust=trust, held=held
    )
    return morning, rest


def reforecast_day(
    table: pd.DataFrame,
    draws: pd.DataFrame,
    seen: pd.DataFrame,
    *,
    now: pd.Timestamp,
    kick_offs: Sequence[pd.Timestamp] = (),
    trust: Mapping[str, float] | None = None,
    held: Sequence[Override] = (),
) -> Reforecast:
    """Forecast the rest of the running day anew, from the hours of it seen so far.

    Parameters
    ----------
    table, draws
        The forecast made before the day, `stream, start, mean, ...` and `stream, start, draw, offered`.
        Days after the running one stay as they are.
    seen
        Counts of the running day, `stream, start, offered`. An hour not over by `now` is not used; an
        hour without a row is not known.
    now
        The instant, aware.
    kick_offs
        Starts of promotions: hours before and after one tell different things.
    trust
        How far to follow the hours seen, by stream, in [0, 1] (`learn_trust`); default 1: as far as the
        paths say.
    held
        Overrides that name a number: hours of them stay as they are.

    Raises
    ------
    DataError
        If the forecast has no hour of the running day left.
    """
    hour = now.floor("h")
    midnight = now.normalize()
    ahead = table[table["start"] >= hour]
    if ahead.empty or ahead["start"].min() >= midnight + pd.DateOffset(days=1):
        raise DataError(
            f"forecast: no hour of {now:%Y-%m-%d} is left at {now:%H:%M}; nothing to forecast anew"
        )
    tables, drawn, notes = [], [], []
    for stream, rows in ahead.groupby("stream", sort=True):
        own = draws[draws["stream"] == stream]
        counts = seen[(seen["stream"] == stream) & (seen["start"] >= midnight) & (seen["start"] < hour)]
        follow = 1.0 if trust is None else trust.get(str(stream), 1.0)
        fixed = [one for one in held if one.stream in ("", stream)]
        moved, note = _stream_rest(own, counts, str(stream), hour, midnight, kick_offs, follow, fixed)
        tables.append(_moved_rows(rows, own, moved))
        drawn.append(moved)
        notes.append(note)
    return Reforecast(
        table=pd.concat(tables, ignore_index=True),
        draws=pd.concat(drawn, ignore_index=True),
        notes=tuple(notes),
    )


def _stream_rest(
    draws: pd.DataFrame,
    counts: pd.DataFrame,
    stream: str,
    hour: pd.Timestamp,
    midnight: pd.Timestamp,
    kick_offs: Sequence[pd.Timestamp],
    trust: float,
    held: Sequence[Override],
) -> tuple[pd.DataFrame, str]:
    """Return one stream's draws from `hour` on, the rest of the day moved, and a line about it."""
    wide = draws.pivot_table(index="draw", columns="start", values="offered").sort_index(axis=1)
    starts = pd.DatetimeIndex(wide.columns)
    today = (starts >= midnight) & (starts < midnight + pd.DateOffset(days=1))
    known = counts.set_index("start")["offered"].reindex(starts).to_numpy(dtype=float)
    is_seen = ~np.isnan(known)
    left = np.asarray(today & (starts >= hour))
    rest = left.copy()
    for override in held:
        rest &= override.share_of(starts) < 1
    values = wide.to_numpy(dtype=float).copy()
    note = f"{stream}: no hour of the day was seen; the forecast stands"
    if is_seen.any():
        blocks = _blocks(starts, is_seen, kick_offs)
        if any(is_strange(values[:, block], known[block]) for block in blocks):
            log.warning(
                "%s: the hours seen (%.0f) lie outside anything forecast; an outage, or a promotion missing "
                "from the calendar, looks like this. The rest of the day follows only part of the way",
                stream,
                known[is_seen].sum(),
            )
        values[:, rest] = moved_paths(values, known, blocks=blocks, rest=rest, trust=trust)
        expected, came = float(wide.to_numpy()[:, is_seen].sum(axis=1).mean()), float(known[is_seen].sum())
        before, after = (float(paths[:, left].sum(axis=1).mean()) for paths in (wide.to_numpy(), values))
        change = after / before - 1 if before > 0 else 0.0
        note = (
            f"{stream}: {came:.0f} seen, {expected:.0f} expected; "
            f"rest of the day {before:.0f} -> {after:.0f} ({change:+.1%})"
        )
    keep = starts >= hour
    return _long(stream, starts[keep], wide.index, values[:, keep]), note


def _long(stream: str, starts: pd.DatetimeIndex, numbers: pd.Index, values: Floats) -> pd.DataFrame:
    """Return draws x hours as `stream, start, draw, offered`."""
    return pd.DataFrame(
        {
            "stream": stream,
            "start": starts.repeat(len(numbers)),
            "draw": np.tile(numbers.to_numpy(), len(starts)),
            "offered": values.T.ravel(),
        }
    )


def _blocks(starts: pd.DatetimeIndex, is_seen: Flags, kick_offs: Sequence[pd.Timestamp]) -> list[Flags]:
    """Return the hours seen, split where a promotion kicked off among them."""
    edges = [
        start
        for start in sorted(kick_offs)
        if (is_seen & (starts < start)).any() and (is_seen & (starts >= start)).any()
    ]
    part = np.zeros(len(starts), dtype=int)
    for edge in edges:
        part += np.asarray(starts >= edge)
    return [is_seen & (part == number) for number in range(len(edges) + 1)]


def moved_paths(
    draws: Floats, actual: Floats, *, blocks: Sequence[Flags], rest: Flags, trust: float = 1.0
) -> Floats:
    """Return the paths' rest of the day, given the hours seen.

    Parameters
    ----------
    draws
        Sample paths, draws x hours. [consultations]
    actual
        What came, one an hour; only the hours of `blocks` are read.
    blocks
        Groups of hours seen; each has its own weight.
    rest
        The hours to move.
    trust
        Factor on the weights, in [0, 1]; 0 leaves the paths as they are.

    Examples
    --------
    Paths that differ by a day factor alone follow what was seen all the way:

    >>> import numpy as np
    >>> paths = np.array([[80.0, 160.0], [100.0, 200.0], [120.0, 240.0]])
    >>> seen, rest = np.array([True, False]), np.array([False, True])
    >>> moved_paths(paths, np.array([120.0, np.nan]), blocks=[seen], rest=rest).round(-1).ravel().tolist()
    [240.0, 240.0, 240.0]
    """
    if trust == 0 or not rest.any():
        return draws[:, rest]
    predictors = np.stack([np.log(draws[:, block].sum(axis=1) + 0.5) for block in blocks], axis=1)
    target = np.log(draws[:, rest].sum(axis=1) + 0.5)
    centre, spread = predictors.mean(axis=0), predictors.std(axis=0)
    came = np.array([np.log(actual[block].sum() + 0.5) for block in blocks])
    came = np.clip(came, centre - STRANGE * spread, centre + STRANGE * spread)
    weights = _weights(predictors - centre, target - target.mean())
    factor = np.exp(trust * (came - predictors) @ weights)
    return np.asarray(draws[:, rest] * factor[:, None])


def is_strange(draws: Floats, actual: Floats) -> bool:
    """Return whether the total of hours seen lies further from all paths than their spread explains."""
    totals = np.log(draws.sum(axis=1) + 0.5)
    return bool(abs(np.log(actual.sum() + 0.5) - totals.mean()) > STRANGE * totals.std())


def _weights(predictors: Floats, target: Floats) -> Floats:
    """Return regression weights of the rest on the hours seen, none below 0 and no more than 1 together."""
    cross = predictors.T @ predictors
    ridge = RIDGE * np.diag(cross) * (len(cross) > 1)
    weights = np.linalg.solve(cross + np.diag(ridge + 1e-9), predictors.T @ target).clip(0, None)
    return np.asarray(weights / max(1.0, float(weights.sum())))


def past_days(forecasts: Iterable[Paths], history: pd.DataFrame, timezone: str) -> list[PastDay]:
    """Return the first week's days of past forecasts, with what came.

    Parameters
    ----------
    forecasts
        Made from different origins.
    history
        Rows `start, offered` of the stream.
    timezone
        The shop's.
    """
    counts = history.set_index("start")["offered"]
    days = []
    for paths in forecasts:
        local = paths.starts.tz_convert(zone(timezone))
        actual = counts.reindex(paths.starts).to_numpy(dtype=float)
        date = local.normalize()
        for day in date.unique()[:7]:
            own = np.asarray(date == day)
            days.append(
                PastDay(draws=paths.draws[:, own], actual=actual[own], hours=local.hour.to_numpy()[own])
            )
    return days


def learn_trust(days: Sequence[PastDay], *, hour: int) -> float:
    """Return how far the hours seen before `hour` should move the rest of a day, from past days.

    The paths say what is common to a day; past days say whether that was so. The trust whose gain on those
    days is surest is taken, the mean gain less `PROOF` standard errors; none where no gain is sure.

    Parameters
    ----------
    days
        Past days, forecast from data before them.
    hour
        First wall hour not seen.

    Returns
    -------
    float
        In [0, 1]; `UNTAUGHT` with fewer than `FEWEST_DAYS` days.
    """
    losses = np.array([row for day in days if (row := _rest_losses(day, hour)) is not None])
    if len(losses) < FEWEST_DAYS:
        return UNTAUGHT
    gains = losses[:, :1] - losses
    luck = gains.std(axis=0, ddof=1) / np.sqrt(len(gains))
    return TRUSTS[int((gains.mean(axis=0) - PROOF * luck).argmax())]  # no trust gains 0 for certain


def _rest_losses(day: PastDay, hour: int) -> list[float] | None:
    """Return the error of a past day's rest under each trust, as a share of its forecast.

    None where a part of the day is not known. Shares, so that one large promotion day does not decide.
    """
    known = ~np.isnan(day.actual)
    is_seen, rest = (day.hours < hour) & known, (day.hours >= hour) & known
    if not is_seen.any() or not rest.any():
        return None
    moved = [moved_paths(day.draws, day.actual, blocks=[is_seen], rest=rest, trust=trust) for trust in TRUSTS]
    volume = np.median(day.draws[:, rest], axis=0).sum() + 1.0
    return [float(np.abs(np.median(paths, axis=0) - day.actual[rest]).sum() / volume) for paths in moved]


def _moved_rows(rows: pd.DataFrame, before: pd.DataFrame, draws: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with their means moved as the draws' were, and quantiles of the draws."""
    wide = draws.pivot_table(index="start", columns="draw", values="offered").reindex(rows["start"])
    was = before.groupby("start")["offered"].mean().reindex(rows["start"]).to_numpy()
    now, out = wide.mean(axis=1).to_numpy(), rows.copy()
    out["mean"] = np.where(was > 0, rows["mean"] * now / np.where(was > 0, was, 1.0), now)
    for name, level in QUANTILES.items():
        if name in out:
            out[name] = np.quantile(wide.to_numpy(), level, axis=1)
    return out
