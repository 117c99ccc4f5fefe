"""The search for the cheapest shifts that meet a day's aggregate target.

A walk around the border of feasibility. A plan is scored by its cost, the price of what it misses, and a
lesser worth of what it has to spare. A step takes duties away and puts others back; all ways to put up to
four back are ranked by the value tables of the plan at hand, and only the best few are evaluated by the
model. Prices follow the walk, so that it spends about as many steps on either side of the border.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations_with_replacement, islice

import numpy as np

from scheduling.day import Floats, Ints
from scheduling.service.evaluation import Evaluation
from scheduling.service.passes import Pass
from scheduling.service.value import ValueTables, value_tables
from scheduling.shifts.effort import Effort
from scheduling.shifts.moves import (
    FLOOR,
    NOTHING,
    QUANTITIES,
    SERVED,
    SPARE,
    SURPLUS,
    Moves,
    Ranking,
    rank_moves,
)
from scheduling.shifts.task import DayTask

REACH = 2  # head counts beside an interval's own that are tabled; beyond them tables go on in straight lines
TABLE_EVALUATIONS = 20  # what a set of tables costs
SHORTLIST = 33  # instances considered for putting back
KEPT_MOVES = 300
SLACK = 1e-6
LATE_WORK = 40.0  # a round in time is worth this many times the paid work on it where people are too few


@dataclass(frozen=True)
class Plan:
    """Counts per instance with what the model says of them."""

    counts: Ints
    cost: float
    run: Pass
    evaluation: Evaluation
    now: Floats  # surplus, spare unanswered, minus what lacks to the floor, rounds on time

    @property
    def meets(self) -> bool:
        """Whether everything the day must meet is met."""
        return bool(np.all(self.now[:SERVED] >= -SLACK))

    @property
    def key(self) -> bytes:
        """The counts, to be looked up by."""
        return self.counts.tobytes()


@dataclass(frozen=True)
class Tried:
    """What is remembered of an evaluated plan."""

    counts: Ints
    cost: float
    share: float
    unanswered: float
    total: float
    arrived: float
    now: Floats


@dataclass
class Bias:
    """What the tables say of each interval alone against what changes of several bring together.

    Agents fewer in neighbouring intervals cost more than the sum, for backlog grows on backlog; agents more
    bring less. Both factors follow the walk by least squares with forgetting.
    """

    squares: Floats = field(default_factory=lambda: np.eye(2))
    products: Floats = field(default_factory=lambda: np.array([0.6, 1.7]))

    def learn(self, more: float, fewer: float, found: float) -> None:
        """Take in what the tables said of intervals with more and with fewer agents, and what came of it."""
        scale = abs(more) + abs(fewer)
        if scale < 1e-3:
            return
        said = np.array([more, fewer]) / scale
        self.squares = 0.97 * self.squares + np.outer(said, said) + 0.03 * np.eye(2)
        self.products = 0.97 * self.products + said * found / scale + 0.03 * np.array([0.6, 1.7])

    @property
    def factors(self) -> tuple[float, float]:
        """Factors on the tables' entries for more and for fewer agents."""
        more, fewer = np.linalg.solve(self.squares, self.products)
        return float(np.clip(more, 0.2, 1.5)), float(np.clip(fewer, 0.7, 4.0))


class Walk:
    """One walk: the task, what was tried, prices, and what is left to spend."""

    def __init__(self, task: DayTask, effort: Effort, rng: np.random.Generator) -> None:
        self.task = task
        self.effort = effort
        self.rng = rng
        self.spent = 0.0
        self.evaluations = effort.of_day(task.model)
        self.tried: dict[bytes, Tried] = {}
        self.expanded: set[bytes] = set()
        self.serves = False  # people are too few: as many rounds in time as can be
        self.best: Plan | None = None
        self.factor = np.array([1.5, 1.5, 3.0, 0.0])  # price below the border, in cheapest ways to buy
        self.price = np.zeros(QUANTITIES)  # cheapest way to buy a unit of each quantity [money]
        self.bias = [Bias() for _ in range(QUANTITIES)]
        self.ample = np.zeros(QUANTITIES)

    def plan(self, counts: Ints, base: Pass | None = None) -> Plan:
        """Evaluate counts and remember them."""
        self.spent += 1.0 if base is None else 0.6
        task = self.task
        run = task.run(counts, base)
        evaluation = task.model.summary(run)
        unanswered, arrived = task.unanswered(evaluation, counts), float(evaluation.arrived.sum())
        now = np.array(
            [
                evaluation.surplus,
                task.spare_unanswered(evaluation, unanswered),
                -float(task.floor_deficits(evaluation, run.on_duty).sum()),
                float(evaluation.rounds_on_time.sum()),
            ]
        )
        plan = Plan(counts, float(counts @ task.cost), run, evaluation, now)
        self.tried[plan.key] = Tried(
            counts,
            plan.cost,
            evaluation.share,
            unanswered / arrived if arrived > 0 else 0.0,
            float(evaluation.total.sum()),
            arrived,
            now,
        )
        if self._is_better(plan):
            self.best = plan
        return plan

    def aim(self, task: DayTask) -> None:
        """Go on with another target or limit on unanswered sessions for the same day and instances."""
        for tried in self.tried.values():
            raised = (task.target - self.task.target) * tried.total
            tried.now[SURPLUS] += raised if task.is_seconds else -raised
            tried.now[SPARE] += (task.max_unanswered - self.task.max_unanswered) * tried.arrived
        self.task, self.best = task, None
        if self.tried:
            scores = {key: self._score(tried.cost, tried.now) for key, tried in self.tried.items()}
            self.best = self.plan(self.tried[min(scores, key=scores.__getitem__)].counts)

    def _is_better(self, plan: Plan) -> bool:
        if self.best is None:
            return True
        if self.serves:
            return self._score(plan.cost, plan.now) < self._score(self.best.cost, self.best.now) - SLACK
        if plan.meets != self.best.meets:
            return plan.meets
        if not plan.meets:
            return float(np.minimum(plan.now[:SERVED], 0).sum()) > float(
                np.minimum(self.best.now[:SERVED], 0).sum()
            )
        return (plan.cost, -plan.now[SURPLUS]) < (self.best.cost - SLACK, -self.best.now[SURPLUS])

    def _ranking(self, now: Floats) -> Ranking:
        """Return how plans are scored now."""
        below, above = self.factor * self.price, 0.35 * self.price
        above[SPARE] *= 0.5
        above[FLOOR] = 0.0
        ample = self.ample.copy()
        if self.serves:
            below = np.array([0.0, 0.0, 1e-3 * self.price[SERVED], 0.0])
            above = np.array([0.0, 0.0, 0.0, self.price[SERVED]])
            ample[SERVED] = np.inf
        return Ranking(now=now, below=below, above=above, ample=ample)

    def _score(self, cost: float, now: Floats) -> float:
        ranking = self._ranking(now)
        short = -ranking.below @ np.minimum(now, 0.0)
        spare = np.where(ranking.above > 0, np.clip(now, 0.0, ranking.ample), 0.0)
        return float(cost + short - ranking.above @ spare)

    def from_start(self, counts: Ints, *, until: float = 1.0) -> Plan:
        """Search from a plan until a part of the evaluations is spent; return the best plan seen."""
        most = until * self.evaluations
        self.plan(counts)
        step = max(1, round(int(counts.sum()) / 80))
        while self.spent < most:
            current = self._next(counts)
            found = self._expand(current, step, most)
            if step > 1 and not found:
                step //= 2
                self.expanded.discard(current.key)
        assert self.best is not None
        return self.best

    def _next(self, counts: Ints) -> Plan:
        """Return the plan to look around next: the best scored of those left, give or take some luck."""
        waiting = [tried for key, tried in self.tried.items() if key not in self.expanded]
        if not waiting:  # everything near was tried: from a random mutation of the best
            mutated = counts.copy() if self.best is None else self.best.counts.copy()
            room = self.task.room(mutated)
            if len(room):
                mutated[room[self.rng.integers(len(room))]] += 1
            return self.plan(mutated)
        scores = np.array([self._score(tried.cost, tried.now) for tried in waiting])
        luck = self._temper() * self.rng.exponential(size=len(scores))
        chosen = waiting[int(np.argmin(scores + luck))]
        return self.plan(chosen.counts)

    def _temper(self) -> float:
        assert self.best is not None
        if self.serves:
            return 0.002 * abs(self._score(self.best.cost, self.best.now))
        return 0.006 * self.best.cost

    def _expand(self, current: Plan, step: int, most: float) -> bool:
        """Evaluate the best moves from a plan; return whether one of them is better scored."""
        self.expanded.add(current.key)
        gains = self._gains(current, step)
        better = False
        for _ in range(self.effort.rankings):
            for counts in self._ranked(current, gains, step):
                new = self.plan(counts, current.run)
                self._learn(current, new, gains, step)
                better |= self._score(new.cost, new.now) < self._score(current.cost, current.now)
                if self.spent >= most:
                    return better
        self._follow(current)
        return better

    def _follow(self, plan: Plan) -> None:
        """Let prices follow the search: up while it is short, down while it has enough."""
        for q in (SURPLUS, SPARE):
            self.factor[q] = np.clip(self.factor[q] * (1.12 if plan.now[q] < 0 else 0.93), 0.6, 5.0)

    def _learn(self, current: Plan, new: Plan, gains: Floats, step: int) -> None:
        """Compare what the tables said of a move with what it brought."""
        change = np.clip((new.run.on_duty - current.run.on_duty) // step, -REACH, REACH)
        said = gains[:, np.arange(len(change)), REACH + change]
        more = np.where(change > 0, said, 0.0).sum(axis=1)
        for q in (SURPLUS, SPARE, SERVED):
            self.bias[q].learn(
                float(more[q]), float(said[q].sum() - more[q]), float((new.now - current.now)[q])
            )

    def _unbiased(self, gains: Floats) -> Floats:
        """Return the tables corrected by what was learnt."""
        scaled = gains.copy()
        for q in (SURPLUS, SPARE, SERVED):
            more, fewer = self.bias[q].factors
            scaled[q, :, REACH + 1 :] *= more
            scaled[q, :, :REACH] *= fewer
        return scaled

    def _gains(self, plan: Plan, step: int) -> Floats:
        """Return the change of each day's sum by interval and steps, and set the prices by it."""
        self.spent += TABLE_EVALUATIONS
        columns = step * np.arange(-REACH, REACH + 1)
        tables = value_tables(
            self.task.model,
            plan.run.on_duty,
            plan.run.leaving,
            candidates=np.maximum(0, plan.run.on_duty[:, None] + columns),
            base=plan.run,
        )
        gains = _differences(tables, self.task, plan)
        self._set_prices(gains, step)
        return gains

    def _set_prices(self, gains: Floats, step: int) -> None:
        """Set the price of a unit of each quantity: the cheapest duty to buy it with."""
        one = gains[:, :, REACH + 1] @ self.task.on.T / step  # quantity x instance
        for q in (SURPLUS, SPARE):
            bought = one[q] / self.task.cost
            if bought.max(initial=0.0) > 1e-9:
                price = 1.0 / float(bought.max()) / self.bias[q].factors[0]
                self.price[q] = price if self.price[q] == 0 else self.price[q] ** 0.8 * price**0.2
                self.ample[q] = float(self.task.cost.max()) / self.price[q]
        self.price[FLOOR] = max(self.price[SURPLUS], self.price[FLOOR])
        if self.serves:
            service = self.task.served_day.service
            hourly = float((self.task.cost / self.task.paid_hours).max())
            self.price[SERVED] = LATE_WORK * hourly * service.reply_s / 3600.0

    def _ranked(self, plan: Plan, gains: Floats, step: int) -> Iterator[Ints]:
        """Yield the counts of the best moves that were not tried yet."""
        task = self.task
        removals = self._removals(plan, step)
        shortlist = self._shortlist(plan, gains)
        taken = np.array([np.bincount(list(r), minlength=len(task.cost)) for r in removals], dtype=np.int64)
        members = np.zeros((len(shortlist), len(task.groups)), dtype=np.int64)
        room = np.zeros((len(removals), len(task.groups)), dtype=np.int64)
        for g, (who, limit) in enumerate(task.groups):
            members[:, g] = np.isin(shortlist, who)
            used = (plan.counts - step * taken)[:, who].sum(axis=1)
            room[:, g] = np.maximum(0, (limit - used) // step)
        dear = float(np.median(task.cost)) * step
        moves = rank_moves(
            self._unbiased(gains),
            task.on[shortlist],
            task.cost[shortlist] * step,
            taken @ task.on,
            taken @ task.cost * step,
            members,
            room,
            self._ranking(plan.now),
            most_cost=dear * (0.6 if plan.meets else 2.0) if not self.serves else 4 * dear,
            keep=KEPT_MOVES,
        )
        yield from islice(self._plans_of(plan, moves, taken, shortlist, step), self.effort.tries)

    def _plans_of(self, plan: Plan, moves: Moves, taken: Ints, shortlist: Ints, step: int) -> Iterator[Ints]:
        per_removal = np.zeros(len(taken), dtype=np.int64)
        for removal, back in zip(moves.removal, moves.back, strict=True):
            if per_removal[removal] == 3:
                continue
            put = shortlist[back[back != NOTHING]]
            counts = plan.counts + step * (np.bincount(put, minlength=len(plan.counts)) - taken[removal])
            if counts.min() < 0 or not self.task.fits(counts) or counts.tobytes() in self.tried:
                continue
            per_removal[removal] += 1
            yield counts

    def _removals(self, plan: Plan, step: int) -> list[tuple[int, ...]]:
        """Return sets of up to three duties to take away: some of all that are possible, and none."""
        used = np.flatnonzero(plan.counts >= step)
        sets: list[tuple[int, ...]] = [()]
        if len(used) == 0:
            return sets
        pairs = list(combinations_with_replacement(used, 2))
        chosen: set[tuple[int, ...]] = {
            (int(k),) for k in self.rng.permutation(used)[: self.effort.removals // 4]
        }
        wanted = min(self.effort.removals, len(used) + len(pairs))
        for _ in range(6 * wanted):
            if len(chosen) >= wanted:
                break
            size = 2 if self.rng.random() < 0.5 else 3
            picked = tuple(sorted(int(k) for k in self.rng.choice(used, size)))
            if np.all(np.bincount(picked, minlength=len(plan.counts)) * step <= plan.counts):
                chosen.add(picked)
        return sets + sorted(chosen)

    def _shortlist(self, plan: Plan, gains: Floats) -> Ints:
        """Return the instances worth putting back, by what one more is worth alone; some by chance."""
        cost = self.task.cost
        if len(cost) <= SHORTLIST:
            return np.arange(len(cost))
        ranking = self._ranking(plan.now)
        weight = np.where(plan.now < 0, ranking.below, np.maximum(ranking.above, 0.3 * ranking.below))
        worth = weight @ (gains[:, :, REACH + 1] @ self.task.on.T) / cost
        noisy = worth * self.rng.uniform(0.85, 1.0, len(cost)) ** np.sign(worth)
        return np.sort(np.argsort(-noisy, kind="stable")[:SHORTLIST])


def _differences(tables: ValueTables, task: DayTask, plan: Plan) -> Floats:
    """Return what changes of each quantity, by interval and column of the tables."""
    surplus = tables.surplus - tables.base_surplus
    evaluation, on = plan.evaluation, plan.run.on_duty
    spare = np.zeros_like(surplus)
    if task.max_unanswered < 1:
        spare = tables.base[2] - tables.unanswered
        if task.absence_rate > 0:
            coming = task.coming(plan.counts)
            others = np.maximum(0, coming[:, None] + tables.candidates - on[:, None])
            deserted = [task.deserted(evaluation, column) for column in (coming, *others.T)]
            spare = spare + deserted[0][:, None] - np.stack(deserted[1:], axis=1)
    has = evaluation.on_time[:, None] + surplus - task.floor * evaluation.total[:, None]
    lacks = np.zeros_like(surplus)
    if task.floor > 0 and not evaluation.less_is_better:
        lacks = np.minimum(0.0, np.where(task.must[:, None], has, 0.0))
    alone = task.must[:, None] & (tables.candidates <= 0)
    lacks = np.where(alone, -1.0 - evaluation.total[:, None], lacks)
    lacks = lacks + np.where(alone, np.minimum(0, tables.candidates - 0), 0.0)
    floor = lacks + task.floor_deficits(evaluation, on)[:, None]
    return np.stack([surplus, spare, floor, tables.rounds_on_time - tables.base[3]])
