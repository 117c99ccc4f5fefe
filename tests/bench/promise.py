"""Is the probability honest? What a plan states against what simulated futures do: a day, a week, 30 days.

A synthetic shop is forecast and its shifts are designed. For several targets the chance that the plan states
(`scheduling.promise`) is set beside the share of 240 fresh futures that meet the target: joint draws of the
same forecast made with another seed, each played reply by reply. Two readings: the future's expected share
(mean of several plays), which is what the stated chance speaks of, and a single play, which adds the luck of
the buyers. A row agrees if the difference is within two standard errors of two samples of that size, one of
the 60 draws behind the stated chance.

Run: make bench-promise
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from forecast.demo_shop import DEMO_START, write_demo_shop
from scheduling.demand import StreamDemand, served_day
from scheduling.duties import Duties, duties_of_plan
from scheduling.inputs import read_inputs
from scheduling.judgement import FRESH, judge_span, share_of_span
from scheduling.outlook import Outlook, forecast_outlook
from scheduling.people_limits import people_limits
from scheduling.pipeline import demands_of
from scheduling.promise import MOST_DRAWS, promises
from scheduling.shifts.design import design_span
from scheduling.shifts.templates import template_instances
from scheduling.simulation.replicate import judge

FUTURES = 240
SPANS = {"day": (1, 12), "week": (7, 4), "30 days": (30, 2)}  # days, plays of each future
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75)  # of the futures' shares, to set targets at
STREAM = "taobao-presale"


def fresh_demand(inputs: object, start: dt.date, days: int) -> StreamDemand:
    """Return the demand with draws of another seed than the plan's."""
    from forecast.selection import forecast_demand
    from scheduling.inputs import Inputs

    assert isinstance(inputs, Inputs)
    found = forecast_demand(
        inputs.history,
        inputs.settings.demand,
        calendar=inputs.calendar,
        start=start,
        days=days,
        seed=7,
        draws=FUTURES,
    )
    fresh = Outlook(table=found.table, draws=found.draws)
    return demands_of(fresh, inputs, start=start, days=days)[STREAM]


def plays(
    demand: StreamDemand, duties: Duties, absence: float, shrinkage: float, times: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return each future's expected share over the span, and the share of its first play."""
    above = np.zeros((times, FUTURES))
    below = np.zeros((times, FUTURES))
    for date, day in demand.days.items():
        seen = judge(
            {STREAM: served_day(day, shrinkage)},
            list(duties.get(date, {}).get(STREAM, ())),
            seed=11 + date.toordinal(),
            least_days=times * FUTURES,
            most_days=times * FUTURES,
            sessions={STREAM: demand.draws[date]},
            absence_rate=absence,
            first_day=FUTURES * (FRESH // FUTURES),
        ).streams[STREAM]
        above += seen.numerators.reshape(times, FUTURES)
        below += seen.denominators.reshape(times, FUTURES)
    return above.sum(axis=0) / below.sum(axis=0), above[0] / below[0]


def main() -> int:
    """Print one row per span and target; return how many rows disagree."""
    wrong = 0
    print(f"{dt.date.today()} futures {FUTURES}, draws behind the stated chance {MOST_DRAWS}")  # noqa: DTZ011
    print("span     target  stated  achieved  one play  two errors  agrees")
    with tempfile.TemporaryDirectory() as folder:
        write_demo_shop(Path(folder))
        inputs = read_inputs(Path(folder))
        settings = inputs.settings
        stream = settings.demand.stream(STREAM)
        for name, (days, times) in SPANS.items():
            began = time.monotonic()
            start = DEMO_START
            outlook = forecast_outlook(inputs, start=start, days=days, seed=0)
            demand = demands_of(outlook, inputs, start=start, days=days)[STREAM]
            plan = design_span(
                {STREAM: demand},
                template_instances(settings.templates, settings.demand.shop.interval_min),
                streams={STREAM: stream},
                limits=people_limits(settings),
                effort="quick",
            ).shift_plan
            duties = duties_of_plan(plan, settings.demand.shop.timezone)
            judged = judge_span({STREAM: demand}, duties, settings, seed=0)
            simulated = {STREAM: share_of_span(judged[STREAM]).value}
            expected, single = plays(
                fresh_demand(inputs, start, days), duties, stream.absence_rate, stream.shrinkage, times
            )
            for target in np.quantile(expected, QUANTILES):
                aimed = replace(
                    demand,
                    days={date: replace(day, target=float(target)) for date, day in demand.days.items()},
                )
                stated = promises({STREAM: aimed}, duties, simulated=simulated, settings=settings)[
                    STREAM
                ].probability
                achieved, once = float(np.mean(expected >= target)), float(np.mean(single >= target))
                middle = 0.5 * (stated + achieved)
                error = 2 * np.sqrt(middle * (1 - middle) * (1 / FUTURES + 1 / MOST_DRAWS))
                agrees = abs(stated - achieved) <= error
                wrong += not agrees
                print(
                    f"{name:8s} {target:.4f}  {stated:6.3f}  {achieved:8.3f}  {once:8.3f}  {error:10.3f}  "
                    f"{'yes' if agrees else 'NO'}",
                    flush=True,
                )
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return wrong


if __name__ == "__main__":
    sys.exit(min(1, main()))
