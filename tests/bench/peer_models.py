"""Other people's forecasters, run as their guides advise, in an environment of their own.

Run by ``forecast_peers.py`` as ``python peer_models.py PEER JOB OUT``; it needs no module of this project.

JOB is a folder: ``series.csv`` with one row an open hour (`start` as local wall time, `offered`, empty where
the log is missing, and what is known ahead: `holiday`, `makeup`, `flag_*`, `since_kickoff_h`, `to_end_h`),
and ``job.json``: `origins` (local times), `horizon_h` (rows ahead), `levels`, `day_h` (open hours a day).
OUT gets one row an origin and hour: `origin, start, mean, q0 ... qN`, and ``OUT.json`` the CPU seconds.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

Forecaster = Callable[[pd.DataFrame, pd.DataFrame, list[float], int], tuple[np.ndarray, np.ndarray]]
WEEKS_OF_MEAN = 8
SAMPLES = 300


def seasonal_naive(past: pd.DataFrame, ahead: pd.DataFrame, levels: list[float], day_h: int):
    """Return last week's hours, with bands of past one-week errors."""
    return _week_means(past, ahead, levels, day_h, weeks=1)


def seasonal_mean(past: pd.DataFrame, ahead: pd.DataFrame, levels: list[float], day_h: int):
    """Return the mean of each hour of the week over eight weeks, with bands of past errors."""
    return _week_means(past, ahead, levels, day_h, weeks=WEEKS_OF_MEAN)


def _week_means(past: pd.DataFrame, ahead: pd.DataFrame, levels: list[float], day_h: int, *, weeks: int):
    week = 7 * day_h
    counts = past["offered"].to_numpy()
    lags = np.stack([_shifted(counts, week * k) for k in range(1, weeks + 1)])
    errors = counts - _mean(lags)
    recent = counts[-week * weeks :]
    recent = recent[len(recent) % week :].reshape(-1, week)
    profile = _mean(recent)
    mean = np.resize(np.nan_to_num(profile, nan=np.nanmean(counts)), len(ahead))
    relative = errors[-week * 8 :] / np.sqrt(np.maximum(_mean(lags)[-week * 8 :], 0.5))
    spread = np.nanquantile(relative, levels)
    return mean, np.maximum(mean + spread[:, None] * np.sqrt(np.maximum(mean, 0.5)), 0)


def hour_of_week_glm(past: pd.DataFrame, ahead: pd.DataFrame, levels: list[float], day_h: int):
    """Return a Poisson regression on hour of week and a linear trend (statsmodels)."""
    import statsmodels.api as sm
    from scipy import stats

    rows = past.dropna(subset=["offered"])
    slots = sorted(set(zip(past["start"].dt.dayofweek, past["start"].dt.hour, strict=True)))
    origin = past["start"].iloc[-1]

    def design(frame: pd.DataFrame) -> np.ndarray:
        keys = list(zip(frame["start"].dt.dayofweek, frame["start"].dt.hour, strict=True))
        dummies = (pd.Categorical(keys, categories=slots).codes[:, None] == np.arange(len(slots))).astype(
            float
        )
        years = ((frame["start"] - origin) / pd.Timedelta(days=365)).to_numpy()
        return np.column_stack([dummies, years])

    model = sm.GLM(rows["offered"].to_numpy(), design(rows), family=sm.families.Poisson())
    fit = model.fit(maxiter=50)
    mean = np.minimum(fit.predict(design(ahead)), 20 * past["offered"].max() + 1)
    size = 1 / max(1e-6, (np.sum((rows["offered"] - fit.mu) ** 2 - fit.mu)) / np.sum(fit.mu**2))
    return mean, np.stack([stats.nbinom.ppf(level, size, size / (size + mean)) for level in levels])


def statsmodels_mstl_ets(past: pd.DataFrame, ahead: pd.DataFrame, levels: list[float], day_h: int):
    """Return MSTL seasons of day and week, carried on, plus a damped ETS of the rest, on square roots."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    from statsmodels.tsa.seasonal import MSTL

    week = 7 * day_h
    values = np.sqrt(_filled(past["offered"].to_numpy(), week)[-52 * week :])
    parts = MSTL(pd.Series(values), periods=(day_h, week)).fit()
    seasons = parts.seasonal.sum(axis=1).to_numpy()
    fit = ETSModel(values - seasons, error="add", trend="add", damped_trend=True).fit(disp=False, maxiter=200)
    paths = fit.simulate(len(ahead), anchor="end", repetitions=SAMPLES, rng=np.random.default_rng(0))
    paths = np.maximum(np.asarray(paths).T + np.resize(seasons[-week:], len(ahead)), 0) ** 2
    return paths.mean(axis=0), np.quantile(paths, levels, axis=0)


def statsforecast_mstl_ets(past: pd.DataFrame, ahead: pd.DataFrame, levels: list[float], day_h: int):
    """Return statsforecast's MSTL with AutoETS on square roots."""
    from statsforecast.models import MSTL, AutoETS

    week = 7 * day_h
    values = np.sqrt(_filled(past["offered"].to_numpy(), week)[-52 * week :])
    widths = sorted({round(100 * abs(1 - 2 * level), 3) for level in levels if level != 0.5})
    model = MSTL(season_length=[day_h, week], trend_forecaster=AutoETS(model="ZZN"))
    out = model.fit(values).predict(h=len(ahead), level=widths)
    rows = []
    for level in levels:
        width = round(100 * abs(1 - 2 * level), 3)
        name = "mean" if level == 0.5 else f"{'lo' if level < 0.5 else 'hi'}-{width:g}"
        rows.append(out[name if name in out else name.replace(f"{width:g}", str(width))])
    quantiles = np.maximum(np.stack(rows), 0) ** 2
    return np.maximum(out["mean"], 0) ** 2, quantiles


def prophet(past: pd.DataFrame, ahead: pd.DataFrame, levels: list[float], day_h: int):
    """Return Prophet with holidays, make-up days and the promotions' phases as hourly flags."""
    from prophet import Prophet

    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    logging.getLogger("prophet").setLevel(logging.ERROR)
    rows = past.dropna(subset=["offered"])
    both = pd.concat([past, ahead])
    days = both.assign(ds=both["start"].dt.normalize()).drop_duplicates("ds")
    holidays = days.loc[days["holiday"] != "", ["holiday", "ds"]]
    flags = [name for name in past if name.startswith("flag_") and past[name].any()]
    flags += ["makeup"] if past["makeup"].any() else []
    model = Prophet(
        holidays=holidays if len(holidays) else None,
        seasonality_mode="multiplicative",
        daily_seasonality=True,
        weekly_seasonality=True,
        yearly_seasonality=bool(len(past) > 365 * day_h),
        uncertainty_samples=SAMPLES,
    )
    for name in flags:
        model.add_regressor(name, mode="multiplicative", standardize=False)
    np.random.seed(0)  # noqa: NPY002  (Prophet draws from numpy's global generator)
    columns = {"ds": rows["start"], "y": rows["offered"]} | {name: rows[name].astype(float) for name in flags}
    model.fit(pd.DataFrame(columns))
    future = pd.DataFrame({"ds": ahead["start"]} | {name: ahead[name].astype(float) for name in flags})
    paths = np.maximum(model.predictive_samples(future)["yhat"].T, 0)
    return paths.mean(axis=0), np.quantile(paths, levels, axis=0)


def lightgbm(past: pd.DataFrame, ahead: pd.DataFrame, levels: list[float], day_h: int):
    """Return boosted trees, one set for each group of lead weeks, on calendar, promotions and weekly lags."""
    import lightgbm as lgb

    week = 7 * day_h
    table = pd.concat([past, ahead.assign(offered=np.nan)], ignore_index=True)
    fitted = (0.1, 0.25, 0.5, 0.75, 0.9)
    found = np.zeros((len(fitted), len(ahead)))
    for first, last in ((1, 1), (2, 2), (3, 4), (5, 6)):
        inside = np.arange(len(ahead)) // week + 1
        rows = np.flatnonzero((inside >= first) & (inside <= last))
        if len(rows) == 0:
            continue
        features = _features(table, week, lag_weeks=last)
        known = np.flatnonzero(
            past["offered"].notna().to_numpy() & (np.arange(len(past)) >= min(week * last, len(past) // 3))
        )
        for position, level in enumerate(fitted):
            settings = {
                "objective": "quantile",
                "alpha": level,
                "learning_rate": 0.06,
                "num_leaves": 31,
                "min_data_in_leaf": 30,
                "num_threads": 1,
                "verbosity": -1,
                "seed": 0,
                "deterministic": True,
            }
            rows_seen = lgb.Dataset(features.iloc[known], np.sqrt(past["offered"].to_numpy()[known]))
            model = lgb.train(settings, rows_seen, num_boost_round=250)
            found[position, rows] = np.maximum(model.predict(features.iloc[len(past) + rows]), 0) ** 2
    found = np.sort(found, axis=0)
    quantiles = np.stack([_between(found, fitted, level) for level in levels])
    return np.stack([_between(found, fitted, level) for level in np.linspace(0.05, 0.95, 10)]).mean(
        axis=0
    ), quantiles


def _features(table: pd.DataFrame, week: int, *, lag_weeks: int) -> pd.DataFrame:
    start, counts = table["start"].dt, table["offered"]
    features = pd.DataFrame(
        {
            "hour": start.hour,
            "weekday": start.dayofweek,
            "day_of_month": start.day,
            "week_of_year": start.isocalendar().week.astype(int),
            "holiday": pd.Categorical(table["holiday"]).codes,
            "makeup": table["makeup"].astype(int),
            "since_kickoff": table["since_kickoff_h"],
            "to_end": table["to_end_h"],
        }
    )
    for name in table.columns[table.columns.str.startswith("flag_")]:
        features[name] = table[name].astype(int)
    lags = [counts.shift(week * k) for k in range(lag_weeks, lag_weeks + 4)]
    features["lag_1"], features["lag_mean"] = lags[0], pd.concat(lags, axis=1).mean(axis=1)
    level = counts.rolling(week, min_periods=week // 3).mean()
    features["level"], features["level_4"] = (
        level.shift(week * lag_weeks),
        level.shift(week * (lag_weeks + 3)),
    )
    return features


def _between(found: np.ndarray, fitted: tuple[float, ...], level: float) -> np.ndarray:
    """Return a quantile by interpolation on the normal scale, carried on beyond the outer two."""
    from scipy import stats

    z, grid = stats.norm.ppf(level), stats.norm.ppf(fitted)
    at = int(np.clip(np.searchsorted(grid, z), 1, len(grid) - 1))
    share = (z - grid[at - 1]) / (grid[at] - grid[at - 1])
    return np.maximum(found[at - 1] + share * (found[at] - found[at - 1]), 0)


def _shifted(values: np.ndarray, by: int) -> np.ndarray:
    out = np.full(len(values), np.nan)
    out[by:] = values[: max(0, len(values) - by)]
    return out


def _mean(rows: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a slot with no value at all stays NaN
        return np.nanmean(rows, axis=0)


def _filled(values: np.ndarray, week: int) -> np.ndarray:
    """Return values with gaps filled from the week before, else the mean: decompositions know no gaps."""
    out = values.astype(float).copy()
    for position in np.flatnonzero(np.isnan(out)):
        out[position] = out[position - week] if position >= week else np.nanmean(values)
    return out


PEERS: dict[str, Forecaster] = {
    "seasonal naive": seasonal_naive,
    "8-week mean": seasonal_mean,
    "hour-of-week GLM": hour_of_week_glm,
    "MSTL+ETS statsmodels": statsmodels_mstl_ets,
    "MSTL+AutoETS statsforecast": statsforecast_mstl_ets,
    "Prophet": prophet,
    "LightGBM": lightgbm,
}
NEEDS = {"MSTL+AutoETS statsforecast": "statsforecast", "Prophet": "prophet", "LightGBM": "lightgbm"}


def _cpu_s() -> float:
    """Return CPU seconds of this process and of those it started: Prophet fits in a child."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def main(peer: str, job: Path, out: Path) -> None:
    """Run one peer over all origins of a job."""
    warnings.simplefilter("ignore")
    series = pd.read_csv(
        job / "series.csv", parse_dates=["start"], keep_default_na=False, na_values={"offered": [""]}
    )
    settings = json.loads((job / "job.json").read_text(encoding="utf-8"))
    results, seconds = [], []
    for origin in pd.to_datetime(settings["origins"]):
        first = int(series["start"].searchsorted(origin))
        past, ahead = series.iloc[:first], series.iloc[first : first + settings["horizon_h"]]
        past = past.iloc[-104 * 7 * settings["day_h"] :]
        ahead = ahead.drop(columns="offered")
        began = _cpu_s()
        mean, quantiles = PEERS[peer](past, ahead, settings["levels"], settings["day_h"])
        seconds.append(_cpu_s() - began)
        columns = {f"q{row}": values for row, values in enumerate(np.sort(quantiles, axis=0))}
        results.append(pd.DataFrame({"origin": origin, "start": ahead["start"], "mean": mean} | columns))
    pd.concat(results).to_csv(out, index=False)
    out.with_suffix(".json").write_text(json.dumps({"cpu_s": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
