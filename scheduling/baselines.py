"""What the usual guides would plan, to be printed beside the plan: each as its guide says.

``daily_ratio`` the day's sessions divided by what one agent receives a day, half of them early, half late;
``erlang_c`` each interval by Erlang C, an agent serving one chat at a time, then shifts that cover it;
``erlang_c_slots`` the same with agents times cap as servers and the session's time as service time;
``every_interval`` each interval at the target by the planner's own model, then shifts that cover it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import partial
from math import ceil
from typing import Literal

import numpy as np

from scheduling.day import Ints, ServiceDay
from scheduling.large_teams import smaller_day, team_scale
from scheduling.requirement import interval_shares
from scheduling.service.agent import scaled_to_throughput
from scheduling.service.erlang import erlang_c
from scheduling.service.passes import Pass
from scheduling.service.shop import DayModel
from scheduling.shifts.cover import Group, cover_plan
from scheduling.shifts.templates import TemplateInstance, presence

BaselineName = Literal["daily_ratio", "erlang_c", "erlang_c_slots", "every_interval"]
BASELINES: tuple[BaselineName, ...] = ("daily_ratio", "erlang_c", "erlang_c_slots", "every_interval")

OCCUPANCY = 0.70  # of paid time that guides count on when they state a day's reception of one agent
MOST_SHARE = 0.99  # a target of 1 would ask Erlang C for endless agents
BUSY = 0.95  # share of their time that agents type, to start from
MOST_AGENTS = 3  # times the work, beyond which more agents in an interval do not help it


def baseline_plan(
    name: BaselineName,
    day: ServiceDay,
    instances: Sequence[TemplateInstance],
    *,
    groups: Sequence[Group] = (),
    factor: float = 1.0,
) -> Ints:
    """Return people per instance as a guide's method plans them.

    Parameters
    ----------
    name
        The method.
    day
        The stream's day.
    instances
        Ways to work.
    groups
        Limits on people as sets of instances, for the methods that cover a requirement.
    factor
        On the people that the method asks for: what a planner does who saw it give too many or too few.
    """
    if name == "daily_ratio":
        return daily_ratio(day, instances, factor=factor)
    on, _ = presence([instance.duty_span() for instance in instances], day.starts_min, day.interval_min)
    cost = np.array([instance.cost for instance in instances])
    required = np.ceil(factor * _REQUIREMENTS[name](day)).astype(np.int64)
    return cover_plan(np.where(on.any(axis=0), required, 0), on, cost, groups)


def daily_ratio(day: ServiceDay, instances: Sequence[TemplateInstance], *, factor: float = 1.0) -> Ints:
    """Divide the day's sessions by one agent's daily reception; half of the people early, half late.

    The daily reception is `OCCUPANCY` of the paid time of a shift over the work on a session. Breaks are
    spread evenly. Without early and late shifts the earliest and the latest of what there is serve.
    """
    early = [k for k, instance in enumerate(instances) if instance.form == "early"]
    late = [k for k, instance in enumerate(instances) if instance.form == "late"]
    by_start = sorted(range(len(instances)), key=lambda k: (instances[k].start_min, k))
    early = early or [k for k in by_start if instances[k].start_min == instances[by_start[0]].start_min]
    late = late or [k for k in by_start if instances[k].end_min == max(x.end_min for x in instances)]
    service = scaled_to_throughput(day.service)
    paid_s = 3600.0 * np.mean([instances[k].paid_hours for k in (*early, *late)])
    reception = OCCUPANCY * float(paid_s) / (service.rounds * service.reply_s)
    people = max(2, ceil(factor * float(day.sessions @ day.handle_factor) / reception))
    counts = np.zeros(len(instances), dtype=np.int64)
    for half, size in ((early, people // 2), (late, people - people // 2)):
        for person in range(size):
            counts[half[person % len(half)]] += 1
    return counts


def _erlang(day: ServiceDay, servers_each: int) -> Ints:
    """Return the agents of each interval by Erlang C on the time a session takes from start to close."""
    service = scaled_to_throughput(day.service)
    rule = day.rule
    target = MOST_SHARE if rule.metric == "mean_seconds" else min(day.target, MOST_SHARE)
    required = np.zeros(len(day.sessions), dtype=np.int64)
    for i in np.flatnonzero(day.window_mask & (day.sessions > 0)):
        work = service.rounds * service.reply_s * float(day.handle_factor[i])
        mean = work + (service.rounds - 1) * service.think_s + service.auto_close_s
        rate = float(day.sessions[i]) / (60.0 * day.interval_min)
        least = max(1, ceil(rate * mean / servers_each))
        enough = partial(_waits_little, rate, mean, servers_each, rule.threshold_s, target)
        required[i] = least + bisect_left(
            range(MOST_AGENTS * least + 10), True, key=lambda n: enough(least + n)
        )
    return np.maximum(required, day.window_mask.astype(np.int64))


def _waits_little(
    rate: float, mean: float, servers_each: int, threshold_s: float, target: float, agents: int
) -> bool:
    """Whether Erlang C lets that share wait no longer than the threshold."""
    return erlang_c(rate, mean, servers_each * agents, threshold_s).served_within >= target


def _one_chat(day: ServiceDay) -> Ints:
    return _erlang(day, 1)


def _slots(day: ServiceDay) -> Ints:
    return _erlang(day, int(day.service.reception_cap))


def _every_interval(day: ServiceDay) -> Ints:
    """Return agents with which every interval of the window reaches the target by the planner's model.

    From the first interval to the last, for backlog runs forward: the fewest agents that do. Outside the
    window, where nothing is judged, as many as the work asks for.
    """
    scale = team_scale([day])
    if scale > 1:  # the same shape in a team whose intervals can be gone through one agent at a time
        return scale * _every_interval(smaller_day(day, scale))
    model, judged = DayModel(day), day.window_mask
    service = scaled_to_throughput(day.service)
    busy = day.sessions * day.handle_factor * service.rounds * service.reply_s / (60.0 * day.interval_min)
    agents = np.maximum(np.ceil(busy / BUSY), judged).astype(np.int64)
    state = model.run(agents)
    target = day.target if day.rule.metric == "mean_seconds" else min(day.target, MOST_SHARE)

    def with_agents(i: np.int64, number: int) -> tuple[Pass, bool]:
        changed = agents.copy()
        changed[i] = number
        trial = model.rerun(state, changed)
        evaluation = model.summary(trial)
        share = float(interval_shares(evaluation)[i])
        return trial, share <= target if evaluation.less_is_better else share >= target

    for i in np.flatnonzero(judged):
        number, step = int(agents[i]), max(1, int(agents[i]) // 50)
        trial, enough = with_agents(i, number)
        while not enough and number < MOST_AGENTS * agents[i] + 10:
            number += step
            trial, enough = with_agents(i, number)
        while number > 1:
            fewer, still = with_agents(i, number - 1)
            if not still:
                break
            number, trial = number - 1, fewer
        agents[i], state = number, trial
    return agents


_REQUIREMENTS: dict[BaselineName, Callable[[ServiceDay], Ints]] = {
    "erlang_c": _one_chat,
    "erlang_c_slots": _slots,
    "every_interval": _every_interval,
}
