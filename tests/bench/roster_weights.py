"""Does it pay to price a missing agent by what one fewer does to the rate of that interval?

The demo's team without a fifth of its people is rostered for a week, once with the same price of a missing
agent-hour in every interval and once weighted: by the loss of the rule's surplus (``surplus``) or of rounds
on time (``rounds``) that the planner's model sees where the requirement has one agent fewer. Weights have
mean 1 over the agent-hours a stream needs, lie in 0.5 to 2 and are rounded to quarters. Every roster is
simulated on 60 days for each of its days; ``asked`` is rounds on time over rounds asked of all streams.

Run: python tests/bench/roster_weights.py --seeds 1 2 3
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.demo_shop import DEMO_START, write_demo_shop
from scheduling.config import Settings
from scheduling.day import Floats
from scheduling.demand import StreamDemand, served_day
from scheduling.duties import duties_of_roster
from scheduling.inputs import Inputs, read_inputs
from scheduling.judgement import judge_span, share_of_span
from scheduling.outlook import forecast_outlook
from scheduling.pipeline import demands_of, requirement_of
from scheduling.roster import objective, score, search
from scheduling.roster.assign import make_roster
from scheduling.roster.case import RosterCase
from scheduling.roster.duties import Clock
from scheduling.roster.needs import in_average_agents
from scheduling.roster.people import Employee
from scheduling.service.shop import DayModel
from scheduling.service.value import value_tables

DAYS = 7
LESS = 0.2  # of the people
LEAST, MOST, STEP = 0.5, 2.0, 0.25
plain_slopes = objective.cover_slopes


class Weighted:
    """The roster's price of cover with a weight a cover row, in place of the same price everywhere."""

    weights: Floats | None = None

    def slopes(self, problem: Any, prices: Any) -> tuple[tuple[str, Any, Any], ...]:
        w = np.ones(len(problem.need)) if self.weights is None else self.weights
        return tuple(
            (term, np.round(price * (w if term == "short" else 1.0 + 0 * w)).astype(np.int64), lengths)
            for term, price, lengths in plain_slopes(problem, prices)
        )

    def price_cover(self, model: Any, prices: Any) -> None:
        problem, slopes = model.problem, self.slopes(model.problem, prices)
        for row in np.flatnonzero(problem.plan > model.standing).tolist():
            left = int(problem.plan[row] - model.standing[row])
            slacks = []
            for piece, (term, price, lengths) in enumerate(slopes):
                most = int(lengths[row])
                if row not in model.present:
                    most = min(left, most)
                    left -= most
                    model.price(term, most, int(price[row]))
                elif most:
                    slacks.append(model.new_int(0, most, f"missing_{row}_{piece}"))
                    model.price(term, slacks[-1], int(price[row]))
            if row in model.present:
                model.add(model.present[row] + sum(slacks) >= int(problem.plan[row]))

    def by_term(self, cover: Any, present: Any) -> dict[str, int]:
        found: dict[str, int] = {}
        missing = np.maximum(cover._plan - present, 0)
        for term, price, lengths in cover._slopes:
            part = np.minimum(missing, lengths)
            missing = missing - part
            found[term] = found.get(term, 0) + int((price * part).sum())
        return found

    def take_over(self) -> None:
        """Stand in for the functions that price cover."""
        changes: dict[str, Any] = {"cover_slopes": self.slopes, "price_cover": self.price_cover}
        for module in (objective, score, search):
            for name, function in changes.items():
                if hasattr(module, name):
                    setattr(module, name, function)
        score.CoverCost.by_term = lambda cover, present: self.by_term(cover, present)  # type: ignore[method-assign]


def weights_of(
    kind: str, demands: Mapping[str, StreamDemand], requirement: pd.DataFrame, settings: Settings
) -> Floats:
    """Return the weight of each cover row; 1 where nobody is needed."""
    shop = settings.demand.shop
    clock = Clock(DEMO_START, DAYS, shop.interval_min, shop.timezone)
    place = {at: i for i, at in enumerate(clock.starts)}
    found = np.ones((len(demands), len(clock.starts)))
    for row, (name, demand) in enumerate(sorted(demands.items())):
        need = requirement[requirement["stream"] == name].set_index("start")["agents_net"]
        losses, needs, starts = [], [], []
        for date, day in demand.days.items():
            net = need.reindex(demand.starts[date]).fillna(0.0).to_numpy()
            on = np.round(net).astype(int)
            tables = value_tables(
                DayModel(served_day(day, settings.demand.stream(name).shrinkage)),
                on,
                candidates=np.maximum(0, on[:, None] + np.array([-1, 0])),
            )
            worth = tables.surplus if kind == "surplus" else tables.rounds_on_time
            losses += np.maximum(0.0, worth[:, 1] - worth[:, 0]).tolist()
            needs += net.tolist()
            starts += list(demand.starts[date])
        weights, asked = np.array(losses), np.array(needs)
        for _ in range(20):  # clipping moves the mean
            weights = weights / np.average(np.clip(weights, LEAST, MOST), weights=asked)
        rounded = np.round(np.clip(weights, LEAST, MOST) / STEP) * STEP
        for at, weight, net in zip(starts, rounded, asked, strict=True):
            if at in place and net > 0:
                found[row, place[at]] = weight
    return found.ravel()


def team(inputs: Inputs, seed: int) -> tuple[Employee, ...]:
    """Return the people without a fifth of them, drawn at random."""
    there = [person for person in inputs.employees if person.is_employed(DEMO_START)]
    kept = np.random.default_rng(seed).permutation(len(there))[: round(len(there) * (1 - LESS))]
    return tuple(there[i] for i in sorted(kept))


def main() -> None:
    """Print one row a team and way to price."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_demo_shop(Path(folder))
        inputs = read_inputs(Path(folder))
        outlook = forecast_outlook(inputs, start=DEMO_START, days=DAYS, seed=0)
    settings = inputs.settings
    demands = demands_of(replace(outlook, draws=None), inputs, start=DEMO_START, days=DAYS)
    requirement = requirement_of(demands, settings)
    ways = {"plain": None}
    ways |= {kind: weights_of(kind, demands, requirement, settings) for kind in ("surplus", "rounds")}
    weighted = Weighted()
    weighted.take_over()
    for seed in asked.seeds:
        people = team(inputs, seed)
        names = {person.employee for person in people}
        for way, weights in ways.items():
            weighted.weights = weights
            roster = make_roster(
                RosterCase(
                    employees=people,
                    wishes=[wish for wish in inputs.wishes if wish.employee in names],
                    settings=settings,
                    start=DEMO_START,
                    days=DAYS,
                    requirement=in_average_agents(requirement, people, settings),
                ),
                effort="quick",
            ).roster
            assert roster is not None
            duties = duties_of_roster(roster, people, settings.demand.shop.timezone)
            judged = judge_span(demands, duties, settings, seed=seed, days_each=60)
            shares = {name: share_of_span(days) for name, days in judged.items()}
            seen = [day for days in judged.values() for day in days.values()]
            on_time = sum(float(np.mean(day.rounds_on_time)) for day in seen)
            all_asked = sum(float(np.mean(day.rounds_asked)) for day in seen)
            text = "  ".join(f"{n} {s.value:.4f} ± {s.half_width:.4f}" for n, s in sorted(shares.items()))
            hours = roster["paid_hours"].sum()
            print(f"{seed}  {way:8}{hours:5.0f} h  {text}  asked {on_time / all_asked:.4f}", flush=True)


if __name__ == "__main__":
    main()
