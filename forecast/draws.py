"""From fitted models to the tables: ``forecast.csv`` and ``draws.parquet`` of every stream of a shop.

Draw number k is the same future of the shop in every stream: where the streams' days went up and down
together in the past, they do so in the draws.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.config import ShopSettings
from forecast.errors import DataError, ModelError
from forecast.frames import QUANTILES
from forecast.models.base import Effect, FittedModel, ForecastModel, Known
from forecast.models.naive import SeasonalNaive
from forecast.phase_drivers import phase_drivers
from forecast.randomness import generator
from forecast.timegrid import slots, zone

Floats = npt.NDArray[np.float64]

log = logging.getLogger(__name__)

DRAWS = 500
FEWEST_COMMON_DAYS = 28
CORRELATION_DAYS = 182
LARGEST_CORRELATION = 0.9


@dataclass(frozen=True, kw_only=True)
class ShopForecast:
    """A forecast of all streams.

    Attributes
    ----------
    table
        As ``forecast.csv``: one row a stream and open hour; with `bot_share` and `handle_factor` where a
        promotion's phase sets them (`forecast.phase_drivers`).
    draws
        As ``draws.parquet``: joint sample paths.
    notes, effects, parts
        By stream: what the model has to say, which holidays and promotions act and why, and the factors
        of every hour's mean.
    models
        The fitted models.
    """

    table: pd.DataFrame
    draws: pd.DataFrame
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    effects: Mapping[str, tuple[Effect, ...]] = field(default_factory=dict)
    parts: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    models: Mapping[str, FittedModel] = field(default_factory=dict)


def forecast_shop(
    history: pd.DataFrame,
    settings: ShopSettings,
    known: Known,
    *,
    start: dt.date,
    days: int,
    models: Mapping[str, ForecastModel],
    seed: int,
    draws: int = DRAWS,
) -> ShopForecast:
    """Forecast every stream of a history.

    Parameters
    ----------
    history
        `stream, start, offered`; rows from `start` on are not read.
    settings
        The shop's; a stream that they do not name has the defaults.
    known
        Calendar and promotions.
    start, days
        First local day and number of days ahead.
    models
        By stream, the model to use.
    seed
        The run's seed.
    draws
        Sample paths.

    Returns
    -------
    ShopForecast
        A stream whose model cannot be fitted is forecast by the yardstick, with a note.

    Raises
    ------
    DataError
        If a stream's history is too short for any forecast.
    """
    grid = slots(start, days, 60, known.timezone)
    past = history[history["start"] < grid[0]]
    fitted = {
        str(stream): _fit(rows, settings, known, str(stream), models[str(stream)])
        for stream, rows in past.groupby("stream", sort=True)
    }
    if not fitted:
        raise DataError(f"history: no rows before {start}; a forecast needs at least a week of them")
    spans = {stream: grid[model.open_hours.is_open(grid)] for stream, model in fitted.items()}
    paths = {
        stream: model.draw(spans[stream], draws, generator(seed, "forecast", stream))
        for stream, model in fitted.items()
    }
    paths = _together(paths, past, fitted, known.timezone, generator(seed, "forecast", "common days"))
    warnings = _calendar_notes(known, start, days)
    return ShopForecast(
        table=pd.concat(
            [
                forecast_table(
                    stream, spans[stream], paths[stream], mean=model.mean(spans[stream]), model=model.name
                ).join(phase_drivers(spans[stream], known.promotions, stream=settings.stream(stream)))
                for stream, model in fitted.items()
            ],
            ignore_index=True,
        ),
        draws=pd.concat(
            [draws_table(stream, spans[stream], paths[stream]) for stream in fitted], ignore_index=True
        ),
        notes={stream: (*model.notes, *warnings) for stream, model in fitted.items()},
        effects={stream: model.effects(spans[stream]) for stream, model in fitted.items()},
        parts={stream: model.parts(spans[stream]) for stream, model in fitted.items()},
        models=fitted,
    )


def _fit(
    rows: pd.DataFrame, settings: ShopSettings, known: Known, stream: str, model: ForecastModel
) -> FittedModel:
    """Return the model fitted to one stream, or the yardstick where that fails."""
    series = rows.set_index("start")["offered"].sort_index()
    try:
        return model.fit(series, known, stream=settings.stream(stream))
    except ModelError as error:
        log.warning("%s: %s cannot be fitted, the yardstick stands in: %s", stream, model.name, error)
        return SeasonalNaive(reason=f"{model.name} cannot be fitted: {error}").fit(
            series, known, stream=settings.stream(stream)
        )


def _calendar_notes(known: Known, start: dt.date, days: int) -> tuple[str, ...]:
    note = known.special_days.note(start, start + dt.timedelta(days=days - 1))
    return () if note is None else (note,)


def forecast_table(
    stream: str, starts: pd.DatetimeIndex, paths: Floats, *, mean: Floats, model: str
) -> pd.DataFrame:
    """Return ``forecast.csv``'s rows of one stream; the quantiles are those of the draws.

    Parameters
    ----------
    stream, model
        Labels.
    starts
        Aware hour starts.
    paths
        Joint sample paths, draws x hours.
    mean
        Expected consultations of each hour.
    """
    levels = np.quantile(paths, list(QUANTILES.values()), axis=0)
    return pd.DataFrame(
        {"stream": stream, "start": starts, "mean": mean}
        | dict(zip(QUANTILES, levels, strict=True))
        | {"model": model}
    )


def draws_table(stream: str, starts: pd.DatetimeIndex, paths: Floats) -> pd.DataFrame:
    """Return ``draws.parquet``'s rows of one stream, hours in order and draws from 0 on in each."""
    draws = len(paths)
    return pd.DataFrame(
        {
            "stream": stream,
            "start": starts.repeat(draws),
            "draw": np.tile(np.arange(draws), len(starts)),
            "offered": paths.T.ravel(),
        }
    )


def _together(
    paths: Mapping[str, Floats],
    past: pd.DataFrame,
    fitted: Mapping[str, FittedModel],
    timezone: str,
    rng: np.random.Generator,
) -> dict[str, Floats]:
    """Return the paths, renumbered so that streams move together as much as their past days did.

    Whole paths are renumbered, so that nothing inside a stream changes: its path totals take the ranks of
    one stream's share in a normal vector with the past correlation (Iman and Conover 1982).
    """
    streams = list(paths)
    if len(streams) < 2:
        return dict(paths)
    correlation = day_correlation(past, fitted, timezone)
    if np.allclose(correlation, np.eye(len(streams))):
        return dict(paths)
    draws = len(paths[streams[0]])
    scores = rng.standard_normal((draws, len(streams))) @ np.linalg.cholesky(correlation).T
    moved = {}
    for column, stream in enumerate(streams):
        totals = paths[stream].sum(axis=1)
        numbers = np.empty(draws, dtype=np.int64)
        numbers[np.argsort(scores[:, column], kind="stable")] = np.argsort(totals, kind="stable")
        moved[stream] = paths[stream][numbers]
    return moved


def day_correlation(past: pd.DataFrame, fitted: Mapping[str, FittedModel], timezone: str) -> Floats:
    """Return how far the streams' days moved together beyond calendar and promotions.

    Correlations of the days' log ratios of what came to what the models explain, over the last half year;
    never below 0, and 0 with fewer than four weeks of days in common.
    """
    columns = {}
    for stream, model in fitted.items():
        rows = past[(past["stream"] == stream)].sort_values("start")
        rows = rows[rows["start"] >= rows["start"].max() - pd.Timedelta(days=CORRELATION_DAYS)]
        starts = pd.DatetimeIndex(rows["start"])
        parts = model.parts(starts)
        explained = parts.drop(columns="level").prod(axis=1).to_numpy() * (parts["level"].to_numpy() > 0)
        day = starts.tz_convert(zone(timezone)).normalize()
        came = pd.Series(rows["offered"].to_numpy(dtype=float)).groupby(day).sum()
        said = pd.Series(explained).groupby(day).sum()
        ratio = pd.Series(np.log((came + 0.5) / (said + 0.5)))
        columns[stream] = ratio - ratio.rolling(29, center=True, min_periods=8).median()
    table = pd.DataFrame(columns).dropna()
    if len(table) < FEWEST_COMMON_DAYS:
        return np.eye(len(fitted))
    found = table.corr(method="spearman").fillna(0.0).to_numpy().clip(0.0, LARGEST_CORRELATION)
    np.fill_diagonal(found, 1.0)
    values, vectors = np.linalg.eigh(found)
    fixed = vectors @ np.diag(np.maximum(values, 1e-6)) @ vectors.T
    scale = np.sqrt(np.diag(fixed))
    return np.asarray(fixed / np.outer(scale, scale))


def ordinary_skill_volumes(
    history: pd.DataFrame, settings: ShopSettings, timezone: str
) -> dict[str, tuple[float, ...]]:
    """Return the median consultations of each wall hour over the last eight weeks, by skill."""
    recent = history[history["start"] >= history["start"].max() - pd.Timedelta(weeks=8)]
    volumes: dict[str, Floats] = {}
    for stream, rows in recent.groupby("stream", sort=True):
        skill = settings.stream(str(stream)).skill
        hour = rows["start"].dt.tz_convert(zone(timezone)).dt.hour.to_numpy()
        usual = rows["offered"].groupby(hour).median().reindex(range(24), fill_value=0.0)
        volumes[skill] = volumes.get(skill, np.zeros(24)) + usual.to_numpy(dtype=float)
    return {skill: tuple(volume.tolist()) for skill, volume in volumes.items() if skill}
