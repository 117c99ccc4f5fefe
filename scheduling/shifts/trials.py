"""Plans judged by the simulator: many on the same days for the search, the chosen one on fresh days."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scheduling.day import LARGE_DAY, DutySpan, Floats, Ints
from scheduling.shifts.task import DayTask
from scheduling.simulation.arrivals import KeptDay
from scheduling.simulation.replicate import judge
from scheduling.simulation.same_days import draw_days, judge_many

FRESH = 1_000_000  # number of the first day on which chosen plans are judged: no search sees it
LOOK = 60  # days on which every plan is tried first
FEWEST_DAYS = 4
PLANS_AT_LEAST = 8  # tried whatever the budget
KEPT_SESSIONS = 12e6  # of drawn days, 1.5 GB; days beyond are drawn again for every plan
PARTS = 8  # parts of a day whose work, known in the mean, explains much of a day's luck


@dataclass(frozen=True)
class Trial:
    """Sums of each simulated day of one plan."""

    numerator: Floats
    denominator: Floats
    unanswered: Floats
    arrived: Floats
    served: Floats
    asked: Floats

    @property
    def days(self) -> int:
        """Simulated days."""
        return len(self.numerator)

    @property
    def share(self) -> float:
        """Ratio of the sums; mean seconds under such a rule."""
        return float(self.numerator.sum()) / max(float(self.denominator.sum()), 1e-12)

    @property
    def unanswered_share(self) -> float:
        """Sessions of the window never answered / all."""
        return float(self.unanswered.sum()) / max(float(self.arrived.sum()), 1e-12)

    @property
    def on_time_of_asked(self) -> float:
        """Rounds in time / the rounds there would be if every session were served."""
        return float(self.served.sum()) / max(float(self.asked.sum()), 1e-12)

    @property
    def spread(self) -> float:
        """Standard deviation of one day's share around the expected one."""
        residual = self.numerator - self.share * self.denominator
        return float(np.std(residual, ddof=1)) / max(float(self.denominator.mean()), 1e-12)

    def then(self, other: Trial) -> Trial:
        """Return this trial with further days."""
        return Trial(
            *(
                np.concatenate([getattr(self, name), getattr(other, name)])
                for name in self.__dataclass_fields__
            )
        )


class Trials:
    """Trials of one day's plans on the same buyers, at the level of demand that is planned for.

    ``budget`` is what may be simulated. [sessions]
    """

    def __init__(self, task: DayTask, *, seed: int, budget: float, threads: int | None = None) -> None:
        self.task = task
        day = task.served_day
        self.day = replace(day, sessions=day.sessions * task.level, settled=day.settled * task.level)
        self.seed = seed
        self.left = max(budget, PLANS_AT_LEAST * FEWEST_DAYS * float(self.day.sessions.sum()))
        self.threads = threads
        self.known: dict[bytes, Trial] = {}
        self._drawn: list[KeptDay] = []
        self._work: list[Floats] = []
        service, intervals = self.day.service, len(self.day.sessions)
        work = self.day.sessions * self.day.handle_factor * service.rounds * service.reply_s
        self._expected = np.bincount(np.arange(intervals) * PARTS // intervals, weights=work, minlength=PARTS)

    def days(self, nominal: int) -> int:
        """Return the days to simulate for as much knowledge as that many days of a `LARGE_DAY` give."""
        size = float(self.day.sessions.sum())
        return nominal if size <= LARGE_DAY else max(FEWEST_DAYS, int(np.ceil(nominal * LARGE_DAY / size)))

    def cost_of(self, days: int) -> float:
        """Return what a trial of that many nominal days takes from the budget. [sessions]"""
        return self.days(days) * (float(self.day.sessions.sum()) + 100.0)

    def can_afford(self, days: int) -> bool:
        """Whether the budget allows another trial."""
        return self.left >= self.cost_of(days)

    def of(self, counts: Ints, days: int = LOOK) -> Trial:
        """Return the trial of a plan on at least that many nominal days."""
        key = counts.tobytes()
        known = self.known.get(key)
        have, wanted = 0 if known is None else known.days, self.days(days)
        if have < wanted:
            more = self._simulated(self.task.duties(counts), have, wanted)
            self.left -= (wanted - have) * (float(self.day.sessions.sum()) + 100.0)
            known = more if known is None else known.then(more)
            self.known[key] = known
        assert known is not None
        return known

    def _simulated(self, duties: list[DutySpan], first: int, last: int) -> Trial:
        if self.task.absence_rate > 0:
            found = judge(
                {"": self.day},
                [replace(duty, streams=()) for duty in duties],
                seed=self.seed,
                least_days=last - first,
                most_days=last - first,
                absence_rate=self.task.absence_rate,
                first_day=first,
                threads=self.threads,
            ).streams[""]
            return Trial(
                found.numerators,
                found.denominators,
                found.unanswered_sessions,
                found.window_sessions,
                found.rounds_on_time,
                found.rounds_asked,
            )
        self._draw(last)
        kept = min(max(len(self._drawn), first), last)
        if first < kept < last:
            return self._simulated(duties, first, kept).then(self._simulated(duties, kept, last))
        sums = judge_many(
            self.day,
            [duties],
            seed=self.seed,
            days=last - first,
            first_day=first,
            drawn=self._drawn[first:last] if kept == last else None,
            threads=self.threads,
        )
        return Trial(
            sums.numerator[0],
            sums.denominator[0],
            sums.unanswered[0],
            sums.arrived[0],
            sums.rounds_on_time[0],
            sums.rounds_asked[0],
        )

    def estimate(self, counts: Ints, days: int = LOOK) -> tuple[float, float]:
        """Return a plan's expected share and its standard error.

        The work that buyers bring in each part of a day is known in the mean; regression on it takes the luck
        of the days out (control variates), as good as two to four times the days.
        """
        trial = self.of(counts, days)
        if trial.days < 2 * (PARTS + 1):
            return trial.share, trial.spread / float(np.sqrt(trial.days))
        mean = max(float(trial.denominator.mean()), 1e-12)
        residual = (trial.numerator - trial.share * trial.denominator) / mean
        design = np.column_stack([np.ones(trial.days), self._luck(trial.days)])
        fitted, *_ = np.linalg.lstsq(design, residual, rcond=None)
        left = residual - design @ fitted
        freedom = max(trial.days - design.shape[1], 1)
        error = float(np.sqrt(left @ left / freedom / trial.days))
        return trial.share + float(fitted[0]), error

    def _luck(self, days: int) -> Floats:
        """Return the work of each part of each drawn day, relative to what is expected there."""
        self._draw(days)
        return np.array(self._work[:days]) / np.maximum(self._expected, 1e-9) - 1.0

    def _work_by_part(self, drawn: KeptDay) -> Floats:
        """Return the seconds of work that one day's buyers bring, by part of the day."""
        sessions, intervals = drawn.sessions, len(self.day.sessions)
        reached = np.concatenate([[0.0], np.cumsum(drawn.work_s)])
        work = reached[sessions["end_round"]] - reached[sessions["first_round"]]
        work[sessions["settled"]] = 0.0
        at = (sessions["arrival_s"] / 60.0 - self.day.first_min) / self.day.interval_min
        part = np.clip(at.astype(np.int64), 0, intervals - 1) * PARTS // intervals
        return np.bincount(part, weights=work, minlength=PARTS).astype(np.float64)

    def _draw(self, days: int) -> None:
        """Draw days not drawn before, and keep as many of them as there is room for."""
        room = int(KEPT_SESSIONS / max(float(self.day.sessions.sum()), 1.0))
        for number in range(len(self._work), days):
            drawn = draw_days(self.day, seed=self.seed, days=1, first_day=number)[0]
            self._work.append(self._work_by_part(drawn))
            if number < room:
                self._drawn.append(drawn)
