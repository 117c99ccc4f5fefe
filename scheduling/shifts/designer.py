"""One span's design in the making: search, choose, check the chance, judge."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from forecast.config import Stream
from scheduling.day import DutySpan, Floats, Ints
from scheduling.demand import DayKey, StreamDemand
from scheduling.requirement import Requirement
from scheduling.shifts.certify import Certifier, best_of
from scheduling.shifts.chance import draw_sums, spread_out
from scheduling.shifts.day_search import DayChoices, DayJob, day_bound, merged, search_day
from scheduling.shifts.effort import DesignEffort
from scheduling.shifts.levels import LevelPlan, move_level, settle_level, take, wants_level
from scheduling.shifts.outcomes import beyond_reach_notes, shared_notes, stream_outcome
from scheduling.shifts.periods import Period, periods_of, planning_level
from scheduling.shifts.plans import DayPlan, StreamOutcome
from scheduling.shifts.sharing import shared_limits
from scheduling.shifts.task import DayTask, PeopleLimits, spilled
from scheduling.shifts.templates import TemplateInstance
from scheduling.shifts.workers import Workers, done

logger = logging.getLogger(__name__)

FEW_DAYS = 2  # up to which each day is searched by several walks
ROSTER_FILLS = 2.0  # of what is added to a shift plan the roster had put about half where it was short anyway
FEWEST_STEPS = 30  # evaluations of a walk that starts from a similar day's plan

DrawnKey = tuple[DayKey, tuple[DutySpan, ...], bytes, int | None]  # day, fixed duties, plan, draws at most


class Designer:
    """One span's design.

    Parameters
    ----------
    demands, instances, streams, limits, seed, so_far, starts
        As for `design_span`.
    effort
        Limits of the search.
    """

    def __init__(
        self,
        demands: Mapping[str, StreamDemand],
        instances: Sequence[TemplateInstance],
        *,
        streams: Mapping[str, Stream],
        limits: PeopleLimits,
        seed: int,
        effort: DesignEffort,
        so_far: Mapping[str, tuple[float, float]] | None = None,
        starts: Mapping[DayKey, list[Ints]] | None = None,
    ) -> None:
        self.demands = demands
        self.streams = streams
        self.seed = seed
        self.effort = effort
        self.instances = tuple(instances)
        self.limits = limits
        self.keys: list[DayKey] = [(s, date) for s, demand in demands.items() for date in demand.days]
        self.tasks = {key: self._task(key) for key in self.keys}
        self.starts = dict(starts or {})
        self.found: dict[DayKey, DayChoices] = {}
        self.needed: dict[DayKey, tuple[float, Requirement]] = {}  # by day: level, and what it requires
        self.drawn: dict[DrawnKey, Floats] = {}  # what plans bring in the futures drawn
        self.bounds: dict[DayKey, float] = {}
        self.shared_on: set[dt.date] = set()
        before = so_far or {}
        self.periods = [
            Period(
                stream=s,
                dates=dates,
                before=before.get(s, (0.0, 0.0)) if rolling else (0.0, 0.0),
                task=self.tasks[s, dates[0]],
                wanted=self._wanted(s) if self._has_draws(s, dates) else 0.0,
            )
            for s, demand in demands.items()
            for dates, rolling in periods_of(demand)
        ]
        self.certifier = Certifier(self.tasks, self.found, self.periods, effort=effort, seed=seed)
        self.tried: dict[int, list[LevelPlan]] = {p: [] for p in range(len(self.periods))}

    def _wanted(self, stream: str) -> float:
        """Return the chance that is searched for."""
        confidence = self.streams[stream].confidence
        return confidence if confidence <= 0.5 else min(0.995, confidence + self.effort.spare_chance)

    @property
    def walks(self) -> int:
        """Walks per day."""
        return self.effort.walks if len(self.keys) <= FEW_DAYS else 1

    @property
    def jobs(self) -> int:
        """Pieces of work that can be done at the same time."""
        return len(self.keys) * self.walks

    def _task(self, key: DayKey) -> DayTask:
        stream, date = key
        day, settings = self.demands[stream].days[date], self.streams[stream]
        return DayTask(
            day=day,
            instances=self.instances,
            groups=self.limits.groups_of(self.instances, key),
            floor=settings.floor,
            max_unanswered=settings.max_unanswered,
            target=day.target,
            shrinkage=settings.shrinkage,
            absence_rate=settings.absence_rate,
            wraps=any(spilled([instance.duty_span()], day.first_min) for instance in self.instances),
        )

    def _has_draws(self, stream: str, dates: Sequence[dt.date]) -> bool:
        return all(len(self.demands[stream].draws.get(date, ())) > 0 for date in dates)

    def run(self, pool: Workers | None) -> None:
        """Search, choose, check the chance, and judge on fresh days."""
        for period in self.periods:
            period.level = planning_level(self.demands[period.stream], period.dates, period.wanted)
        self._search(self.periods, pool)
        self._share_people({date for _, date in self.keys}, pool)
        self._find_levels(pool)
        self._finish(self.periods, pool)

    def run_again(self, ahead: Mapping[str, Sequence[float]], pool: Workers | None) -> bool:
        """Plan once more for what the judge of the whole plan, with its people, found missing.

        Parameters
        ----------
        ahead
            By stream, for each of its periods: by how much the share at the wanted chance is ahead of the
            target, as that judge sees it.
        pool
            Who does the work.

        Returns
        -------
        Whether any plan changed.
        """
        found = [a for stream in self.demands for a in ahead[stream]]
        short = [
            p
            for p, period in enumerate(self.periods)
            if found[p] < 0 and period.wanted > 0 and not self.certifier.is_out_of_reach(period)
        ]
        before = [choice.counts.tobytes() for p in short for choice in self.periods[p].chosen]
        for p in short:
            period = self.periods[p]
            confidence = self.streams[period.stream].confidence
            missing = float(np.quantile(period.ahead, 1.0 - confidence)) - found[p]
            period.lost += ROSTER_FILLS * max(0.0, missing)
        lacking = [p for p in short if not any(t.has_chance(self.periods[p]) for t in self.tried[p])]
        for p in lacking:
            take(self.periods[p], max(self.tried[p], key=lambda plan: plan.level))
            move_level(self.periods[p])
        self._search([self.periods[p] for p in lacking], pool)
        self._try_plans(lacking, pool)
        for p in short:
            self.found.update(settle_level(self.periods[p], self.tried[p]))
        if before == [choice.counts.tobytes() for p in short for choice in self.periods[p].chosen]:
            return False
        streams = {self.periods[p].stream for p in short}
        self._finish([period for period in self.periods if period.stream in streams], pool)
        return True

    def _finish(self, periods: Sequence[Period], pool: Workers | None) -> None:
        """Judge the chosen plans, state their chances and bound their costs."""
        self.certifier.certify(periods, pool)
        self._check_chances(periods, pool, self.effort.final_draws)
        self._find_bounds(periods, pool)

    # --- search

    def _search(self, periods: Sequence[Period], pool: Workers | None) -> None:
        """Search every day of the periods; days similar to an earlier one start from its plan."""
        models: list[tuple[DayKey, Period]] = []
        followers: list[tuple[DayKey, Period, DayKey]] = []
        for period in periods:
            for key in period.keys:
                task = replace(self.tasks[key], level=period.level)
                like = next(
                    (
                        m
                        for m, p in models
                        if m[0] == key[0] and task.is_like(replace(self.tasks[m], level=p.level))
                    ),
                    None,
                )
                if like is None:
                    models.append((key, period))
                else:
                    followers.append((key, period, like))
        first = [self._jobs(key, period, pool) for key, period in models]
        self._done({key: jobs for (key, _), jobs in zip(models, first, strict=True)}, pool)
        for key, _, like in followers:
            self.starts[key] = [*self.starts.get(key, []), best_of(self.found[like]).counts]
        then = {key: self._jobs(key, period, pool, follows=True)[:1] for key, period, _ in followers}
        self._done(then, pool)
        self._search_without_names(pool)

    def _search_without_names(self, pool: Workers | None) -> None:
        """Search dates again that the people named cannot meet: their plans are to say how many it takes."""
        dates = {key[1] for key, day in self.found.items() if day.out_of_reach} & set(self.limits.there)
        if not dates:
            return
        self.limits = self.limits.without_names(dates)
        again: dict[DayKey, list[DayJob]] = {}
        for period in self.periods:
            for key in period.keys:
                if key[1] in dates:
                    before = self.tasks[key]
                    self.tasks[key] = self._task(key)
                    if self.found[key].out_of_reach and not before.has_limits_of(self.tasks[key]):
                        del self.found[key]
                        again[key] = self._jobs(key, period, pool)
        self._done(again, pool)
        self._share_people(dates, pool)

    def _done(self, jobs: Mapping[DayKey, Sequence[DayJob]], pool: Workers | None) -> None:
        """Search days and keep what was found."""
        results = iter(done(pool, search_day, [job for of_day in jobs.values() for job in of_day]))
        for key, of_day in jobs.items():
            self.found[key] = merged([next(results) for _ in of_day])
            self.needed[key] = (of_day[0].task.level, self.found[key].needed)

    def _jobs(
        self, key: DayKey, period: Period, pool: Workers | None, *, follows: bool = False
    ) -> list[DayJob]:
        """Return the walks of one day; a shorter one where there is a plan to start from."""
        effort, starts, walks = self.effort, list(self.starts.get(key, [])), self.walks
        known = self.found.get(key)
        needed, near = self._known_need(key, period.level)
        if known is not None:
            starts.insert(0, best_of(known).counts)
        if follows or known is not None:
            fewer = max(effort.walk.evaluations // 3, min(FEWEST_STEPS, effort.walk.evaluations))
            walk = replace(effort.walk, evaluations=fewer)
            effort, walks = replace(effort, walk=walk, stages=min(effort.stages, 2)), 1
        return [
            DayJob(
                task=replace(self.tasks[key], level=period.level),
                effort=effort,
                seed=self.seed,
                name=f"{key[0]} {key[1]} {number}",
                starts=tuple(starts),
                part=1.0 - 0.1 * number,
                needed=needed,
                near=near,
                needs_proof=len(period.dates) == 1 and period.level <= 1.0,
                threads=1 if pool is not None else None,
            )
            for number in range(walks)
        ]

    def _known_need(self, key: DayKey, level: float) -> tuple[Requirement | None, Ints | None]:
        """Return what a day requires at a level, where that is known, or what is likely to be enough."""
        if key not in self.needed:
            return None, None
        before, needed = self.needed[key]
        if before == level:
            return needed, None
        return None, np.ceil(1.02 * level / before * needed.agents).astype(np.int64)

    def _share_people(self, days: set[dt.date], pool: Workers | None) -> None:
        """Where several streams want more people of one kind than there are, share them by need."""
        if len(self.demands) < 2:
            return
        again: dict[DayKey, list[DayJob]] = {}
        for date in sorted(days):
            keys = [key for key in self.keys if key[1] == date]
            plans = [best_of(self.found[key]).counts for key in keys]
            need = [float(self.found[key].required.sum()) for key in keys]
            limits = self.limits.groups_on(self.instances, date)
            shared = shared_limits(limits, plans, need, own=[self.tasks[key].groups for key in keys])
            if shared is None:
                continue
            self.shared_on.add(date)
            for key, groups in zip(keys, shared, strict=True):
                self.tasks[key] = replace(self.tasks[key], groups=groups)
                del self.found[key]
                period = next(p for p in self.periods if key in p.keys)
                again[key] = self._jobs(key, period, pool)
        self._done(again, pool)
        self._search_without_names(pool)

    # --- choice and chance

    def _find_levels(self, pool: Workers | None) -> None:
        """Choose each period's plans for the level of demand that gives the wanted chance, no more."""
        waiting = list(range(len(self.periods)))
        for turn in range(self.effort.level_rounds + 1):
            self._try_plans(waiting, pool)
            waiting = [
                p
                for p in waiting
                if not self.certifier.is_out_of_reach(self.periods[p]) and wants_level(self.periods[p])
            ]
            if turn == self.effort.level_rounds or not waiting:
                break
            for p in waiting:
                move_level(self.periods[p])
            self._search([self.periods[p] for p in waiting], pool)
        for p, plans in self.tried.items():
            self.found.update(settle_level(self.periods[p], plans))

    def _try_plans(self, places: Sequence[int], pool: Workers | None) -> None:
        """Choose plans for some of the periods, and keep them with their chances."""
        periods = [self.periods[p] for p in places]
        for period in periods:
            self.certifier.choose(period)
        self._check_chances(periods, pool, self.effort.draws)
        for p, period in zip(places, periods, strict=True):
            self.tried[p].append(LevelPlan.of(period, {key: self.found[key] for key in period.keys}))

    def _check_chances(self, periods: Sequence[Period], pool: Workers | None, most_draws: int | None) -> None:
        """Evaluate the chosen plans in the futures drawn."""
        settled = self.certifier.settled_tasks()
        asked: dict[DrawnKey, tuple[DayTask, Ints, Floats]] = {}
        places: list[list[DrawnKey]] = []
        for period in periods:
            places.append([])
            for key, choice in zip(period.keys, period.chosen, strict=True):
                place = (key, settled[key].fixed, choice.counts.tobytes(), most_draws)
                places[-1].append(place)
                if place not in self.drawn:
                    asked[place] = (settled[key], choice.counts, self._draws(period, key[1], most_draws))
        self.drawn |= zip(asked, done(pool, _draw_sums, list(asked.values())), strict=True)
        for period, of_period in zip(periods, places, strict=True):
            period.sums = np.stack([self.drawn[place] for place in of_period])

    def _draws(self, period: Period, date: dt.date, most: int | None) -> Floats:
        """Return a day's draws, some that stand for all where fewer will do; without draws the mean."""
        demand = self.demands[period.stream]
        if not self._has_draws(period.stream, period.dates):
            return demand.days[date].sessions[None, :]
        if most is None:
            return demand.draws[date]
        totals = np.sum([demand.draws[d].sum(axis=1) for d in period.dates], axis=0)
        return np.asarray(demand.draws[date][spread_out(totals, most)])

    def _find_bounds(self, periods: Sequence[Period], pool: Workers | None) -> None:
        """Bound the cost of each day at the level planned for."""
        if self.effort.bound_work == 0:
            self.bounds |= {key: 0.0 for period in periods for key in period.keys}
            return
        keys = [(period, key) for period in periods for key in period.keys]
        jobs = [
            (replace(self.tasks[key], level=period.level), self.found[key].required, self.effort.bound_work)
            for period, key in keys
        ]
        bounds = done(pool, day_bound, jobs)
        self.bounds |= {
            key: 0.0 if self.found[key].out_of_reach else bound
            for (_, key), bound in zip(keys, bounds, strict=True)
        }

    # --- results

    def plans(self) -> dict[DayKey, DayPlan]:
        """Return every day's plan."""
        settled = self.certifier.settled_tasks()
        plans = {
            key: DayPlan(
                task=settled[key],
                counts=choice.counts,
                evaluation=settled[key].model.summary(settled[key].run(choice.counts)),
                judged=judged,
                found=self.found[key],
                bound=self.bounds[key],
                level=period.level,
                kind=period.kind,
            )
            for period in self.periods
            for key, choice, judged in zip(period.keys, period.chosen, period.judged, strict=True)
        }
        return {key: plans[key] for key in self.keys}

    @property
    def notes(self) -> list[str]:
        """What is to be said of dates and streams with too few people."""
        return shared_notes(self.shared_on) + beyond_reach_notes(self.demands, self.tasks, self.found)

    def outcome(self, stream: str) -> StreamOutcome:
        """Return what a stream's shifts promise and how they were judged, over the whole span."""
        return stream_outcome(
            [period for period in self.periods if period.stream == stream],
            [plan for (s, _), plan in self.plans().items() if s == stream],
        )


def _draw_sums(job: tuple[DayTask, Ints, Floats]) -> Floats:
    return draw_sums(*job)
