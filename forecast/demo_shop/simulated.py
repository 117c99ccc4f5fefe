"""Bench shops: two years of a history whose truth is known, with everything that makes forecasting hard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.demo_shop.demand import Floats, draw_counts, level_path, open_starts, true_mean
from forecast.demo_shop.events import EventTable
from forecast.demo_shop.parameters import NoiseParameters, StreamTruth
from forecast.demo_shop.promotion_years import bench_promotions
from forecast.randomness import generator
from forecast.timegrid import midnight

Flags = npt.NDArray[np.bool_]

TIMEZONE = "Asia/Shanghai"
LAST_DAY = dt.date(2026, 11, 22)  # a Sunday; fixed, so that no run depends on the clock
BENCH_NOISE = NoiseParameters(day_sd=0.11, day_memory=0.4, overdispersion=0.012, level_sd=0.015)
BENCH_SIZE = 0.45  # log: promotions half as strong again as the demo shop's, five-fold at a big kick-off
SHIFT = np.log(1.25)


@dataclass(frozen=True, kw_only=True)
class SimulatedShop:
    """A bench shop.

    Attributes
    ----------
    history
        `stream, start, offered`, one row a stream and open hour; logs that were lost are missing rows.
    promotions
        The calendar, as the ``[[event]]`` tables of ``promotions.toml``.
    truth
        `stream, start, mean, is_odd`: true mean of every open hour, lost ones included, and whether the
        hour is an outage or a burst, which no model can foresee and no score counts.
    sizes
        True log size of each promotion, by id.
    noise
        What nobody can foresee.
    """

    history: pd.DataFrame
    promotions: list[EventTable]
    sizes: Mapping[str, float]
    truth: pd.DataFrame
    noise: NoiseParameters


def simulate_shop(*, per_hour: float, weeks: int = 104, seed: int = 0) -> SimulatedShop:
    """Return a shop of one presale stream with holidays, promotions, live streams and faults in its logs.

    Parameters
    ----------
    per_hour
        Consultations an open hour on an ordinary day, before bots.
    weeks
        Length of the history, which ends with `LAST_DAY` whatever the seed.
    seed
        Same seed, same shop.

    Examples
    --------
    >>> shop = simulate_shop(per_hour=7, weeks=8, seed=1)
    >>> list(shop.truth.columns)
    ['stream', 'start', 'mean', 'is_odd']
    """
    if per_hour <= 0 or weeks < 1:
        raise ValueError(f"per_hour must be above 0 and weeks at least 1, got {per_hour:g} and {weeks}")
    truth = StreamTruth(id="shop", skill="presale", per_hour=per_hour)
    first = LAST_DAY - dt.timedelta(days=7 * weeks - 1)
    starts = open_starts(truth, first, 7 * weeks, TIMEZONE)
    rng = generator(seed, "events")
    events = bench_promotions(first, LAST_DAY + dt.timedelta(days=1), rng)
    sizes = {event["id"]: float(rng.normal(BENCH_SIZE, BENCH_NOISE.event_sd)) for event in events}
    end = midnight(LAST_DAY + dt.timedelta(days=1), TIMEZONE)
    level = level_path(truth, starts, end=end, noise=BENCH_NOISE, seed=seed) + _shifts(starts, seed)
    mean = true_mean(truth, starts, events=events, sizes=sizes, level=level)
    counts = draw_counts(mean, starts, noise=BENCH_NOISE, rng=generator(seed, "counts"))
    counts, odd, lost = _with_faults(counts, seed)
    table = pd.DataFrame(
        {"stream": truth.id, "start": starts, "offered": counts, "mean": mean, "is_odd": odd}
    )
    return SimulatedShop(
        history=table.loc[~lost, ["stream", "start", "offered"]].reset_index(drop=True),
        promotions=events,
        sizes=sizes,
        truth=table[["stream", "start", "mean", "is_odd"]],
        noise=BENCH_NOISE,
    )


def _shifts(starts: pd.DatetimeIndex, seed: int) -> Floats:
    """Return the log level shifts: one up in the first half, one half way back in the second."""
    rng = generator(seed, "shifts")
    up, down = rng.uniform(0.2, 0.4) * len(starts), rng.uniform(0.6, 0.75) * len(starts)
    position = np.arange(len(starts))
    return np.asarray(SHIFT * (position >= up) - SHIFT / 2 * (position >= down) - SHIFT / 2)


def _with_faults(counts: Floats, seed: int) -> tuple[Floats, Flags, Flags]:
    """Return counts with outages (zeros) and bursts, which hours those are, and which rows are lost."""
    rng = generator(seed, "faults")
    counts = counts.copy()
    odd, lost = np.zeros(len(counts), dtype=bool), np.zeros(len(counts), dtype=bool)
    a_year = 16 * 365
    times = max(1, len(counts) // a_year)
    for _ in range(2 * times):
        at, long = int(rng.integers(0, len(counts))), int(rng.integers(3, 9))
        counts[at : at + long] = 0.0
        odd[at : at + long] = True
    for _ in range(2 * times):
        at, long = int(rng.integers(0, len(counts))), int(rng.integers(2, 7))
        counts[at : at + long] = np.round(counts[at : at + long] * 5)
        odd[at : at + long] = True
    for long in [48] * times + [5] * (3 * times):
        at = int(rng.integers(0, len(counts)))
        lost[at : at + long] = True
    return counts, odd, lost
