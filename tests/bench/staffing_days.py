"""Designs the shifts of bench days and compares them with the best plans known.

python tests/bench/staffing_days.py [--file FILE] [--day NAME ...] [--effort quick|normal|thorough]

The file holds days, service parameters, templates and best-found hours (its `about` says how to read it).
Each plan is judged once more here, on days of a seed of its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from forecast.replies.rules import ReplyRule
from forecast.replies.service_parameters import ServiceParameters
from forecast.timegrid import clock_minutes
from scheduling.baselines import BASELINES, BaselineName, baseline_plan
from scheduling.day import Ints, ServiceDay
from scheduling.shifts.design import DayPlan, design_day
from scheduling.shifts.task import PeopleLimits
from scheduling.shifts.templates import TemplateInstance
from scheduling.simulation.replicate import judge

FILE = Path(__file__).parent / "bench_days.json"
JUDGE_SEED = 90_125
JUDGE_DAYS = 2000
FACTORS = [0.05 * 1.03**step for step in range(160)]  # 0.05 to 5.5


def instances_of(bench: dict[str, Any], day: dict[str, Any]) -> list[TemplateInstance]:
    """Return the day's own template list, or the file's."""
    return [
        TemplateInstance(
            template=f"{entry['form']} {entry['start']}",
            form=entry["form"],
            start_min=clock_minutes(entry["start"]),
            end_min=clock_minutes(entry["end"]),
            breaks=tuple((clock_minutes(a), clock_minutes(b)) for a, b in entry["breaks"]),
            pool="staff",
            paid_hours=float(entry["paid_hours"]),
            cost=float(entry["paid_hours"]),
        )
        for entry in day.get("templates", bench.get("templates"))
    ]


def service_day(bench: dict[str, Any], day: dict[str, Any]) -> ServiceDay:
    """Return a day of the file; what the day does not say the file says."""

    def said(name: str, fallback: Any = None) -> Any:
        return day.get(name, bench.get(name, fallback))

    interval = int(said("interval_min"))
    every = day["unit"].endswith("every")
    rule = ReplyRule(
        id="bench",
        unit="session" if day["unit"].startswith("session") else "round",
        pass_if="every_reply" if every else "first_reply",
        threshold_s=float(said("threshold_s")),
        window=tuple(said("window")),
    )
    return ServiceDay(
        first_min=clock_minutes(said("day_start")),
        interval_min=interval,
        sessions=np.array(day["rates"], dtype=float) * interval / 60,
        service=ServiceParameters(bot_share=0.0, **day["service"]),
        rule=rule,
        target=float(said("target")),
    )


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of those it started and waited for."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def run_day(bench: dict[str, Any], day: dict[str, Any], effort: Any, seed: int) -> None:
    """Design one day and print its line."""
    instances, asked = instances_of(bench, day), service_day(bench, day)
    limits = PeopleLimits(pools={"staff": int(day["max_people"])} if day.get("max_people") else {})
    begun, cpu = time.perf_counter(), cpu_seconds()
    plan, outcome = design_day(
        asked, instances, floor=0.0, max_unanswered=0.01, limits=limits, effort=effort, seed=seed, processes=2
    )
    wall, cpu = time.perf_counter() - begun, cpu_seconds() - cpu
    judged = judge(
        {"": asked},
        plan.task.own_duties(plan.counts),
        seed=JUDGE_SEED,
        least_days=JUDGE_DAYS,
        most_days=JUDGE_DAYS,
    ).streams[""]
    best = day.get("best_found", {})
    known = best.get("paid_hours")
    against = f"{plan.paid_hours / known - 1:+6.1%}" if known else "      "
    print(
        f"{day['name']:22s} {plan.paid_hours:6.1f} h (best {known}, {against})  {outcome.status:12s} "
        f"model {outcome.promised:.4f} judged {judged.share:.4f} (at least {judged.lower_bound:.4f}) "
        f"unanswered {judged.unanswered:.4f} of asked {judged.on_time_of_asked:.3f} "
        f"(best {best.get('on_time_of_asked', '-')})  bound {outcome.bound:.1f}  "
        f"{wall:.0f} s wall {cpu:.0f} s cpu",
        flush=True,
    )
    print_baselines(plan, instances, asked)


def print_baselines(plan: DayPlan, instances: list[TemplateInstance], asked: ServiceDay) -> None:
    """Print what the guides' methods take and reach, and what each takes scaled until it meets the target."""
    shares: dict[bytes, float] = {}

    def share_of(counts: Ints) -> float:
        key = counts.tobytes()
        if key not in shares:
            seen = judge(
                {"": asked}, plan.task.own_duties(counts), seed=JUDGE_SEED, least_days=400, most_days=400
            ).streams[""]
            # A share alone rewards who leaves buyers unanswered.
            shares[key] = seen.share if seen.unanswered <= plan.task.max_unanswered else 0.0
        return shares[key]

    said, scaled = [], []
    for name in BASELINES:
        counts = baseline_plan(name, asked, instances)
        said.append(f"{name} {counts @ plan.task.paid_hours:.1f} h {share_of(counts):.3f}")
        factor = least_factor(name, asked, instances, share_of)
        if factor is not None:
            enough = baseline_plan(name, asked, instances, factor=factor)
            hours = float(enough @ plan.task.paid_hours)
            ours = f"ours {plan.paid_hours / hours - 1:+.0%}"
            scaled.append(f"{name} {hours:.1f} h {share_of(enough):.3f} ({ours})")
    print(f"{'':22s} as its guide says: " + " · ".join(said))
    print(f"{'':22s} scaled to the target: " + " · ".join(scaled), flush=True)


def least_factor(
    name: BaselineName,
    asked: ServiceDay,
    instances: list[TemplateInstance],
    share_of: Callable[[Ints], float],
) -> float | None:
    """Return the least of a grid of factors with which a method meets the target; None where none does."""
    low, high = 0, len(FACTORS)
    while low < high:
        middle = (low + high) // 2
        counts = baseline_plan(name, asked, instances, factor=FACTORS[middle])
        low, high = (low, middle) if share_of(counts) >= asked.target else (middle + 1, high)
    return FACTORS[low] if low < len(FACTORS) else None


def main() -> None:
    """Read the options and run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--file", type=Path, default=FILE)
    options.add_argument("--day", action="append", help="only this day (may be repeated)")
    options.add_argument("--effort", choices=["quick", "normal", "thorough"], default="normal")
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    bench = json.loads(given.file.read_text(encoding="utf-8"))
    print(f"{dt.date.today()} effort {given.effort} seed {given.seed} load {os.getloadavg()[0]:.1f}")  # noqa: DTZ011
    for day in bench["days"]:
        if not given.day or day["name"] in given.day:
            run_day(bench, day, given.effort, given.seed)


if __name__ == "__main__":
    main()
