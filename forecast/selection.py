"""Which model forecasts which stream: chosen on the stream's own past, said why, never failing a plan."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from forecast.accuracy import pool_scores
from forecast.backtest import Backtest, BacktestPlan, Paths, paired_gap, run_backtest
from forecast.config import ShopSettings
from forecast.draws import ShopForecast, forecast_shop
from forecast.errors import DataError, ModelError
from forecast.models import DEFAULT, find_model, known_models
from forecast.models.base import Effect, ForecastModel, Known
from forecast.models.combination import average_quantiles
from forecast.overrides import Override, apply_overrides
from forecast.promotions import PromotionCalendar
from forecast.randomness import generator
from forecast.shop_backtest import backtest_stream, ignored_hours, known_ahead
from forecast.timegrid import midnight
from forecast.traffic import Traffic, compare_traffic, last_day

log = logging.getLogger(__name__)

ORIGINS = 4
STEP_DAYS = 7
LONGEST_HORIZON = 14  # days; choosing costs as many fits whatever the horizon, but recent weeks count most
FEWEST_WEEKS = 8.0  # of history before anything but the default is considered
NEAR = 0.10  # members of a combination are within this of the best loss
WORTH = 0.02  # a change of model must gain this much, and more than its standard error


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The model of one stream and what it was chosen on.

    ``scores`` has one row a model (`forecast.accuracy.pool_scores`); empty where nothing was compared.
    """

    stream: str
    model: str
    reason: str
    scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    backtest: Backtest | None = None


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Demand ahead of every stream.

    Attributes
    ----------
    table, draws
        As ``forecast.csv`` and ``draws.parquet``.
    parts, effects, notes
        By stream: factors of every hour's mean; holidays and promotions that act, with where their size
        comes from; what was done to the history and what to be wary of.
    choice
        By stream: the model, why, and the backtest scores behind it.
    """

    table: pd.DataFrame
    draws: pd.DataFrame
    parts: Mapping[str, pd.DataFrame]
    effects: Mapping[str, tuple[Effect, ...]]
    notes: Mapping[str, tuple[str, ...]]
    choice: Mapping[str, Choice]


def forecast_demand(
    history: pd.DataFrame,
    settings: ShopSettings,
    *,
    calendar: PromotionCalendar,
    start: dt.date,
    days: int,
    seed: int,
    draws: int = 500,
    model: str | None = None,
    origins: int = ORIGINS,
    overrides: Sequence[Override] = (),
    traffic: Sequence[Traffic] = (),
) -> Forecast:
    """Forecast every stream with the model that its own past speaks for.

    Parameters
    ----------
    history
        `stream, start, offered`; rows from `start` on are not read.
    settings, calendar
        The shop's settings and promotions.
    start, days
        First local day and number of days ahead.
    seed
        The run's seed.
    draws
        Joint sample paths.
    model
        A model's name, or names joined by ``+``: nothing is compared then.
    origins
        Backtests that the choice rests on; 0: the default model is taken.
    overrides
        A manager's word on hours ahead, applied last (`forecast.overrides`).
    traffic
        Orders or visitors to hold the forecast against (`forecast.traffic`).

    Raises
    ------
    DataError
        If a stream's history is too short for any forecast.
    ConfigError
        If no model is called `model`.
    """
    past = history[history["start"] < midnight(start, settings.shop.timezone)]
    if past.empty:
        raise DataError(f"history: no rows before {start}; a forecast needs at least a week of them")
    known = known_ahead(past, settings, calendar, last=last_day(traffic, start + dt.timedelta(days=days)))
    streams = sorted(str(stream) for stream in past["stream"].unique())
    if model is not None:
        given = find_model(model)
        choice = {name: Choice(stream=name, model=given.name, reason="as asked for") for name in streams}
    else:
        choice = {
            name: choose_model(past, settings, known, stream=name, days=days, origins=origins, seed=seed)
            for name in streams
        }
    models = {name: find_model(one.model) for name, one in choice.items()}
    found = forecast_shop(
        past, settings, known, start=start, days=days, models=models, seed=seed, draws=draws
    )
    checks, moves = compare_traffic(found.table, traffic, past, found.models)
    told = apply_overrides(
        found.table, found.draws, [*moves, *overrides], timezone=settings.shop.timezone, seed=seed
    )
    return Forecast(
        table=told.table,
        draws=told.draws,
        parts=found.parts,
        effects={name: (*effects, *told.effects.get(name, ())) for name, effects in found.effects.items()},
        notes={
            name: (*notes, *checks.get(name, ()), *told.notes.get(name, ()))
            for name, notes in found.notes.items()
        },
        choice={name: _as_fitted(one, found) for name, one in choice.items()},
    )


def _as_fitted(choice: Choice, found: ShopForecast) -> Choice:
    """Return the choice under the name of the model that answered in the end: a fallback says so."""
    fitted = found.models[choice.stream].name
    if fitted == choice.model:
        return choice
    reason = "; ".join(found.notes[choice.stream]) or choice.reason
    return dataclasses.replace(choice, model=fitted, reason=reason)


def choose_model(
    history: pd.DataFrame,
    settings: ShopSettings,
    known: Known,
    *,
    stream: str,
    days: int,
    origins: int = ORIGINS,
    seed: int,
    models: Mapping[str, ForecastModel] | None = None,
) -> Choice:
    """Return the model of one stream, by quantile loss on rolling origins in its own past.

    The default model stays unless another, or the mean of the quantiles of those near the best, was better
    by more than two percent and by more than the standard error over origins.

    Parameters
    ----------
    history
        `stream, start, offered` of the shop, before the first day ahead.
    settings, known
        The shop's settings, and calendar and promotions.
    stream
        The stream to choose for.
    days
        Days ahead that are wanted; at most two weeks of them are compared.
    origins, seed, models
        How many backtests (0: none, the default model is taken), the run's seed, and the candidates (default:
        the registry).
    """
    models = known_models() if models is None else models
    own = history[history["stream"] == stream]
    weeks = (own["start"].max() - own["start"].min()) / pd.Timedelta(days=7)
    if weeks < FEWEST_WEEKS:
        return Choice(
            stream=stream,
            model=DEFAULT,
            reason=f"{weeks:.0f} weeks of history are too few to compare models; {DEFAULT} by default",
        )
    if origins == 0:
        return Choice(stream=stream, model=DEFAULT, reason="by default; other models were not compared")
    try:
        backtest = backtest_stream(
            history,
            settings,
            known,
            stream=stream,
            models=models,
            days_ahead=min(days, LONGEST_HORIZON),
            origins=origins,
            step_days=STEP_DAYS,
            seed=seed,
        )
    except (ModelError, DataError) as error:
        log.warning("%s: models cannot be compared, %s by default: %s", stream, DEFAULT, error)
        return Choice(stream=stream, model=DEFAULT, reason=f"models cannot be compared: {error}")
    return _best(stream, _with_combination(backtest, history, known, stream, seed))


def _with_combination(
    backtest: Backtest, history: pd.DataFrame, known: Known, stream: str, seed: int
) -> Backtest:
    """Return the backtest with one more candidate, the mean of the models near the best, if there are two."""
    losses = backtest.hours.groupby("model")["loss"].sum()
    near = [str(name) for name in losses.index[losses <= losses.min() * (1 + NEAR)]]
    if len(near) < 2:
        return backtest
    near.sort(key=lambda name: (name != DEFAULT, losses[name]))  # the first lends the paths their order
    name = " + ".join(near)

    def mean_of_members(history: pd.DataFrame, *, start: dt.date, days: int, draws: int, seed: int) -> Paths:  # noqa: ARG001
        members = [backtest.paths[member, start] for member in near]
        return Paths(
            starts=members[0].starts,
            mean=np.mean([member.mean for member in members], axis=0),
            draws=average_quantiles(
                [member.draws for member in members],
                generator(seed, "mean of members", stream, start.isoformat()),
            ),
        )

    own = history.loc[history["stream"] == stream, ["start", "offered"]].sort_values("start")
    origins = tuple(sorted({origin for _, origin in backtest.paths}))
    days_ahead = int(backtest.hours["lead_day"].max())
    combined = run_backtest(
        own,
        {name: mean_of_members},
        BacktestPlan(origins=origins, days_ahead=days_ahead, timezone=known.timezone),
        stream=stream,
        seed=seed,
        unscored=ignored_hours(pd.DatetimeIndex(own["start"]), known.promotions),
    )
    return dataclasses.replace(
        backtest,
        hours=pd.concat([backtest.hours, combined.hours], ignore_index=True),
        days=pd.concat([backtest.days, combined.days], ignore_index=True),
        paths={**backtest.paths, **combined.paths},
    )


def _best(stream: str, backtest: Backtest) -> Choice:
    """Return the default unless another was better beyond doubt."""
    scores = pool_scores(backtest.hours, by=["model"]).sort_values("pinball", ignore_index=True)
    best = str(scores["model"].iloc[0])
    count = backtest.hours["origin"].nunique()
    basis = f"on {count} backtests of this stream's own past"
    if DEFAULT not in set(scores["model"]):
        reason = (
            f"{DEFAULT} could not be fitted ({backtest.failures.get(DEFAULT, '')}); {best} was best {basis}"
        )
    elif best == DEFAULT:
        reason = f"best {basis}"
    else:
        gap, error = paired_gap(backtest, best, DEFAULT)
        if gap < -WORTH and (np.isnan(error) or gap < -error):
            reason = f"{-gap:.0%} better than {DEFAULT} {basis}"
        else:
            best, reason = DEFAULT, f"{best} was only {-gap:.1%} better {basis}, within luck"
    return Choice(stream=stream, model=best, reason=reason, scores=scores, backtest=backtest)
