"""Agents per interval that meet the aggregate target with the least agent-hours, free of shift shapes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduling.day import Floats, Ints, ServiceDay
from scheduling.large_teams import settled_counts, smaller_day, team_scale
from scheduling.service.agent import scaled_to_throughput
from scheduling.service.evaluation import Evaluation
from scheduling.service.passes import Pass
from scheduling.service.shop import DayModel
from scheduling.service.value import Backward, ValueTables, value_tables

LOADS = (0.5, 1.15)  # work per agent-hour between which the even start is sought
BISECTIONS = 6
FINEST = 60  # head counts are changed in steps of the largest / FINEST at first
RUNS_TOGETHER = 1.4  # losses of several intervals add up to about that many times the sum of each alone
TRIMS = 5  # most rounds of trimming per step
SWAPS = 3  # most rounds of exchanges
EXCHANGES = 3  # intervals that one more agent is tried in, per exchange
NEAR_BEST = 0.98  # of the best there is with any number of people, where what is wanted lies beyond that


@dataclass(frozen=True, kw_only=True)
class Goals:
    """What a day must meet: the target, the least share of an interval, the largest share never answered."""

    target: float
    floor: float
    max_unanswered: float

    def within(self, best: Evaluation, *, where: npt.NDArray[np.bool_]) -> Goals:
        """Return the goals as far as any number of people could meet them.

        `best` is what more than enough people bring, in the intervals `where` somebody can be on duty. What
        lies beyond it would cost people without end and not be met, so a little less than that is aimed at;
        the limit on sessions never answered is then for those that somebody might have answered.
        """
        share, floor, left = self.target, self.floor, self.max_unanswered
        if best.less_is_better:
            share = max(share, best.share / NEAR_BEST) if best.share > share else share
        elif best.share < share:
            share = NEAR_BEST * best.share
        least = float(interval_shares(best)[where].min(initial=1.0))
        if not best.less_is_better and least < floor:
            floor = NEAR_BEST * least
        if best.unanswered_share > left:
            left = min(1.0, best.unanswered_share + left)
        return Goals(target=share, floor=floor, max_unanswered=left)


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """Agents per interval, and what the model expects of them.

    Attributes
    ----------
    agents
        Agents on duty, net of shrinkage, one value an interval.
    evaluation
        The model's view of the day with them.
    is_met
        Whether target, floor and the limit on unanswered sessions are all met. Where no number of agents
        does, those are given that come near the best there is.
    """

    agents: Ints
    evaluation: Evaluation
    is_met: bool


def required_agents(
    day: ServiceDay,
    *,
    floor: float = 0.0,
    max_unanswered: float = 1.0,
    already: Ints | None = None,
    near: Ints | None = None,
) -> Requirement:
    """Return the least agents per interval that meet the day's target.

    Parameters
    ----------
    day
        Demand, service, rule and target.
    floor
        Least expected share of any interval of the window; 0: only somebody on duty.
    max_unanswered
        Largest share of the window's sessions that are never answered.
    already
        Agents who are on duty anyway, per interval.
    near
        Agents that are likely to be a little more than enough, as those of a day like it: saves time.

    Notes
    -----
    First the same load per agent in every interval, also outside the window, for backlog enters it: the
    highest load that meets everything. Then agents are taken where the value tables say the day's surplus
    suffers least, several intervals at a time in ever smaller steps; at last agents are exchanged, one more
    where that helps most for several fewer elsewhere. A good hour may pay for a bad one.
    """
    nobody = np.zeros(len(day.sessions), dtype=np.int64)
    staffing = _Staffing(day, floor, max_unanswered, nobody if already is None else already)
    scale = team_scale([day])
    if near is not None:
        start = staffing.of(np.maximum(near, staffing.least))
        if start.is_met:
            return staffing.exchanged(staffing.trimmed(start, 1))
    found = _least(staffing) if scale == 1 else _of_large_team(staffing, scale)
    wanted = Goals(target=day.target, floor=floor, max_unanswered=max_unanswered)
    goals = wanted if found.is_met else wanted.within(found.evaluation, where=day.window_mask)
    if goals == wanted:
        return found
    lowered = required_agents(
        replace(day, target=goals.target),
        floor=goals.floor,
        max_unanswered=goals.max_unanswered,
        already=already,
    )
    return replace(lowered, is_met=False)


def _least(staffing: _Staffing) -> Requirement:
    start = staffing.even_start()
    if not staffing.meets(start.evaluation):
        return replace(start, is_met=False)
    step = max(1, round(int(start.agents.max()) / FINEST))
    best = staffing.trimmed(start, step)
    while step > 1:
        step = max(1, step // 3)
        best = staffing.trimmed(best, step)
    return staffing.exchanged(best)


def settled_requirement(
    day: ServiceDay, small: Ints, scale: int, *, floor: float, max_unanswered: float, already: Ints
) -> Requirement:
    """Return the requirement of a large team from the agents of a smaller one of the same shape."""
    return _settled(_Staffing(day, floor, max_unanswered, already), small, scale)


def _of_large_team(staffing: _Staffing, scale: int) -> Requirement:
    least = staffing.least // scale
    small = _Staffing(smaller_day(staffing.day, scale), staffing.floor, staffing.max_unanswered, least)
    return _settled(staffing, _least(small).agents, scale)


def _settled(staffing: _Staffing, small: Ints, scale: int) -> Requirement:
    def whole(agents: Ints) -> Ints:
        return np.maximum(agents, staffing.least)

    return staffing.of(whole(settled_counts(small, scale, lambda agents: staffing.of(whole(agents)).is_met)))


class _Staffing:
    """One day and what it must meet."""

    def __init__(self, day: ServiceDay, floor: float, max_unanswered: float, already: Ints) -> None:
        self.day = day
        self.model = DayModel(day)
        self.floor = floor
        self.max_unanswered = max_unanswered
        self.least = np.maximum(already, day.window_mask.astype(np.int64))
        self.latest: Pass | None = None
        self.tabled: Backward | None = None  # of the best so far: trials resume its forward pass

    def of(self, agents: Ints) -> Requirement:
        base = self.latest if self.tabled is None else self.tabled.run
        self.latest = self.model.run(agents) if base is None else self.model.rerun(base, agents)
        evaluation = self.model.summary(self.latest)
        return Requirement(agents=agents, evaluation=evaluation, is_met=self.meets(evaluation))

    def meets(self, evaluation: Evaluation) -> bool:
        if evaluation.surplus < 0 or evaluation.unanswered_share > self.max_unanswered:
            return False
        if self.floor <= 0 or evaluation.less_is_better:
            return True
        return bool(np.all(evaluation.on_time >= self.floor * evaluation.total - 1e-9))

    def even_start(self) -> Requirement:
        """Return the highest even load that meets everything."""
        service = scaled_to_throughput(self.day.service)
        work_h = self.day.sessions * self.day.handle_factor * service.rounds * service.reply_s / 3600.0
        busy = work_h / (self.day.interval_min / 60.0)

        def even(load: float) -> Requirement:
            return self.of(np.maximum(np.ceil(busy / load - 1e-9).astype(np.int64), self.least))

        low, high = LOADS
        best = even(low)
        while not best.is_met and low > 0.05:
            low, high = low / 2, low
            best = even(low)
        if not best.is_met:
            return best
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            trial = even(middle)
            if trial.is_met:
                low, best = middle, trial
            else:
                high = middle
        return best

    def trimmed(self, best: Requirement, step: int) -> Requirement:
        """Take agents away where it hurts least, as many at a time as the surplus seems to allow."""
        for _ in range(TRIMS):
            tables = self._tables(best.agents, np.array([-step, 0]))
            loss = tables.surplus[:, 1] - tables.surplus[:, 0]
            can = np.flatnonzero(best.agents - step >= self.least)
            order = can[np.argsort(loss[can], kind="stable")]
            spent = np.cumsum(np.maximum(loss[order], 0.0)) * RUNS_TOGETHER
            fewer = self._fewer(best, order, step, int(np.searchsorted(spent, best.evaluation.surplus)))
            if fewer is None:
                break
            best = fewer
        return best

    def _fewer(self, best: Requirement, order: Ints, step: int, count: int) -> Requirement | None:
        """Return a staffing with a step less in the first intervals of `order`, as many as go; or None."""
        count = max(count, 1)
        while count and len(order):
            agents = best.agents.copy()
            agents[order[:count]] -= step
            trial = self.of(agents)
            if trial.is_met:
                return trial
            count = count // 2
        for i in order[1:4]:  # the cheapest alone was not to be had
            agents = best.agents.copy()
            agents[i] -= step
            trial = self.of(agents)
            if trial.is_met:
                return trial
        return None

    def exchanged(self, best: Requirement) -> Requirement:
        """Put one more agent where it helps most and take several away elsewhere, while hours fall."""
        for _ in range(SWAPS):
            tables = self._tables(best.agents, np.array([-1, 0, 1]))
            loss = tables.surplus[:, 1] - tables.surplus[:, 0]
            gain = tables.surplus[:, 2] - tables.surplus[:, 1]
            better = None
            for g in np.argsort(-gain, kind="stable")[:EXCHANGES]:
                can = np.flatnonzero((best.agents > self.least) & (np.arange(len(loss)) != g))
                order = can[np.argsort(loss[can], kind="stable")]
                budget = best.evaluation.surplus + gain[g]
                count = int(np.searchsorted(np.cumsum(loss[order]) * RUNS_TOGETHER, budget))
                for fewer in (count + 1, count):
                    if fewer < 2 or fewer > len(order):
                        continue
                    agents = best.agents.copy()
                    agents[g] += 1
                    agents[order[:fewer]] -= 1
                    trial = self.of(agents)
                    if trial.is_met and (better is None or trial.agents.sum() < better.agents.sum()):
                        better = trial
                        break
            if better is None:
                break
            best = better
        return best

    def _tables(self, agents: Ints, steps: Ints) -> ValueTables:
        if self.tabled is None or not np.array_equal(self.tabled.run.on_duty, agents):
            self.tabled = Backward(self.model, self._run(agents))
        candidates = np.maximum(0, agents[:, None] + steps)
        return value_tables(self.model, agents, candidates=candidates, base=self.tabled)

    def _run(self, agents: Ints) -> Pass:
        """Return the forward pass of agents: the latest one, as a rule."""
        if self.latest is not None and np.array_equal(self.latest.on_duty, agents):
            return self.latest
        return self.model.run(agents)


def interval_shares(evaluation: Evaluation) -> Floats:
    """Return the expected share of each interval (mean seconds under such a rule).

    Where nothing is judged, as outside the window, nothing is late: 1 (or 0 s).
    """
    nothing = 0.0 if evaluation.less_is_better else 1.0
    counted = evaluation.total > 1e-9
    share = np.divide(evaluation.on_time, evaluation.total, out=np.full(len(counted), nothing), where=counted)
    return np.asarray(share if evaluation.less_is_better else np.clip(share, 0.0, 1.0))


def requirement_table(
    stream: str,
    starts: pd.DatetimeIndex,
    requirement: Requirement,
    *,
    offered: Floats,
    shrinkage: float = 0.0,
) -> pd.DataFrame:
    """Return one day's rows of ``requirement.csv``.

    Parameters
    ----------
    stream
        The stream.
    starts
        Start of each interval, time-zone aware.
    requirement
        Agents on duty.
    offered
        Consultations before bots, one value an interval.
    shrinkage
        Share of paid time that is not available: ``gross = net / (1 - shrinkage)``.

    Returns
    -------
    pd.DataFrame
        ``stream, start, agents_net, agents_gross, offered, on_time`` (`interval_shares`).
    """
    evaluation = requirement.evaluation
    return pd.DataFrame(
        {
            "stream": stream,
            "start": starts,
            "agents_net": requirement.agents,
            "agents_gross": np.round(requirement.agents / (1.0 - shrinkage), 4),
            "offered": offered,
            "on_time": interval_shares(evaluation),
        }
    )
