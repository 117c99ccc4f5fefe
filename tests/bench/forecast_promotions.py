"""Big promotions six days ahead: kinds seen before against Prophet, kinds never seen, leaks of a kick-off.

    python tests/bench/forecast_promotions.py [--shops 1] [--no-peers]

Simulated shops of 100 an hour. Of each, the last four big promotions: their hours from kick-off to the end of
the sale are scored, outages and bursts left out. Floor: the error of somebody who knows the true mean.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from forecast_peers import available_peers, own_backtest, peer_backtest
from forecast_series import BenchSeries, shop

from forecast.accuracy import noise_floor, pool_scores
from forecast.backtest import BacktestPlan
from forecast.demo_shop.events import log_effect
from forecast.models import DEFAULT
from forecast.randomness import generator

Event = Mapping[str, Any]
PER_HOUR = 100
EVENTS = 4
DAYS_BEFORE = 6
NEW_KIND = "anniversary"
GUESS_SD, RANGE_SD = (
    0.15,
    0.2,
)  # log; how far a manager's multipliers are off, and how far they say they may be
SHOWN = ["what", "hours", "wape", "wql", "bias", "cover80", "cover95"]
TENTH = 1.28  # standard deviations from the 10 % quantile of a normal to its middle
CALM_DAYS = (11, 18)  # after the kick-off day: the sale and its wake are over


def main() -> None:
    """Print what the promotions of some shops show."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--shops", type=int, default=3)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--no-peers", action="store_true", help="our own forecast only")
    chosen = options.parse_args()
    peers = [] if chosen.no_peers else [name for name in available_peers() if name == "Prophet"]
    found = []
    for seed in range(chosen.seed, chosen.seed + chosen.shops):
        series = shop(per_hour=PER_HOUR, origins=1, seed=seed)
        big = [event for event in series.promotions if event["kind"] == "big_promo"]
        found += [event_rows(series, event, peers, seed=seed) for event in big[-EVENTS:]]
    rows = pd.concat(found, ignore_index=True)
    print(f"== {len(found)} big promotions {DAYS_BEFORE} days ahead, {chosen.shops} shops, {PER_HOUR}/h ==")
    scored = rows[rows["what"] != "leak"]
    table = pool_scores(scored, by=["what"])[SHOWN]
    print(table.round(3).to_string(index=False))
    seen = scored[scored["what"] == "seen"]
    print(f"noise floor {noise_floor(seen['mean'].to_numpy(), rows['overdispersion'].iloc[0]):.3f}")
    wape = table.set_index("what")["wape"]
    if "Prophet" in wape:
        print(f"kind seen, WAPE over Prophet's with the same events: {wape['seen'] / wape['Prophet']:.3f}")
    given = wape["new, given"] / wape["new, alone"]
    print(f"kind never seen, WAPE with multipliers over that without: {given:.3f}")
    print(leak_text(rows[rows["what"] == "leak"]))


def event_rows(series: BenchSeries, event: Event, peers: Sequence[str], *, seed: int) -> pd.DataFrame:
    """Return the scored hours of one event: kind seen, kind new without and with multipliers, leak."""
    kick_off, end = sale(event)
    origin = kick_off.date() - dt.timedelta(days=DAYS_BEFORE)
    plan = BacktestPlan(
        origins=(origin,), days_ahead=(end.date() - origin).days + 1, timezone=series.timezone
    )
    guess = guessed(series, event, generator(seed, "manager", event["id"]))
    rows = [
        forecast_rows(series, plan).assign(what="seen"),
        forecast_rows(with_event(series, event, event | {"kind": NEW_KIND}), plan).assign(what="new, alone"),
        forecast_rows(with_event(series, event, guess | {"kind": NEW_KIND}), plan).assign(what="new, given"),
        *(peer_backtest(series, peer, plan)[0].assign(what=peer) for peer in peers),
    ]
    hours = pd.concat(rows, ignore_index=True)
    local = hours["start"].dt.tz_localize(None)
    selling = hours[(local >= pd.Timestamp(kick_off)) & (local < pd.Timestamp(end))]
    truth = series.table.set_index("start")["mean"]
    both = pd.concat([selling, leak_rows(series, kick_off.date())], ignore_index=True)
    return both.assign(
        seed=seed,
        event=event["id"],
        mean=truth.reindex(pd.DatetimeIndex(both["start"])).to_numpy(),
        overdispersion=series.overdispersion,
    )


def sale(event: Event) -> tuple[dt.datetime, dt.datetime]:
    """Return kick-off and end of the sale, local."""
    spans = [(one["start"], one["end"]) for one in event["phase"] if one["kind"] in ("spot", "last_day")]
    return min(start for start, _ in spans), max(end for _, end in spans)


def forecast_rows(series: BenchSeries, plan: BacktestPlan) -> pd.DataFrame:
    """Return the scored hours of our default forecast."""
    return own_backtest(series, plan, only=[DEFAULT], seed=0).hours


def with_event(series: BenchSeries, event: Event, other: Event) -> BenchSeries:
    """Return the series with one event told differently."""
    told = [other if one["id"] == event["id"] else one for one in series.promotions]
    return dataclasses.replace(series, promotions=told)


def guessed(series: BenchSeries, event: Event, rng: np.random.Generator) -> dict[str, Any]:
    """Return the event with a manager's multipliers: each phase's true one, a little off, with a range."""
    local = pd.DatetimeIndex(series.table["start"]).tz_localize(None)
    factor = np.exp(log_effect([event], local, skill="presale", sizes=series.sizes))
    without = series.table["mean"].to_numpy() / factor
    phases = []
    for phase in event["phase"]:
        inside = (local >= pd.Timestamp(phase["start"])) & (local < pd.Timestamp(phase["end"]))
        true = float((without * factor)[inside].sum() / without[inside].sum())
        mid = true * float(np.exp(rng.normal(0, GUESS_SD)))
        wide = float(np.exp(TENTH * RANGE_SD))
        phases.append({**phase, "multiplier": {"low": mid / wide, "mid": mid, "high": mid * wide}})
    return {**event, "phase": phases}


def leak_rows(series: BenchSeries, day: dt.date) -> pd.DataFrame:
    """Return calm hours after the event, forecast on the kick-off's day and two days before it."""
    plan = BacktestPlan(
        origins=(day - dt.timedelta(days=2), day), days_ahead=CALM_DAYS[1] + 2, timezone=series.timezone
    )
    rows = forecast_rows(series, plan)
    local = rows["start"].dt.tz_localize(None)
    first, last = (pd.Timestamp(day) + pd.Timedelta(days=days) for days in CALM_DAYS)
    days_back = pd.Series([(day - origin).days for origin in rows["origin"]], index=rows.index)
    return rows[(local >= first) & (local < last)].assign(what="leak", days_back=days_back)


def leak_text(rows: pd.DataFrame) -> str:
    """Return by how much the last day before a kick-off raises the level of the calm weeks after it."""
    sums = rows.pivot_table(index=["seed", "event"], columns="days_back", values="forecast", aggfunc="sum")
    moved = np.log(sums[0] / sums[2])
    error = moved.std(ddof=1) / np.sqrt(len(moved))
    return (
        f"leak: forecasts of days {CALM_DAYS[0]}-{CALM_DAYS[1]} after the kick-off, made on its day over "
        f"those made two days before: {np.expm1(moved.mean()):+.1%} (standard error {error:.1%})"
    )


if __name__ == "__main__":
    main()
