"""The rest of a day forecast anew: WAPE of the rest before and after, by hour of the cut, on every series.

    python tests/bench/forecast_today.py

Each day is forecast from the midnight of its week's origin (so up to six days old, as a plan would be). The
trust in the hours seen is learnt from the weeks before, as `paiban forecast --now` does.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterator

import numpy as np
import pandas as pd
from forecast_peers import known_of
from forecast_series import BenchSeries, ibm_care, nyc_taxi, shop

from forecast.backtest import BacktestPlan, Paths, run_backtest
from forecast.intraday import TEACHING_ORIGINS, PastDay, learn_trust, moved_paths, past_days
from forecast.models import DEFAULT, find_model
from forecast.shop_backtest import model_forecaster

CUTS = (10, 12, 14, 17, 20)
SHORT_HISTORY_WEEKS = 4  # of teaching, where there are eight weeks in all


def main() -> None:
    """Print a table a series."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--weeks", type=int, default=12, help="weeks scored")
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    shops = [shop(per_hour=per_hour, origins=1, seed=chosen.seed) for per_hour in (7, 100, 1000)]
    for series in (nyc_taxi(origins=1), ibm_care(), *shops):
        weeks = 3 if series.name == "ibm_care" else chosen.weeks
        print(
            f"\n{series.name}, {weeks} weeks\n"
            + table(series, weeks, chosen.seed).round(3).to_string(index=False)
        )


def table(series: BenchSeries, weeks: int, seed: int) -> pd.DataFrame:
    """Return, for each cut, WAPE of the rest of the day as it was, with full trust and with trust learnt."""
    teaching = SHORT_HISTORY_WEEKS if series.name == "ibm_care" else TEACHING_ORIGINS
    days = list(week_days(series, weeks + teaching, seed))
    rows = []
    for cut in CUTS:
        sums = np.zeros(4)
        covered = np.zeros(2)
        trusts = []
        for week in range(teaching, len(days)):
            teachers = [day for one in days[week - teaching : week] for day in one]
            trust = learn_trust(teachers, hour=cut)
            trusts.append(trust)
            for day in days[week]:
                sums += losses(day, cut, (0.0, 1.0, trust))
                covered += cover(day, cut, trust)
        rows.append(
            {
                "cut": cut,
                "before": sums[1] / sums[0],
                "full trust": sums[2] / sums[0],
                "after": sums[3] / sums[0],
                "ratio": sums[3] / sums[1],
                "mean trust": np.mean(trusts),
                "cover80": covered[0] / covered[1],
            }
        )
    return pd.DataFrame(rows)


def week_days(series: BenchSeries, weeks: int, seed: int) -> Iterator[list[PastDay]]:
    """Yield the days of each week, forecast from its first midnight."""
    known, settings = known_of(series)
    last = series.table["start"].iloc[-1].date() + dt.timedelta(days=1)
    origins = tuple(last - dt.timedelta(weeks=k) for k in range(weeks, 0, -1))
    plan = BacktestPlan(origins=origins, days_ahead=7, timezone=series.timezone)
    model = model_forecaster(
        find_model(DEFAULT), stream="shop", history=series.history, settings=settings, known=known
    )
    rows = series.history[["start", "offered"]]
    odd = set(series.table.loc[series.table["is_odd"], "start"])
    clean = rows[~rows["start"].isin(odd)]
    found = run_backtest(rows, {DEFAULT: model}, plan, stream="shop", seed=seed)
    for origin in origins:
        paths: Paths = found.paths[DEFAULT, origin]
        yield past_days([paths], clean, series.timezone)


def losses(day: PastDay, cut: int, trusts: tuple[float, ...]) -> np.ndarray:
    """Return what came in the rest of the day and the summed errors of its medians, one for each trust."""
    known = ~np.isnan(day.actual)
    seen, rest = (day.hours < cut) & known, (day.hours >= cut) & known
    if not seen.any() or not rest.any():
        return np.zeros(1 + len(trusts))
    came = day.actual[rest]
    errors = [
        np.abs(
            np.median(moved_paths(day.draws, day.actual, blocks=[seen], rest=rest, trust=trust), axis=0)
            - came
        ).sum()
        for trust in trusts
    ]
    return np.array([came.sum(), *errors])


def cover(day: PastDay, cut: int, trust: float) -> np.ndarray:
    """Return how many of the rest's hours the 80 % band held, and how many there were."""
    known = ~np.isnan(day.actual)
    seen, rest = (day.hours < cut) & known, (day.hours >= cut) & known
    if not seen.any() or not rest.any():
        return np.zeros(2)
    moved = moved_paths(day.draws, day.actual, blocks=[seen], rest=rest, trust=trust)
    low, high = np.quantile(moved, [0.1, 0.9], axis=0)
    inside = (low <= day.actual[rest]) & (day.actual[rest] <= high)
    return np.array([inside.sum(), rest.sum()])


if __name__ == "__main__":
    main()
