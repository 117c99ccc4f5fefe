"""Every model of the registry on a shop's own past, stream by stream."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.backtest import (
    Backtest,
    Forecaster,
    Paths,
    backtest_table,
    before,
    bucket_table,
    rolling_origins,
    run_backtest,
)
from forecast.config import ShopSettings
from forecast.draws import ordinary_skill_volumes
from forecast.hour_kinds import hour_kinds
from forecast.models import known_models
from forecast.models.base import ForecastModel, Known
from forecast.promotions import PromotionCalendar
from forecast.randomness import generator
from forecast.special_days import find_special_days
from forecast.timegrid import slots


@dataclass(frozen=True, kw_only=True)
class ShopBacktest:
    """All streams' backtests: ``backtest.csv``, and the scores apart by week ahead and kind of hour."""

    table: pd.DataFrame
    buckets: pd.DataFrame
    failures: Mapping[str, Mapping[str, str]]


def known_ahead(
    history: pd.DataFrame, settings: ShopSettings, calendar: PromotionCalendar, *, last: dt.date
) -> Known:
    """Return what is known ahead: holidays around history and horizon, promotions, volumes by skill."""
    timezone = settings.shop.timezone
    first = history["start"].min().tz_convert(timezone).date()
    return Known(
        timezone=timezone,
        special_days=find_special_days(
            settings.shop.holidays, first=first, last=last, folder=settings.folder
        ),
        holidays_assumed=not settings.holidays_named,
        promotions=calendar,
        skill_volumes=ordinary_skill_volumes(history, settings, timezone),
    )


def model_forecaster(
    model: ForecastModel, *, stream: str, history: pd.DataFrame, settings: ShopSettings, known: Known
) -> Forecaster:
    """Return a model as a forecaster of one stream for `forecast.backtest.run_backtest`.

    Volumes by skill, which a phase's mix is read against, are taken anew from the rows of the whole shop's
    `history` before each origin.
    """

    shop = history

    def forecast(history: pd.DataFrame, *, start: dt.date, days: int, draws: int, seed: int) -> Paths:
        shop_past = before(shop, start, known.timezone)
        volumes = ordinary_skill_volumes(shop_past, settings, known.timezone)
        series = history.set_index("start")["offered"].sort_index()
        fitted = model.fit(
            series, dataclasses.replace(known, skill_volumes=volumes), stream=settings.stream(stream)
        )
        grid = slots(start, days, 60, known.timezone)
        starts = grid[fitted.open_hours.is_open(grid)]
        rng = generator(seed, "backtest", stream, model.name, start.isoformat())
        return Paths(
            starts=starts, mean=np.asarray(fitted.mean(starts)), draws=fitted.draw(starts, draws, rng)
        )

    return forecast


def ignored_hours(starts: pd.DatetimeIndex, calendar: PromotionCalendar) -> pd.DatetimeIndex:
    """Return the hours that the calendar says to ignore: never learnt, never scored."""
    ignored = np.zeros(len(starts), dtype=bool)
    for span in calendar.ignored:
        ignored |= np.asarray(
            (starts >= pd.Timestamp(span.start).floor("h")) & (starts < pd.Timestamp(span.end))
        )
    return starts[ignored]


def backtest_stream(
    history: pd.DataFrame,
    settings: ShopSettings,
    known: Known,
    *,
    stream: str,
    models: Mapping[str, ForecastModel],
    days_ahead: int,
    origins: int,
    seed: int,
    step_days: int | None = None,
) -> Backtest:
    """Backtest models on one stream of a shop.

    Raises
    ------
    DataError
        If the history is too short for one origin.
    ModelError
        If no model can be fitted.
    """
    own = history.loc[history["stream"] == stream, ["start", "offered"]].sort_values("start")
    plan = rolling_origins(
        own, days_ahead=days_ahead, timezone=known.timezone, count=origins, step_days=step_days
    )
    forecasters = {
        name: model_forecaster(model, stream=stream, history=history, settings=settings, known=known)
        for name, model in models.items()
    }
    skip = ignored_hours(pd.DatetimeIndex(own["start"]), known.promotions)
    return run_backtest(own, forecasters, plan, stream=stream, seed=seed, unscored=skip)


def backtest_shop(
    history: pd.DataFrame,
    settings: ShopSettings,
    *,
    calendar: PromotionCalendar,
    days_ahead: int = 14,
    origins: int = 6,
    seed: int = 0,
    models: Mapping[str, ForecastModel] | None = None,
) -> ShopBacktest:
    """Backtest every model on every stream.

    Parameters
    ----------
    history
        `stream, start, offered`.
    settings, calendar
        The shop's settings and promotions.
    days_ahead, origins
        Horizon, and how many origins (fewer where the history is short).
    seed
        The run's seed.
    models
        Default: all of the registry.

    Raises
    ------
    DataError
        If a stream's history is too short for one origin.
    """
    models = known_models() if models is None else models
    last = history["start"].max().tz_convert(settings.shop.timezone).date()
    known = known_ahead(history, settings, calendar, last=last)
    tables, buckets, failures = [], [], {}
    for stream in sorted(history["stream"].unique()):
        found = backtest_stream(
            history,
            settings,
            known,
            stream=stream,
            models=models,
            days_ahead=days_ahead,
            origins=origins,
            seed=seed,
        )
        hours = pd.DatetimeIndex(found.hours["start"].unique())
        kinds = hour_kinds(hours, known, platform=settings.stream(stream).platform)
        tables.append(backtest_table(found, days_ahead))
        buckets.append(bucket_table(found, kinds))
        failures[stream] = found.failures
    return ShopBacktest(
        table=pd.concat(tables, ignore_index=True),
        buckets=pd.concat(buckets, ignore_index=True),
        failures=failures,
    )
