"""The search of one day: starts, walks by the model, and trials by the simulator in turns."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecast.randomness import generator
from scheduling.day import Floats, Ints
from scheduling.requirement import Requirement, required_agents
from scheduling.service.evaluation import Evaluation
from scheduling.shifts.bound import cost_bound
from scheduling.shifts.cover import cover_plan
from scheduling.shifts.effort import DesignEffort
from scheduling.shifts.search import Walk
from scheduling.shifts.settle import Choice, Settler, by_cost
from scheduling.shifts.task import DayTask
from scheduling.shifts.tiny import list_covers
from scheduling.shifts.trials import LOOK, Trials

logger = logging.getLogger(__name__)

Z_LOWER = 1.645  # one-sided 95 %
Z_TWO = 1.960
SECOND_JUDGE = 2000  # days on which somebody else may simulate the plan again
TINY = 6  # people up to which all covers of a day are listed
FEWEST_LOOKED_AT = 6  # plans tried where people are too few
HOPELESS = 0.10  # below the target, at the limits on people: more than moving them about brings
SERVING = 0.6  # of a walk's evaluations, where people are too few: there are fewer ways to put them
TOGETHER = 0.4  # of the sessions simulated, for a day that is judged with others
PLENTY = 1.8  # times the required agents: more than anybody needs


@dataclass(frozen=True, kw_only=True)
class DayJob:
    """One day to be searched; what a worker process is sent.

    Attributes
    ----------
    task
        What the shifts must meet, at the level planned for.
    starts
        Plans to start from (counts per instance), beside the cover of the requirement.
    effort
        Limits.
    seed, name
        The run's seed and what to name its random numbers by.
    part
        Of the covers to start from: agents required times this.
    needed, near
        What the day requires, where it is known; or agents that are likely to be a little more than enough.
    needs_proof
        Whether the day alone will be judged on fresh days against the target (not a span together).
    threads
        Of the simulator; None: as many as there are processors.
    """

    task: DayTask
    effort: DesignEffort
    seed: int
    name: str
    starts: tuple[Ints, ...] = ()
    part: float = 1.0
    needed: Requirement | None = None
    near: Ints | None = None
    needs_proof: bool = True
    threads: int | None = None


@dataclass(frozen=True, kw_only=True)
class DayChoices:
    """What the search of one day found.

    Attributes
    ----------
    choices
        Plans simulated, in order of cost.
    passing
        Those that fresh days are likely to confirm, cheapest first.
    needed
        Agents per interval that meet the day with the least agent-hours, and what the model says of them.
    kind
        How much better the model's shares are than the simulator's.
    out_of_reach
        Whether limits on people keep the target out of reach (choices are then those that serve most), or
        no number of people meets it.
    best
        What any number of people would bring, where that is not enough; choices come near it.
    """

    choices: tuple[Choice, ...]
    passing: tuple[Choice, ...]
    needed: Requirement
    kind: float
    out_of_reach: bool
    best: Evaluation | None = None

    @property
    def required(self) -> Ints:
        """Agents per interval that meet the day with the least agent-hours."""
        return self.needed.agents


def search_day(job: DayJob) -> DayChoices:
    """Return the plans of one day that are worth choosing between.

    Where no number of people meets the day, plans near the best there is are looked for instead: to come
    closer would cost people without end.
    """
    task = job.task
    found = _search(job)
    if found is not None:
        return found
    lowered = task.within(task.best)
    found = _search(replace(job, task=lowered, needed=None), may_give_up=False)
    assert found is not None

    def held_against_the_target(choice: Choice) -> Choice:
        return replace(choice, ahead=task.ahead(lowered.share_of(choice.ahead)))

    return replace(
        found,
        choices=tuple(map(held_against_the_target, found.choices)),
        passing=tuple(map(held_against_the_target, found.passing)),
        out_of_reach=True,
        best=task.best,
    )


def _search(job: DayJob, *, may_give_up: bool = True) -> DayChoices | None:
    """Return what is found; None where no number of people meets the day, unless there must be an answer."""
    task, effort = job.task, job.effort
    needed = job.needed or required_agents(
        task.model.day,
        floor=task.floor,
        max_unanswered=task.max_unanswered,
        already=task.already[0],
        near=job.near,
    )
    if may_give_up and not needed.is_met:
        return None
    # Days judged together need less knowledge each.
    budget = effort.simulated_sessions * (1.0 if job.needs_proof else TOGETHER)
    trials = Trials(task, seed=job.seed, budget=budget, threads=job.threads)
    rungs = effort.rungs if job.needs_proof else effort.rungs[:1]
    settler = Settler(task=task, trials=trials, rungs=rungs, per_cost=effort.per_cost)
    wanted = np.maximum(0, np.ceil(job.part * needed.agents).astype(np.int64) - task.already[0])
    starts = [*map(task.within_limits, job.starts), cover_plan(wanted, task.on, task.cost, task.groups)]
    walk = Walk(task, effort.walk, generator(job.seed, "walk", job.name))
    for counts in [*starts, *_crowded(task, wanted)]:
        walk.plan(counts)
    out_of_reach = _is_hopeless(walk, task)
    for stage in range(0 if out_of_reach else effort.stages):
        until = 1.0 if stage == effort.stages - 1 else 0.5 + 0.5 * stage / (effort.stages - 1)
        for k, counts in enumerate(starts):
            walk.from_start(counts, until=until * (k + 1) / len(starts) if stage == 0 else until)
        _try_tiny(walk)
        assert walk.best is not None
        if stage == 0 and not walk.best.meets and _may_be_out_of_reach(walk, task):
            if may_give_up and not task.groups:
                return None
            out_of_reach = True
            break
        starts = [walk.best.counts]
        if job.needs_proof:
            settler.margin = _margin(trials, walk, effort)
        settler.settle(walk)
        if stage < effort.stages - 1:
            walk.aim(settler.aimed())
    if not job.needs_proof and not out_of_reach:
        settler.look_around(walk)
    if not settler.choices and not out_of_reach:  # nothing near the border: the best there is
        assert walk.best is not None
        settler.take(walk.tried[walk.best.counts.tobytes()], LOOK)
    if out_of_reach:
        return _most_served(job, walk, settler, needed)
    return DayChoices(
        choices=tuple(sorted(settler.choices.values(), key=by_cost)),
        passing=tuple(settler.passing()),
        needed=needed,
        kind=settler.kind,
        out_of_reach=False,
    )


def _crowded(task: DayTask, wanted: Ints) -> list[Ints]:
    """Return a plan with so many on duty that seldom enough all are absent at once, where few are wanted."""
    if not (0.0 < task.absence_rate < 1.0 and 0.0 < task.max_unanswered < 1.0):
        return []
    crowd = int(np.ceil(np.log(task.max_unanswered) / np.log(task.absence_rate)))
    if crowd <= wanted[task.must].min(initial=crowd):
        return []
    return [
        cover_plan(np.where(task.must, np.maximum(wanted, crowd), wanted), task.on, task.cost, task.groups)
    ]


def merged(found: Sequence[DayChoices]) -> DayChoices:
    """Return what several walks of the same day found together."""
    choices = {
        c.counts.tobytes(): c for day in found for c in sorted(day.choices, key=lambda c: c.trial.days)
    }
    passing = {c.counts.tobytes(): c for day in found for c in day.passing}
    return replace(
        found[0],
        choices=tuple(sorted(choices.values(), key=by_cost)),
        passing=tuple(sorted(passing.values(), key=by_cost)),
        kind=float(np.mean([day.kind for day in found])),
        out_of_reach=all(day.out_of_reach for day in found),
    )


def day_bound(job: tuple[DayTask, Ints, float]) -> float:
    """Return a lower bound on the cost of a day: task, agents required, work in deterministic seconds."""
    task, required, work = job
    return cost_bound(task, np.ceil(PLENTY * required).astype(np.int64) + 2, work=work)


def fresh_days(spread: float, effort: DesignEffort, *, least: int = LOOK) -> int:
    """Return how many fresh days bring the interval of a share to the wanted width.

    `spread` is the standard deviation of one day's share.
    """
    return int(np.clip(np.ceil((Z_TWO * spread / effort.half_width) ** 2), least, effort.most_days))


def _margin(trials: Trials, walk: Walk, effort: DesignEffort) -> float:
    """Return by how much an estimate must be ahead for a lower bound on fresh days to reach the target.

    And on `SECOND_JUDGE` days more of somebody else: a plan just on the border is no promise.
    """
    assert walk.best is not None
    scale = trials.task.target if trials.task.is_seconds else 1.0
    spread = trials.of(walk.best.counts).spread / scale
    own = effort.certain * fresh_days(spread, effort) ** -0.5
    return spread * float(own + Z_LOWER * SECOND_JUDGE**-0.5)


def _try_tiny(walk: Walk) -> None:
    """Evaluate every cover of a day that has but a few."""
    best, task = walk.best, walk.task
    if best is None or int(best.counts.sum()) > TINY or len(task.fixed):
        return
    covers = list_covers(task.on, task.must, task.cost, best.cost)
    for counts in covers or []:
        if task.fits(counts) and counts.tobytes() not in walk.tried:
            walk.plan(counts)


def _may_be_out_of_reach(walk: Walk, task: DayTask) -> bool:
    """Whether limits on people bind (or nothing more can be put in) while the day is not met."""
    assert walk.best is not None
    counts = walk.best.counts
    near = any(int(counts[members].sum()) >= limit - 1 > 0 for members, limit in task.groups)
    return near or len(task.room(counts)) == 0 or not task.groups


def _is_hopeless(walk: Walk, task: DayTask) -> bool:
    """Whether all the people there may be are so far from the target that no search gets there."""
    assert walk.best is not None
    tried = walk.tried[walk.best.counts.tobytes()]
    return bool(task.groups) and _may_be_out_of_reach(walk, task) and task.ahead(tried.share) < -HOPELESS


def _most_served(job: DayJob, walk: Walk, settler: Settler, needed: Requirement) -> DayChoices:
    """Search again for the most rounds on time, of all that would be asked, that the people can do."""
    task, effort = job.task, job.effort
    fewer = replace(effort.walk, evaluations=round(SERVING * effort.walk.evaluations))
    serving = Walk(task, fewer, generator(job.seed, "serve", job.name))
    serving.serves = True
    starts = _limited_starts(task, walk)
    for k, counts in enumerate(starts):
        serving.from_start(counts, until=(k + 1) / (len(starts) + 1))
    assert serving.best is not None
    serving.from_start(serving.best.counts)
    ranked = sorted(serving.tried.values(), key=lambda tried: -tried.now[3] + 1e-6 * tried.cost)
    choices = [settler.take(tried, LOOK) for tried in ranked[:FEWEST_LOOKED_AT]]
    best = max(choices, key=lambda choice: choice.trial.on_time_of_asked)
    settler.trials.of(best.counts, effort.rungs[-1])
    return DayChoices(
        choices=(best,),
        passing=(),
        needed=needed,
        kind=settler.kind,
        out_of_reach=True,
    )


def _limited_starts(task: DayTask, walk: Walk) -> list[Ints]:
    """Return starts for too few people: the walk's, people where most sessions come, people all over."""
    assert walk.best is not None
    per_hour = (task.on @ task.model.day.sessions) / np.maximum(task.paid_hours, 1e-9)
    return [
        walk.best.counts,
        _filled(task, per_hour),
        _filled(task, (task.on @ task.model.day.window_mask).astype(float)),
    ]


def _filled(task: DayTask, worth: Floats) -> Ints:
    """Return a plan that puts people on the instances worth most, in turns, until limits bind."""
    counts = np.zeros(len(task.cost), dtype=np.int64)
    most = sum(limit for _, limit in task.groups) or int(task.must.sum())
    order = np.argsort(-worth, kind="stable")[: max(6, len(worth) // 3)]
    for turn in range(most):
        for k in np.roll(order, -turn):
            counts[k] += 1
            if task.fits(counts):
                break
            counts[k] -= 1
    return counts
