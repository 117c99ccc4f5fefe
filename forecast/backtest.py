"""Rolling origins: what each model would have said in the past, scored against what came."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.accuracy import draw_quantiles, hour_scores, naive_scale, pool_scores
from forecast.errors import DataError, ModelError
from forecast.timegrid import midnight

Floats = npt.NDArray[np.float64]

log = logging.getLogger(__name__)

FEWEST_WEEKS = 3  # of history before the first origin
LONG_HISTORY_WEEKS = 60  # from here on origins are three weeks apart, before one
LEAD_WEEKS = {"week 1": (1, 1), "week 2": (2, 2), "weeks 3-4": (3, 4), "weeks 5-6": (5, 6)}
TOP_SHARE = 0.05


@dataclass(frozen=True, kw_only=True)
class Paths:
    """A forecast of one stream: the open hours ahead, their means, and joint sample paths (draws x hours)."""

    starts: pd.DatetimeIndex
    mean: Floats
    draws: Floats


class Forecaster(Protocol):
    """A model together with what it knows ahead (calendar, promotions)."""

    def __call__(self, history: pd.DataFrame, *, start: dt.date, days: int, draws: int, seed: int) -> Paths:
        """Forecast the days from `start` on from rows `start, offered` before it."""
        ...


@dataclass(frozen=True, kw_only=True)
class BacktestPlan:
    """From which local midnights is forecast, and how far."""

    origins: tuple[dt.date, ...]
    days_ahead: int
    timezone: str
    draws: int = 300


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What a backtest found.

    Attributes
    ----------
    hours, days
        One row a scored hour (a scored day's total): `stream, model, origin, start, lead_day, forecast` and
        the parts of `forecast.accuracy.hour_scores`.
    failures
        Why a model gave no forecast, by model.
    seconds
        CPU seconds of all its fits and draws, by model.
    paths
        The forecasts themselves, by model and origin.
    """

    hours: pd.DataFrame
    days: pd.DataFrame
    failures: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    paths: Mapping[tuple[str, dt.date], Paths] = field(default_factory=dict)

    def forecasts_of(self, model: str) -> list[Paths]:
        """Return one model's forecasts in the order of their origins."""
        return [
            paths
            for (name, _), paths in sorted(self.paths.items(), key=lambda item: item[0])
            if name == model
        ]


def rolling_origins(
    history: pd.DataFrame, *, days_ahead: int, timezone: str, count: int = 6, step_days: int | None = None
) -> BacktestPlan:
    """Return origins such that the last has the whole horizon as data.

    Parameters
    ----------
    history
        Rows `start, offered` of one stream.
    days_ahead
        Horizon. [local days]
    timezone
        The shop's.
    count
        Origins wanted; a short history gives fewer.
    step_days
        Days between origins; default 7, and 21 where there is more than a year of history.

    Raises
    ------
    DataError
        If the history holds no origin with three weeks before it and the horizon after it.
    """
    local = history["start"].dt.tz_convert(timezone)
    first, last = local.min().date(), local.max().date() + dt.timedelta(days=1)
    if step_days is None:
        step_days = 21 if (last - first).days > 7 * LONG_HISTORY_WEEKS else 7
    latest = last - dt.timedelta(days=days_ahead)
    earliest = first + dt.timedelta(weeks=FEWEST_WEEKS)
    origins = [latest - dt.timedelta(days=step_days * k) for k in range(count)]
    origins = sorted(origin for origin in origins if origin >= earliest)
    if not origins:
        raise DataError(
            f"history: {(last - first).days} days are too few to backtest {days_ahead} days ahead; it needs "
            f"{7 * FEWEST_WEEKS + days_ahead}"
        )
    return BacktestPlan(origins=tuple(origins), days_ahead=days_ahead, timezone=timezone)


def run_backtest(
    history: pd.DataFrame,
    forecasters: Mapping[str, Forecaster],
    plan: BacktestPlan,
    *,
    stream: str,
    seed: int,
    unscored: pd.DatetimeIndex | None = None,
) -> Backtest:
    """Return what each model would have said at each origin, scored.

    Every model is fitted anew at every origin, on rows before it. A model that cannot be fitted at one
    origin is left out everywhere, so that all scores rest on the same hours.

    Parameters
    ----------
    history
        Rows `start, offered` of one stream; a missing hour is a missing row and is never scored.
    forecasters
        Models by name.
    plan
        Origins and horizon.
    stream
        The stream's id, for the tables.
    seed
        The run's seed.
    unscored
        Hours not to score: outages and bursts, which no model can foresee.
    """
    hours: list[pd.DataFrame] = []
    days: list[pd.DataFrame] = []
    failures: dict[str, str] = {}
    seconds: dict[str, float] = {}
    kept: dict[tuple[str, dt.date], Paths] = {}
    for name, forecaster in forecasters.items():
        found: list[tuple[pd.DataFrame, pd.DataFrame]] = []
        began = time.process_time()
        try:
            for origin in plan.origins:
                past = before(history, origin, plan.timezone)
                paths = forecaster(past, start=origin, days=plan.days_ahead, draws=plan.draws, seed=seed)
                kept[name, origin] = paths
                found.append(_scored(paths, history, past, origin, plan, unscored))
        except ModelError as error:
            failures[name] = str(error)
            log.warning("%s: %s is left out of the backtest: %s", stream, name, error)
        seconds[name] = time.process_time() - began
        if name not in failures:
            labels = {"stream": stream, "model": name}
            hours += [one.assign(**labels) for one, _ in found]
            days += [two.assign(**labels) for _, two in found]
    if not hours:
        raise ModelError(f"{stream}: no model could be backtested: {failures}")
    return Backtest(
        hours=pd.concat(hours, ignore_index=True),
        days=pd.concat(days, ignore_index=True),
        failures=failures,
        seconds=seconds,
        paths={key: paths for key, paths in kept.items() if key[0] not in failures},
    )


def before(history: pd.DataFrame, origin: dt.date, timezone: str) -> pd.DataFrame:
    """Return the rows before an origin's local midnight: all that a forecast from there may see."""
    return history[history["start"] < midnight(origin, timezone)]


def _scored(
    paths: Paths,
    history: pd.DataFrame,
    past: pd.DataFrame,
    origin: dt.date,
    plan: BacktestPlan,
    unscored: pd.DatetimeIndex | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the scored hours and the scored day totals of one forecast."""
    paths = _with_unforeseen(paths, history, origin, plan)
    actual = history.set_index("start")["offered"].reindex(paths.starts).to_numpy(dtype=float)
    usable = ~np.isnan(actual)
    if unscored is not None:
        usable &= ~paths.starts.isin(unscored)
    local = paths.starts.tz_convert(plan.timezone)
    day_of = np.array([(stamp.date() - origin).days + 1 for stamp in local])
    hourly = hour_scores(
        actual[usable],
        mean=paths.mean[usable],
        quantiles=draw_quantiles(paths.draws[:, usable]),
        scale=week_scale(past, plan.timezone),
    ).assign(origin=origin, start=paths.starts[usable], lead_day=day_of[usable], forecast=paths.mean[usable])
    whole = [day for day in np.unique(day_of) if usable[day_of == day].all()]
    members = (
        np.stack([day_of == day for day in whole]).astype(float) if whole else np.zeros((0, len(day_of)))
    )
    totals = paths.draws @ members.T
    came = members @ np.nan_to_num(actual)
    daily = hour_scores(
        came,
        mean=members @ paths.mean,
        quantiles=draw_quantiles(totals) if whole else np.zeros((11, 0)),
        scale=np.nan,
    )
    first = [paths.starts[int(np.argmax(row))] for row in members]
    return hourly, daily.assign(
        origin=origin, start=first, lead_day=np.array(whole, dtype=int), forecast=members @ paths.mean
    )


def _with_unforeseen(paths: Paths, history: pd.DataFrame, origin: dt.date, plan: BacktestPlan) -> Paths:
    """Return the paths with zeros in hours that the model held to be closed and in which somebody came."""
    end = midnight(origin + dt.timedelta(days=plan.days_ahead), plan.timezone)
    came = history[
        (history["start"] >= midnight(origin, plan.timezone))
        & (history["start"] < end)
        & (history["offered"] > 0)
    ]
    extra = pd.DatetimeIndex(came["start"]).difference(paths.starts)
    if extra.empty:
        return paths
    starts = pd.DatetimeIndex(paths.starts.append(extra))
    order = np.argsort(starts.asi8, kind="stable")
    nothing = np.zeros((len(paths.draws), len(extra)))
    return Paths(
        starts=starts[order],
        mean=np.concatenate([paths.mean, nothing[0]])[order],
        draws=np.hstack([paths.draws, nothing])[:, order],
    )


def week_scale(past: pd.DataFrame, timezone: str) -> float:
    """Return the seasonal naive error with a season of one week of wall time, whatever the open hours."""
    local = past["start"].dt.tz_convert(timezone).dt.tz_localize(None)
    counts = pd.Series(past["offered"].to_numpy(), index=local).groupby(level=0).mean()
    grid = pd.date_range(counts.index.min(), counts.index.max(), freq="h")
    return naive_scale(counts.reindex(grid), 7 * 24)


def backtest_table(backtest: Backtest, days_ahead: int) -> pd.DataFrame:
    """Return ``backtest.csv``: one row a stream, model and origin, `hours` telling how many it rests on."""
    scores = pool_scores(backtest.hours, by=["stream", "model", "origin"])
    scores.insert(3, "horizon_h", days_ahead * 24)
    columns = [
        "stream",
        "model",
        "origin",
        "horizon_h",
        "wape",
        "mase",
        "bias",
        "pinball",
        "cover80",
        "cover95",
    ]
    return scores[[*columns, "wql", "hours"]]


def bucket_table(backtest: Backtest, kinds: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return scores pooled over origins, apart for weeks ahead, kinds of hours, the top hours and day totals.

    Parameters
    ----------
    backtest
        A stream's backtest.
    kinds
        Which hours are of which kind: index `start`, one Boolean column a kind, for example those of
        `forecast.selection.hour_kinds`.

    Returns
    -------
    DataFrame
        `stream, model, bucket, origins, hours` and the scores. The top hours are the top 5 % *by forecast*:
        by outcome would select the hours that were forecast too low.
    """
    hours = backtest.hours
    week = (hours["lead_day"] + 6) // 7
    masks = {"all": pd.Series(data=True, index=hours.index)}
    masks |= {name: week.between(first, last) for name, (first, last) in LEAD_WEEKS.items()}
    if kinds is not None:
        aligned = kinds.reindex(pd.DatetimeIndex(hours["start"])).fillna(value=False).set_axis(hours.index)
        masks |= {str(name): aligned[name].astype(bool) for name in kinds.columns}
    highest = hours.groupby("model")["forecast"].transform(lambda means: means.quantile(1 - TOP_SHARE))
    masks["top 5 %"] = hours["forecast"] >= highest
    tables = [_bucket(hours[mask], name) for name, mask in masks.items() if mask.any()]
    if len(backtest.days):
        tables.append(_bucket(backtest.days, "day totals"))
    return pd.concat(tables, ignore_index=True)


def _bucket(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    scores = pool_scores(rows, by=["stream", "model"])
    origins = rows.groupby(["stream", "model"])["origin"].nunique().to_numpy()
    scores.insert(2, "bucket", name)
    scores.insert(3, "origins", origins)
    return scores


def paired_gap(backtest: Backtest, one: str, other: str) -> tuple[float, float]:
    """Return by how much one model's quantile loss differs from another's, with its standard error.

    Differences are taken origin by origin; six to eight origins tell ten percent apart, not two.

    Returns
    -------
    tuple of float
        Relative difference (below 0: `one` is better) and its standard error over origins, NaN for one.
    """
    sums = backtest.hours.pivot_table(index="origin", columns="model", values="loss", aggfunc="sum")
    gaps = ((sums[one] - sums[other]) / sums[other].mean()).to_numpy(dtype=float)
    error = float(gaps.std(ddof=1) / np.sqrt(len(gaps))) if len(gaps) > 1 else float("nan")
    return float(gaps.mean()), error
