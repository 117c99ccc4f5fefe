"""Plans chosen for the days of a period, judged on fresh days, and chosen again where they fail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace

import numpy as np

from scheduling.day import DutySpan
from scheduling.demand import DayKey
from scheduling.shifts.choosing import choose_together
from scheduling.shifts.day_search import DayChoices, fresh_days
from scheduling.shifts.effort import DesignEffort
from scheduling.shifts.judging import JudgeJob, is_certified, judge_days, unanswered_of
from scheduling.shifts.periods import Period
from scheduling.shifts.settle import Choice
from scheduling.shifts.task import DayTask, spilled
from scheduling.shifts.trials import FRESH, LOOK
from scheduling.shifts.workers import Workers

SPARE = 0.35  # standard errors beyond the bound, that fresh days rarely refuse what is chosen together
LEAST_DAYS = 60  # fresh days of one day's plan
FEW_SHORT = 1000  # fresh days of a plan that too few people keep from the target


def best_of(found: DayChoices) -> Choice:
    """Return a day's cheapest plan that fresh days are likely to confirm, else the one furthest ahead."""
    return found.passing[0] if found.passing else max(found.choices, key=lambda choice: choice.ahead)


class Certifier:
    """Chooses and judges a span's plans.

    Parameters
    ----------
    tasks, found
        What each day must meet, and what its search found; the designer's own, which change under way.
    periods
        All of the span: duties past midnight lead from one to the next.
    effort, seed
        Of the judgement.
    """

    def __init__(
        self,
        tasks: Mapping[DayKey, DayTask],
        found: MutableMapping[DayKey, DayChoices],
        periods: Sequence[Period],
        *,
        effort: DesignEffort,
        seed: int,
    ) -> None:
        self.tasks = tasks
        self.found = found
        self.periods = periods
        self.effort = effort
        self.seed = seed

    def choose(self, period: Period) -> None:
        """Choose one plan a day."""
        found = [self.found[key] for key in period.keys]
        period.chosen = [best_of(day) for day in found]
        if len(found) == 1 or self.is_out_of_reach(period):
            return
        if period.level <= 1.0 and period.margin == 0.0:
            period.margin = self._margin(period)
        together = choose_together(
            [day.choices for day in found],
            target=period.task.target,
            is_seconds=period.task.is_seconds,
            max_unanswered=period.task.max_unanswered - period.reserve,
            margin=period.margin,
            before=period.before,
        )
        period.chosen = together or period.chosen

    def is_out_of_reach(self, period: Period) -> bool:
        """Whether a day's target is out of reach."""
        return any(self.found[key].out_of_reach for key in period.keys)

    def settled_tasks(self) -> dict[DayKey, DayTask]:
        """Return each day's task with the duties that the day before it, as chosen, sends past midnight."""
        chosen = {
            key: choice.counts
            for period in self.periods
            for key, choice in zip(period.keys, period.chosen, strict=False)
        }
        settled: dict[DayKey, DayTask] = {}
        for key, task in self.tasks.items():
            yesterday = (key[0], key[1] - dt.timedelta(days=1))
            if task.wraps and yesterday in chosen and key in chosen:
                duties: list[DutySpan] = self.tasks[yesterday].own_duties(chosen[yesterday])
                task = replace(task, wraps=False, fixed=tuple(spilled(duties, task.day.first_min)))
            settled[key] = task
        return settled

    def certify(self, periods: Sequence[Period], pool: Workers | None) -> None:
        """Judge the chosen plans on fresh days; where they fail, choose again with more to spare."""
        waiting = list(periods)
        for attempt in range(self.effort.attempts):
            settled = self.settled_tasks()
            jobs = [
                JudgeJob(
                    task=settled[key],
                    counts=choice.counts,
                    seed=self.seed,
                    first_day=FRESH * (attempt + 1),
                    days=self._days(period, choice),
                    threads=1 if pool is not None else None,
                )
                for period in waiting
                for key, choice in zip(period.keys, period.chosen, strict=True)
            ]
            judged = iter(judge_days(pool, jobs))
            failed = []
            for period in waiting:
                period.judged = [next(judged) for _ in period.dates]
                period.certified = is_certified(
                    period.judged, period.task, period.before, looks=self.effort.attempts
                )
                last = attempt == self.effort.attempts - 1
                if not (period.certified or last or self.is_out_of_reach(period)) and self._choose_again(
                    period
                ):
                    failed.append(period)
            if not failed:
                break
            waiting = failed

    def _spread(self, period: Period, choice: Choice) -> float:
        scale = period.task.target if period.task.is_seconds else 1.0
        return choice.trial.spread / scale

    def _days(self, period: Period, choice: Choice) -> int:
        """Return the fresh days that each day of a period is judged on."""
        least = min(LOOK, choice.trial.days)  # a large day tells as much in fewer days
        days = fresh_days(self._spread(period, choice), self.effort, least=least)
        if self.is_out_of_reach(period):
            days = min(days, FEW_SHORT)  # there is nothing to certify
        return max(min(LEAST_DAYS, least), int(np.ceil(days / len(period.dates))))

    def _margin(self, period: Period) -> float:
        """Return by how much a period's estimate must be ahead for its lower bound to reach the target."""
        weights = np.array([choice.trial.denominator.mean() for choice in period.chosen])
        errors = np.array([self._spread(period, c) / np.sqrt(self._days(period, c)) for c in period.chosen])
        error = float(np.sqrt(np.sum((weights * errors) ** 2))) / max(float(weights.sum()), 1e-12)
        return (self.effort.certain + SPARE) * error

    def _choose_again(self, period: Period) -> bool:
        """Choose again after a failure; return whether the plan changed."""
        before = [choice.counts.tobytes() for choice in period.chosen]
        if len(period.dates) == 1:
            passing = self.found[period.keys[0]].passing
            place = next((i for i, c in enumerate(passing) if c.counts.tobytes() == before[0]), -1)
            if place + 1 < len(passing):
                period.chosen = [passing[place + 1]]
        else:
            for key, choice, judged in zip(period.keys, period.chosen, period.judged, strict=True):
                trial = replace(
                    choice.trial, arrived=judged.window_sessions, unanswered=judged.unanswered_sessions
                )
                better_known = replace(
                    choice, ahead=min(choice.ahead, period.task.ahead(judged.share)), trial=trial
                )
                others = [c for c in self.found[key].choices if c is not choice]
                self.found[key] = replace(self.found[key], choices=(*others, better_known))
            left, most = unanswered_of(period.judged, looks=self.effort.attempts), period.task.max_unanswered
            if left.upper > most:
                period.reserve = min(period.reserve + left.upper - min(left.value, most), most / 2)
            period.margin = 1.2 * period.margin + 1e-4
            self.choose(period)
        return [choice.counts.tobytes() for choice in period.chosen] != before
