"""How many people on each shift template and day: the cheapest plan that meets each stream's target.

Days are searched one by one (`day_search`), chosen together where the rule's period holds several
(`choosing`), checked against the draws of the forecast (`chance`), and judged on fresh simulated days.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from forecast.config import Stream
from scheduling.day import Floats, Ints, ServiceDay
from scheduling.demand import DayKey, StreamDemand
from scheduling.service.evaluation import Evaluation
from scheduling.shifts.chance import LOW, draw_sums, shares_of, spread_out
from scheduling.shifts.choosing import choose_together
from scheduling.shifts.day_search import DayChoices, DayJob, fresh_days, search_day
from scheduling.shifts.effort import EFFORTS, DesignEffort, EffortName
from scheduling.shifts.periods import periods_of
from scheduling.shifts.settle import Choice
from scheduling.shifts.task import DayTask, PeopleLimits
from scheduling.shifts.templates import TemplateInstance
from scheduling.shifts.trials import FRESH
from scheduling.shifts.workers import done, workers
from scheduling.simulation.estimate import Estimate, ratio
from scheduling.simulation.replicate import StreamJudgement, judge

logger = logging.getLogger(__name__)

Z_LOWER = 1.645  # one-sided 95 %
SIMILAR = 0.10  # days whose sessions differ by less, interval by interval, start from the same plan
LEVEL_ROUNDS = 2  # times a period is searched again because its chance was missed
MOST_LEVEL = 3.0


@dataclass(frozen=True, kw_only=True)
class DayPlan:
    """One stream's shifts on one day.

    Attributes
    ----------
    task
        What they had to meet, at the expected demand.
    counts
        People per instance of the task.
    evaluation
        What the model expects.
    judged
        What the simulator found on days that the search never saw.
    found
        What the search found.
    kind
        How much better the model's share is than the simulator's, on the days of the search.
    """

    task: DayTask
    counts: Ints
    evaluation: Evaluation
    judged: StreamJudgement
    found: DayChoices
    kind: float

    @property
    def cost(self) -> float:
        """Cost of the day. [money]"""
        return float(self.counts @ self.task.cost)

    @property
    def paid_hours(self) -> float:
        """Paid hours of the day."""
        return float(self.counts @ self.task.paid_hours)


@dataclass(frozen=True, kw_only=True)
class StreamOutcome:
    """What a stream's shifts promise and how they were judged; fields as in ``summary.json``.

    Attributes
    ----------
    promised, promised_low, probability
        The model's share over the span, its 10 % quantile over draws, and the share of draws whose expected
        share, corrected by what the model is known to be too kind by, meets the target.
    certified
        Whether, in each period of the rule, the one-sided 95 % lower bound is at or above the target and
        few enough sessions stay unanswered.
    simulated, simulated_ci, unanswered, on_time_of_asked, overtime_hours
        The simulator's figures on fresh days.
    bound, gap
        Lower bound on the cost, and how far the cost is above it, relative to the cost.
    status
        certified | not_certified | out_of_reach (limits on people keep the target out of reach).
    """

    promised: float
    promised_low: float
    probability: float
    certified: bool
    simulated: float
    simulated_ci: tuple[float, float]
    unanswered: float
    on_time_of_asked: float
    overtime_hours: float
    paid_hours: float
    cost: float
    bound: float
    gap: float
    status: str


@dataclass(frozen=True, kw_only=True)
class ShiftDesign:
    """A span's shifts: tables as the contract wants them, outcomes by stream, and the days behind them."""

    shift_plan: pd.DataFrame
    cover: pd.DataFrame
    requirement: pd.DataFrame
    streams: Mapping[str, StreamOutcome]
    days: Mapping[DayKey, DayPlan]
    notes: tuple[str, ...] = ()


@dataclass(kw_only=True)
class _Period:
    """Days of one stream that the rule judges together."""

    stream: str
    dates: tuple[dt.date, ...]
    before: tuple[float, float]
    level: float = 1.0
    margin: float = 0.0
    chosen: list[Choice] = field(default_factory=list)
    judged: list[StreamJudgement] = field(default_factory=list)
    sums: Floats | None = None  # days x draws x 2
    certified: bool = False


def design_day(
    day: ServiceDay,
    instances: Sequence[TemplateInstance],
    *,
    floor: float = 0.5,
    max_unanswered: float = 0.01,
    limits: PeopleLimits | None = None,
    draws: Floats | None = None,
    confidence: float = 0.5,
    shrinkage: float = 0.0,
    absence_rate: float = 0.0,
    seed: int = 0,
    effort: EffortName = "normal",
    start: Ints | None = None,
    processes: int = 1,
) -> tuple[DayPlan, StreamOutcome]:
    """Return the cheapest shifts found for one stream's day, and how they were judged.

    Parameters
    ----------
    day
        The stream's day.
    instances
        Ways to work.
    floor
        Least expected share of an interval of the window; 0: only somebody on duty.
    max_unanswered
        Largest share of the window's sessions that are never answered; 1: no limit.
    limits
        Most people by template and pool.
    draws, confidence
        Draws of the sessions that reach people (draws x intervals) and the wanted share of them whose
        expected share meets the target.
    shrinkage, absence_rate
        Share of paid time off chats; chance that a duty is not worked.
    seed, effort
        Of the search; limits are on evaluations and simulated days, so that the answer is reproducible.
    start
        Counts per instance to start from.
    processes
        Processes to use.
    """
    date = dt.date(2000, 1, 3)
    stream = Stream(
        id="day",
        confidence=confidence,
        floor=floor,
        max_unanswered=max_unanswered,
        shrinkage=shrinkage,
        absence_rate=absence_rate,
    )
    demand = StreamDemand(
        stream="day",
        days={date: day},
        offered={date: day.sessions + day.settled},
        draws={} if draws is None else {date: draws},
        starts={date: pd.DatetimeIndex([])},
    )
    designer = _Designer(
        {"day": demand}, instances, {"day": stream}, limits or PeopleLimits(), seed, EFFORTS[effort], {}
    )
    if start is not None:
        designer.starts["day", date] = [start]
    with workers(processes, 1) as executor:
        designer.run(executor)
    return designer.plans()["day", date], designer.outcome("day")


def design_span(
    demands: Mapping[str, StreamDemand],
    instances: Sequence[TemplateInstance],
    *,
    streams: Mapping[str, Stream],
    limits: PeopleLimits | None = None,
    seed: int = 0,
    effort: EffortName = "normal",
    so_far: Mapping[str, tuple[float, float]] | None = None,
    processes: int = 2,
) -> ShiftDesign:
    """Return the cheapest shifts found for several streams and days.

    Parameters
    ----------
    demands
        What each stream asks, day by day.
    instances
        Ways to work, for all streams.
    streams
        Each stream's settings: confidence, floor, max_unanswered, shrinkage, absence_rate.
    limits
        Most people a day by template and pool, all streams together.
    seed, effort
        As for `design_day`.
    so_far
        By stream, units in time and all units of the rolling period that lie before the span.
    processes
        Processes to use; they do not change the answer.

    Notes
    -----
    A daily rule is met day by day, a weekly one week by week, a rolling one over the span with `so_far`.
    """
    from scheduling.shifts.tables import cover_table, plan_table, span_requirement

    designer = _Designer(
        demands, instances, streams, limits or PeopleLimits(), seed, EFFORTS[effort], so_far or {}
    )
    with workers(processes, len(designer.keys)) as executor:
        designer.run(executor)
    plans = designer.plans()
    return ShiftDesign(
        shift_plan=plan_table(plans, demands),
        cover=cover_table(plans, demands),
        requirement=span_requirement(plans, demands),
        streams={stream: designer.outcome(stream) for stream in demands},
        days=plans,
        notes=tuple(designer.notes),
    )


class _Designer:
    """One span's design in the making."""

    def __init__(
        self,
        demands: Mapping[str, StreamDemand],
        instances: Sequence[TemplateInstance],
        streams: Mapping[str, Stream],
        limits: PeopleLimits,
        seed: int,
        effort: DesignEffort,
        so_far: Mapping[str, tuple[float, float]],
    ) -> None:
        self.demands = demands
        self.streams = streams
        self.limits = limits
        self.seed = seed
        self.effort = effort
        self.instances = tuple(instances)
        self.keys: list[DayKey] = [(s, date) for s, demand in demands.items() for date in demand.days]
        self.tasks = {key: self._task(key) for key in self.keys}
        self.starts: dict[DayKey, list[Ints]] = {}
        self.found: dict[DayKey, DayChoices] = {}
        self.notes: list[str] = []
        self.periods = [
            _Period(stream=s, dates=dates, before=so_far.get(s, (0.0, 0.0)) if rolling else (0.0, 0.0))
            for s, demand in demands.items()
            for dates, rolling in periods_of(demand)
        ]

    def _task(self, key: DayKey) -> DayTask:
        stream, date = key
        day, settings = self.demands[stream].days[date], self.streams[stream]
        return DayTask(
            day=day,
            instances=self.instances,
            groups=self.limits.groups(self.instances),
            floor=settings.floor,
            max_unanswered=settings.max_unanswered,
            target=day.target,
            shrinkage=settings.shrinkage,
            absence_rate=settings.absence_rate,
        )

    def run(self, executor: Executor | None) -> None:
        """Search, choose, check the chance, and judge on fresh days."""
        for period in self.periods:
            period.level = self._first_level(period)
        self._search(self.periods, executor)
        self._share_people(executor)
        for _ in range(LEVEL_ROUNDS + 1):
            again = []
            for period in self.periods:
                self._choose(period)
            self._check_chances(self.periods, executor, self.effort.draws)
            for period in self.periods:
                if self._chance(period) < self._wanted(period) and not self._out_of_reach(period):
                    self._raise_level(period)
                    again.append(period)
            if not again or _ == LEVEL_ROUNDS:
                break
            self._search(again, executor)
        self._certify(executor)
        self._check_chances(self.periods, executor, None)

    # --- search

    def _first_level(self, period: _Period) -> float:
        """Return the level that the wanted share of draws stays below, over the period's days together."""
        demand, confidence = self.demands[period.stream], self.streams[period.stream].confidence
        if confidence <= 0.5 or any(len(demand.draws.get(date, ())) == 0 for date in period.dates):
            return 1.0
        totals = sum(demand.draws[date].sum(axis=1) for date in period.dates)
        expected = sum(float(demand.days[date].sessions.sum()) for date in period.dates)
        if expected <= 0:
            return 1.0
        return float(np.clip(np.quantile(totals, confidence) / expected, 1.0, MOST_LEVEL))

    def _search(self, periods: Sequence[_Period], executor: Executor | None) -> None:
        """Search every day of the periods; days similar to an earlier one start from its plan."""
        models: list[tuple[DayKey, _Period]] = []
        followers: list[tuple[DayKey, _Period, DayKey]] = []
        for period in periods:
            for date in period.dates:
                key = (period.stream, date)
                like = next((m for m, p in models if self._are_similar(m, p, key, period)), None)
                if like is None:
                    models.append((key, period))
                else:
                    followers.append((key, period, like))
        first = done(executor, search_day, [self._job(key, period) for key, period in models])
        self.found.update({key: found for (key, _), found in zip(models, first, strict=True)})
        for key, _, like in followers:
            best = self._best_of(self.found[like])
            self.starts.setdefault(key, []).append(best.counts)
        then = done(
            executor, search_day, [self._job(key, period, follows=True) for key, period, _ in followers]
        )
        self.found.update({key: found for (key, _, _), found in zip(followers, then, strict=True)})

    def _are_similar(self, one: DayKey, p: _Period, other: DayKey, q: _Period) -> bool:
        if one[0] != other[0]:
            return False
        a, b = self.tasks[one].day, self.tasks[other].day
        if len(a.sessions) != len(b.sessions) or a.first_min != b.first_min:
            return False
        if a.service != b.service or np.any(a.handle_factor != b.handle_factor):
            return False
        x, y = a.sessions * p.level, b.sessions * q.level
        return bool(np.abs(x - y).sum() <= SIMILAR * x.sum())

    def _job(self, key: DayKey, period: _Period, *, follows: bool = False) -> DayJob:
        effort = self.effort
        known = self.found.get(key)
        starts = list(self.starts.get(key, []))
        if known is not None:
            starts.insert(0, self._best_of(known).counts)
        if follows or known is not None:
            walk = replace(effort.walk, evaluations=max(60, effort.walk.evaluations // 3))
            effort = replace(effort, walk=walk, stages=min(effort.stages, 2), walks=1)
        return DayJob(
            task=replace(self.tasks[key], level=period.level),
            effort=effort,
            seed=self.seed,
            name=f"{key[0]} {key[1]}",
            starts=tuple(starts),
            needs_proof=len(period.dates) == 1 and period.level <= 1.0,
        )

    @staticmethod
    def _best_of(found: DayChoices) -> Choice:
        if found.passing:
            return found.passing[0]
        return max(found.choices, key=lambda choice: choice.ahead)

    def _share_people(self, executor: Executor | None) -> None:
        """Where several streams want more people of one kind than there are, share them by need."""
        if len(self.demands) < 2 or not self.limits.groups(self.instances):
            return
        for date in sorted({date for _, date in self.keys}):
            keys = [key for key in self.keys if key[1] == date]
            groups = self.tasks[keys[0]].groups
            used = [
                sum(int(self._best_of(self.found[key]).counts[m].sum()) for key in keys) for m, _ in groups
            ]
            if all(people <= limit for people, (_, limit) in zip(used, groups, strict=True)):
                continue
            need = np.array([float(self.found[key].required.sum()) for key in keys])
            for g, (members, limit) in enumerate(groups):
                if used[g] <= limit:
                    continue
                exact = limit * need / need.sum()
                part = np.floor(exact).astype(int)
                part[np.argsort(part - exact, kind="stable")[: limit - int(part.sum())]] += 1
                for key, people in zip(keys, part, strict=True):
                    task = self.tasks[key]
                    groups_now = list(task.groups)
                    groups_now[g] = (members, int(people))
                    self.tasks[key] = replace(task, groups=tuple(groups_now))
                    self.found.pop(key, None)
            self.notes.append(f"{date}: people are too few for all streams; shared out by need")
        shared = [key for key in self.keys if key not in self.found]
        jobs = [self._job(key, self._period_of(key)) for key in shared]
        self.found.update(dict(zip(shared, done(executor, search_day, jobs), strict=True)))

    def _period_of(self, key: DayKey) -> _Period:
        return next(p for p in self.periods if p.stream == key[0] and key[1] in p.dates)

    # --- choice and chance

    def _choose(self, period: _Period) -> None:
        """Choose one plan a day."""
        found = [self.found[period.stream, date] for date in period.dates]
        task = self.tasks[period.stream, period.dates[0]]
        if len(found) == 1:
            passing = [c for c in found[0].passing if c.ahead >= period.margin] if period.margin else []
            first = passing[0] if passing else None
            period.chosen = [first or self._best_of(found[0])]
            return
        together = None
        if not any(day.out_of_reach for day in found):
            together = choose_together(
                [day.choices for day in found],
                target=task.target,
                is_seconds=task.day.rule.metric == "mean_seconds",
                max_unanswered=task.max_unanswered,
                margin=period.margin,
                before=period.before,
            )
        period.chosen = together or [self._best_of(day) for day in found]

    def _check_chances(
        self, periods: Sequence[_Period], executor: Executor | None, most_draws: int | None
    ) -> None:
        """Evaluate the chosen plans in the futures drawn."""
        jobs = []
        for period in periods:
            for date, choice in zip(period.dates, period.chosen, strict=True):
                draws = self._draws(period, date, most_draws)
                jobs.append((self.tasks[period.stream, date], choice.counts, draws))
        sums = iter(done(executor, _draw_sums, jobs))
        for period in periods:
            period.sums = np.stack([next(sums) for _ in period.dates])

    def _draws(self, period: _Period, date: dt.date, most: int | None) -> Floats:
        """Return a day's draws, some that stand for all where fewer will do; without draws the mean."""
        demand = self.demands[period.stream]
        if any(len(demand.draws.get(d, ())) == 0 for d in period.dates):
            return demand.days[date].sessions[None, :]
        if most is None:
            return demand.draws[date]
        totals = np.sum([demand.draws[d].sum(axis=1) for d in period.dates], axis=0)
        return np.asarray(demand.draws[date][spread_out(totals, most)])

    def _kind(self, period: _Period) -> float:
        """Return how much better the model's shares are than the simulator's, for the chosen plans."""
        task = self.tasks[period.stream, period.dates[0]]
        weights = np.array([choice.trial.denominator.mean() for choice in period.chosen])
        kind = []
        for choice in period.chosen:
            promised = choice.promised - task.target
            if task.day.rule.metric == "mean_seconds":
                promised = -promised / task.target
            kind.append(promised - choice.ahead)
        return float(np.average(kind, weights=np.maximum(weights, 1e-9)))

    def _ahead(self, period: _Period) -> Floats:
        """Return by how much each draw's expected share, corrected, is ahead of the target."""
        assert period.sums is not None
        task = self.tasks[period.stream, period.dates[0]]
        shares = shares_of(period.sums, period.before)
        if task.day.rule.metric == "mean_seconds":
            return np.asarray((task.target - shares) / task.target - self._kind(period))
        return shares - task.target - self._kind(period)

    def _chance(self, period: _Period) -> float:
        return float(np.mean(self._ahead(period) >= 0))

    def _wanted(self, period: _Period) -> float:
        demand = self.demands[period.stream]
        has_draws = all(len(demand.draws.get(date, ())) for date in period.dates)
        return self.streams[period.stream].confidence if has_draws else 0.0

    def _out_of_reach(self, period: _Period) -> bool:
        return any(self.found[period.stream, date].out_of_reach for date in period.dates)

    def _raise_level(self, period: _Period) -> None:
        """Plan for more demand: as much as brings what is missing at the wanted quantile."""
        assert period.sums is not None
        missing = -float(np.quantile(self._ahead(period), 1.0 - self._wanted(period)))
        totals = period.sums[:, :, 1].sum(axis=0)
        slope = 0.5
        if len(totals) > 3 and totals.std() > 1e-6 * totals.mean():
            slope = max(0.1, -float(np.polyfit(np.log(totals), self._ahead(period), 1)[0]))
        period.level = min(MOST_LEVEL, period.level * float(np.exp(min(0.25, 1.1 * missing / slope + 0.003))))

    # --- judgement

    def _certify(self, executor: Executor | None) -> None:
        """Judge the chosen plans on fresh days; where they fail, choose again with more to spare."""
        waiting = list(self.periods)
        for attempt in range(self.effort.attempts):
            jobs = [
                _JudgeJob(
                    task=self.tasks[period.stream, date],
                    counts=choice.counts,
                    seed=self.seed,
                    first_day=FRESH * (attempt + 1),
                    days=self._days(period, choice),
                )
                for period in waiting
                for date, choice in zip(period.dates, period.chosen, strict=True)
            ]
            judged = iter(done(executor, _judge, jobs))
            failed = []
            for period in waiting:
                period.judged = [next(judged) for _ in period.dates]
                period.certified = self._is_certified(period)
                if not period.certified and not self._out_of_reach(period) and self._choose_dearer(period):
                    failed.append(period)
            if not failed or attempt == self.effort.attempts - 1:
                break
            waiting = failed

    def _days(self, period: _Period, choice: Choice) -> int:
        """Return the fresh days that each day of a period is judged on."""
        trial = choice.trial
        residual = (trial.numerator - trial.share * trial.denominator) / max(trial.denominator.mean(), 1e-12)
        task = self.tasks[period.stream, period.dates[0]]
        scale = task.target if task.day.rule.metric == "mean_seconds" else 1.0
        spread = float(np.std(residual, ddof=1)) / scale
        return max(60, int(np.ceil(fresh_days(spread, self.effort) / len(period.dates))))

    def _estimate(self, period: _Period) -> Estimate:
        """Return the judged share over a period, with the units before it."""
        parts = [(day.numerators, day.denominators) for day in period.judged]
        if period.before[1] > 0:
            parts.append((np.full(2, period.before[0]), np.full(2, period.before[1])))
        return ratio(parts)

    def _is_certified(self, period: _Period) -> bool:
        task = self.tasks[period.stream, period.dates[0]]
        share = self._estimate(period)
        unanswered = _ratio(period.judged, "unanswered_sessions", "window_sessions")
        meets = (
            share.upper <= task.target
            if task.day.rule.metric == "mean_seconds"
            else share.lower >= task.target
        )
        return bool(meets and unanswered <= task.max_unanswered)

    def _choose_dearer(self, period: _Period) -> bool:
        """Choose again after a failure; return whether the plan changed."""
        before = [choice.counts.tobytes() for choice in period.chosen]
        if len(period.dates) == 1:
            passing = self.found[period.stream, period.dates[0]].passing
            place = next((i for i, c in enumerate(passing) if c.counts.tobytes() == before[0]), -1)
            if place + 1 < len(passing):
                period.chosen = [passing[place + 1]]
        else:
            task = self.tasks[period.stream, period.dates[0]]
            share = self._estimate(period)
            short = (
                (share.upper - task.target) / task.target
                if task.day.rule.metric == "mean_seconds"
                else task.target - share.lower
            )
            period.margin += max(0.0005, short)
            self._choose(period)
        return [choice.counts.tobytes() for choice in period.chosen] != before

    # --- results

    def plans(self) -> dict[DayKey, DayPlan]:
        """Return every day's plan."""
        plans: dict[DayKey, DayPlan] = {}
        for period in self.periods:
            for date, choice, judged in zip(period.dates, period.chosen, period.judged, strict=True):
                key = (period.stream, date)
                task = self.tasks[key]
                plans[key] = DayPlan(
                    task=task,
                    counts=choice.counts,
                    evaluation=task.model.summary(task.run(choice.counts)),
                    judged=judged,
                    found=self.found[key],
                    kind=self._kind(period),
                )
        return {key: plans[key] for key in self.keys}

    def outcome(self, stream: str) -> StreamOutcome:
        """Return what a stream's shifts promise and how they were judged, over the whole span."""
        periods = [period for period in self.periods if period.stream == stream]
        plans = [plan for (s, _), plan in self.plans().items() if s == stream]
        judged = [day for period in periods for day in period.judged]
        share = ratio([(day.numerators, day.denominators) for day in judged])
        is_share = plans[0].task.day.rule.metric == "share"
        on_time = sum(float(plan.evaluation.on_time.sum()) for plan in plans)
        total = sum(float(plan.evaluation.total.sum()) for plan in plans)
        cost = sum(plan.cost for plan in plans)
        bound = sum(min(plan.found.bound, plan.cost) for plan in plans)
        certified = all(period.certified for period in periods)
        lows = [self._low(period) for period in periods]
        out_of_reach = any(self._out_of_reach(period) for period in periods)
        return StreamOutcome(
            promised=on_time / total if total > 0 else float(is_share),
            promised_low=min(lows) if is_share else max(lows),
            probability=self._joint_chance(periods),
            certified=certified,
            simulated=share.value,
            simulated_ci=(max(0.0, share.low), min(1.0, share.high) if is_share else share.high),
            unanswered=_ratio(judged, "unanswered_sessions", "window_sessions"),
            on_time_of_asked=_ratio(judged, "rounds_on_time", "rounds_asked", nothing=1.0),
            overtime_hours=sum(day.overtime_hours for day in judged),
            paid_hours=sum(plan.paid_hours for plan in plans),
            cost=cost,
            bound=bound,
            gap=(cost - bound) / cost if cost > 0 else 0.0,
            status="certified" if certified else "out_of_reach" if out_of_reach else "not_certified",
        )

    def _low(self, period: _Period) -> float:
        """Return the quantile of the model's share that a period states as its low."""
        assert period.sums is not None
        is_share = self.tasks[period.stream, period.dates[0]].day.rule.metric == "share"
        return float(np.quantile(shares_of(period.sums, period.before), LOW if is_share else 1.0 - LOW))

    def _joint_chance(self, periods: Sequence[_Period]) -> float:
        """Return the share of draws in which a period of the rule is met: the least of all periods."""
        return min(self._chance(period) for period in periods)


def _ratio(days: Sequence[StreamJudgement], above: str, below: str, *, nothing: float = 0.0) -> float:
    """Return the ratio of expected sums over days."""
    total = sum(float(getattr(day, below).mean()) for day in days)
    return sum(float(getattr(day, above).mean()) for day in days) / total if total > 0 else nothing


def _draw_sums(job: tuple[DayTask, Ints, Floats]) -> Floats:
    return draw_sums(*job)


@dataclass(frozen=True, kw_only=True)
class _JudgeJob:
    task: DayTask
    counts: Ints
    seed: int
    first_day: int
    days: int


def _judge(job: _JudgeJob) -> StreamJudgement:
    """Judge one day's plan on fresh days."""
    return judge(
        {"": job.task.served_day},
        [replace(duty, streams=()) for duty in job.task.duties(job.counts)],
        seed=job.seed,
        least_days=job.days,
        most_days=job.days,
        absence_rate=job.task.absence_rate,
        first_day=job.first_day,
    ).streams[""]
