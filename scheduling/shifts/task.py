"""One day's shift problem: what to meet, with which instances, at what cost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forecast.timegrid import MINUTES_A_DAY
from scheduling.day import DutySpan, Floats, Ints, ServiceDay, leaving, on_duty
from scheduling.demand import DayKey, served_day
from scheduling.requirement import Goals
from scheduling.service.evaluation import Evaluation
from scheduling.service.passes import Pass
from scheduling.service.shop import DayModel
from scheduling.shifts.cover import Group
from scheduling.shifts.templates import TemplateInstance, presence

PLENTY = 3.0  # agents on each instance per agent's work in the busiest interval
SIMILAR = 0.10  # days whose sessions differ by less, interval by interval, start from the same plan


@dataclass(frozen=True, kw_only=True)
class PeopleLimits:
    """How many people may work on one day.

    Attributes
    ----------
    templates, pools
        Most people of a template and of a pool, all streams together.
    there, able
        People of each pool who are there on a date, and of those who can serve a stream then. A pool of which
        nobody is named is in neither.
    """

    templates: Mapping[str, int] = field(default_factory=dict)
    pools: Mapping[str, int] = field(default_factory=dict)
    there: Mapping[dt.date, Mapping[str, int]] = field(default_factory=dict)
    able: Mapping[DayKey, Mapping[str, int]] = field(default_factory=dict)

    def groups(self, instances: Sequence[TemplateInstance]) -> tuple[Group, ...]:
        """Return the limits of any day as sets of instances, each with its number of people."""
        return _groups(instances, self.templates, self.pools)

    def groups_on(self, instances: Sequence[TemplateInstance], date: dt.date) -> tuple[Group, ...]:
        """Return the limits of a date, all streams together."""
        return _groups(instances, self.templates, _lesser(self.pools, self.there.get(date, {})))

    def groups_of(self, instances: Sequence[TemplateInstance], key: DayKey) -> tuple[Group, ...]:
        """Return the limits of one stream on a date; the same sets in the same order as `groups_on`."""
        there = _lesser(self.pools, self.there.get(key[1], {}))
        return _groups(instances, self.templates, _lesser(there, self.able.get(key, {})))

    def broken_by(self, counts: Mapping[DayKey, Ints], instances: Sequence[TemplateInstance]) -> set[dt.date]:
        """Return the dates on which plans have more people than there may be, by stream or together."""
        broken = {
            key[1] for key, of_day in counts.items() if not _hold(self.groups_of(instances, key), of_day)
        }
        for date in {date for _, date in counts} - broken:
            together = np.sum([of_day for key, of_day in counts.items() if key[1] == date], axis=0)
            if not _hold(self.groups_on(instances, date), together):
                broken.add(date)
        return broken

    def without_names(self, dates: Collection[dt.date]) -> PeopleLimits:
        """Return the limits without who is there and able on some dates."""
        return replace(
            self,
            there={date: of for date, of in self.there.items() if date not in dates},
            able={key: of for key, of in self.able.items() if key[1] not in dates},
        )

    def divided(self, scale: int) -> PeopleLimits:
        """Return the limits of a team smaller by a factor."""
        return PeopleLimits(
            templates={name: limit // scale for name, limit in self.templates.items()},
            pools={name: limit // scale for name, limit in self.pools.items()},
            there={date: {name: -(-n // scale) for name, n in of.items()} for date, of in self.there.items()},
            able={key: {name: -(-n // scale) for name, n in of.items()} for key, of in self.able.items()},
        )


def _groups(
    instances: Sequence[TemplateInstance], templates: Mapping[str, int], pools: Mapping[str, int]
) -> tuple[Group, ...]:
    found: list[Group] = []
    for of, limits in (("template", templates), ("pool", pools)):
        for name, limit in sorted(limits.items()):
            members = [k for k, instance in enumerate(instances) if getattr(instance, of) == name]
            if members:
                found.append((np.array(members, dtype=np.int64), limit))
    return tuple(found)


def _hold(groups: Sequence[Group], counts: Ints) -> bool:
    return all(int(counts[members].sum()) <= limit for members, limit in groups)


def _lesser(limits: Mapping[str, int], others: Mapping[str, int]) -> dict[str, int]:
    """Return the lesser of two limits by name; where only one of them names it, that one."""
    return {name: min(of[name] for of in (limits, others) if name in of) for name in {**limits, **others}}


def moved(duty: DutySpan, minutes: int) -> DutySpan:
    """Return a duty at another time of day."""
    return replace(
        duty,
        start_min=duty.start_min + minutes,
        end_min=duty.end_min + minutes,
        breaks=tuple((a + minutes, b + minutes) for a, b in duty.breaks),
    )


def spilled(duties: Sequence[DutySpan], first_min: int) -> list[DutySpan]:
    """Return what duties of one day are to the next, from its first minute on: those past midnight."""
    late = [moved(duty, -MINUTES_A_DAY) for duty in duties]
    return [
        replace(
            duty,
            start_min=max(duty.start_min, first_min),
            breaks=tuple((max(a, first_min), b) for a, b in duty.breaks if b > first_min),
        )
        for duty in late
        if duty.end_min > first_min
    ]


@dataclass(frozen=True, kw_only=True)
class DayTask:
    """What a day's shifts must meet.

    Attributes
    ----------
    day
        The stream's day.
    instances
        Ways to work.
    groups
        Limits on people.
    floor
        Least expected share of an interval of the window; 0: only somebody on duty.
    max_unanswered
        Largest share of the window's sessions that are never answered.
    target
        Share to plan for: the rule's target and what the model is known to be too kind by. Seconds under a
        rule in seconds.
    shrinkage
        Share of paid time that is not available. Work takes longer by 1 / (1 - shrinkage).
    absence_rate
        Chance that a duty is not worked.
    level
        Factor on the day's sessions that the plan is made for.
    fixed
        Duties that are on anyway: those of the day before that reach past midnight.
    wraps
        Instead of that, duties that reach past midnight were worked on the day before as well.
    """

    day: ServiceDay
    instances: tuple[TemplateInstance, ...]
    groups: tuple[Group, ...] = ()
    floor: float = 0.0
    max_unanswered: float = 1.0
    target: float = 0.9
    shrinkage: float = 0.0
    absence_rate: float = 0.0
    level: float = 1.0
    fixed: tuple[DutySpan, ...] = ()
    wraps: bool = False

    @property
    def is_seconds(self) -> bool:
        """Whether the rule is in mean seconds, where less is better."""
        return self.day.rule.metric == "mean_seconds"

    def is_like(self, other: DayTask) -> bool:
        """Whether two days of a stream are so similar that one may start from the other's plan."""
        a, b = self.day, other.day
        if len(a.sessions) != len(b.sessions) or a.first_min != b.first_min:
            return False
        if a.service != b.service or np.any(a.handle_factor != b.handle_factor):
            return False
        x, y = a.sessions * self.level, b.sessions * other.level
        return bool(np.abs(x - y).sum() <= SIMILAR * y.sum())

    def ahead(self, share: float) -> float:
        """Return by how much a share is better than the target (seconds relative to the target)."""
        return (self.target - share) / self.target if self.is_seconds else share - self.target

    def share_of(self, ahead: float) -> float:
        """Return the share (or seconds) that is ahead of the target by so much."""
        return self.target * (1.0 - ahead) if self.is_seconds else self.target + ahead

    @cached_property
    def best(self) -> Evaluation:
        """What more than enough people bring, whatever the limits on them."""
        service = self.served_day.service
        work_h = self.day.sessions * self.day.handle_factor * service.rounds * service.reply_s / 3600.0
        busy = self.level * work_h / (self.day.interval_min / 60.0)
        each = int(np.ceil(PLENTY * busy.max())) + 1
        return self.model.summary(self.run(np.full(len(self.instances), each, dtype=np.int64)))

    def within(self, best: Evaluation) -> DayTask:
        """Return the task with its goals lowered as far as what any number of people bring asks for."""
        wanted = Goals(target=self.target, floor=self.floor, max_unanswered=self.max_unanswered)
        goals = wanted.within(best, where=self.must)
        return replace(self, target=goals.target, floor=goals.floor, max_unanswered=goals.max_unanswered)

    @cached_property
    def served_day(self) -> ServiceDay:
        """The day as planner and simulator see it."""
        return served_day(self.day, self.shrinkage)

    @cached_property
    def model(self) -> DayModel:
        """The planner's model of the day at the level planned for, short of those who will be absent."""
        pressure = self.level / (1.0 - self.absence_rate)
        return DayModel(
            replace(
                self.served_day,
                target=self.target,
                sessions=self.day.sessions * pressure,
                settled=self.day.settled * pressure,
            )
        )

    @cached_property
    def presence(self) -> tuple[Ints, Ints]:
        """Instances x intervals: on duty, and stopping at the interval's start."""
        duties = [instance.duty_span() for instance in self.instances]
        on, stops = presence(duties, self.day.starts_min, self.day.interval_min)
        if self.wraps:
            early = presence(
                [moved(duty, -MINUTES_A_DAY) for duty in duties], self.day.starts_min, self.day.interval_min
            )
            return on + early[0], stops + early[1]
        return on, stops

    @cached_property
    def already(self) -> tuple[Ints, Ints]:
        """Agents on duty and stopping per interval of the fixed duties."""
        starts = self.day.starts_min
        return on_duty(self.fixed, starts, self.day.interval_min), leaving(self.fixed, starts)

    @property
    def on(self) -> Ints:
        """Instances x intervals: on duty."""
        return self.presence[0]

    @cached_property
    def cost(self) -> Floats:
        """Cost of one person on each instance. [money]"""
        return np.array([instance.cost for instance in self.instances])

    @cached_property
    def paid_hours(self) -> Floats:
        """Paid hours of one person on each instance."""
        return np.array([instance.paid_hours for instance in self.instances])

    @cached_property
    def must(self) -> npt.NDArray[np.bool_]:
        """Intervals in which somebody must be on duty: those of the window that any instance covers."""
        return self.day.window_mask & (self.on.any(axis=0) | (self.already[0] > 0))

    def staffing(self, counts: Ints) -> tuple[Ints, Ints]:
        """Return agents on duty and stopping per interval."""
        return counts @ self.presence[0] + self.already[0], counts @ self.presence[1] + self.already[1]

    def run(self, counts: Ints, base: Pass | None = None) -> Pass:
        """Return the model's pass of a plan, resumed from another where one is given."""
        on, stops = self.staffing(counts)
        return self.model.run(on, stops) if base is None else self.model.rerun(base, on, stops)

    def duties(self, counts: Ints) -> list[DutySpan]:
        """Return one duty a person, the fixed ones included, as the simulator needs them."""
        own = self.own_duties(counts)
        early = spilled(own, self.day.first_min) if self.wraps else []
        return [*self.fixed, *early, *own]

    def own_duties(self, counts: Ints) -> list[DutySpan]:
        """Return one duty a person of the plan itself."""
        return [
            instance.duty_span()
            for instance, count in zip(self.instances, counts, strict=True)
            for _ in range(int(count))
        ]

    def fits(self, counts: Ints) -> bool:
        """Whether the limits on people hold."""
        return _hold(self.groups, counts)

    def has_limits_of(self, other: DayTask) -> bool:
        """Whether two tasks on the same instances have the same limits on people."""
        mine, others = ([(tuple(members), limit) for members, limit in t.groups] for t in (self, other))
        return mine == others

    def within_limits(self, counts: Ints) -> Ints:
        """Return a plan without those who are too many, taken where most are."""
        counts = counts.copy()
        for members, limit in self.groups:
            for _ in range(int(counts[members].sum()) - limit):
                counts[members[int(np.argmax(counts[members]))]] -= 1
        return counts

    def room(self, counts: Ints) -> Ints:
        """Return the instances that the limits leave room for one more person on."""
        full = [members for members, limit in self.groups if int(counts[members].sum()) >= limit]
        return np.setdiff1d(np.arange(len(counts)), np.concatenate(full) if full else [])

    def spare_unanswered(self, evaluation: Evaluation, unanswered: float) -> float:
        """Return how many more sessions may stay unanswered; below zero: how many too many."""
        if self.max_unanswered >= 1.0:
            return 0.0
        return self.max_unanswered * float(evaluation.arrived.sum()) - unanswered

    def unanswered(self, evaluation: Evaluation, counts: Ints) -> float:
        """Return the sessions never answered: the model's, and those of days on which all are absent."""
        left = float(evaluation.unanswered.sum())
        if self.absence_rate > 0:
            left += float(self.deserted(evaluation, self.coming(counts)).sum())
        return left

    @cached_property
    def later(self) -> Ints:
        """Instances x intervals: on duty then or later that day."""
        return np.maximum.accumulate(self.presence[0][:, ::-1], axis=1)[:, ::-1]

    def coming(self, counts: Ints) -> Ints:
        """Return per interval how many people are on duty then or later that day."""
        return np.asarray(counts @ self.later + self.already[0])

    def deserted(self, evaluation: Evaluation, coming: Ints) -> Floats:
        """Return per interval the sessions that come while all on duty then or later happen to be absent.

        The model has fewer agents instead of absent ones, and knows no such days.
        """
        return np.asarray(evaluation.arrived * self.absence_rate**coming * (coming > 0))

    def floor_deficits(self, evaluation: Evaluation, on: Ints) -> Floats:
        """Return per interval the units that lift it to the floor.

        An interval where nobody is on duty though somebody must be lacks all its units.
        """
        lacking = np.zeros(len(on))
        if self.floor > 0 and not evaluation.less_is_better:
            lacking = np.maximum(0.0, self.floor * evaluation.total - evaluation.on_time)
            lacking[~self.must] = 0.0
        alone = self.must & (on == 0)
        lacking[alone] = 1.0 + evaluation.total[alone]
        return lacking
