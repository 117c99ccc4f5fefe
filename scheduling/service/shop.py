"""The shop's day: a chain on the sessions present, carried from interval to interval."""

from __future__ import annotations

from math import ceil

import numpy as np
import numpy.typing as npt

from scheduling.day import Floats, Ints, ServiceDay
from scheduling.service import ages as age_model
from scheduling.service import chain, leavers, rates, worth
from scheduling.service.agent import AgentLaw, agent_law, jump_seconds, scaled_to_throughput
from scheduling.service.evaluation import Evaluation
from scheduling.service.passes import Pass, State
from scheduling.service.segments import Segment, default_leaving, segments_of

STEP_S = 90.0  # of the implicit scheme; half of it changes no share by more than 0.02 points
COHORT_STEP_S = 30.0  # where many sessions begin at once: they age, close and end together, in waves
COHORT = 0.2  # of all slots, filled from the queue at once
SPREAD_SD = 0.86  # open sessions over agents: fewest-open is not perfect balance; times n^-1/3


class DayModel:
    """Deterministic reply-level model of one stream's day.

    Parameters
    ----------
    day
        Demand, service parameters, rule and target.

    Examples
    --------
    >>> from forecast.replies.rules import preset_rules
    >>> from forecast.replies.service_parameters import ServiceParameters
    >>> rule = preset_rules()["taobao.human3min.30d"]
    >>> day = ServiceDay(first_min=540, interval_min=30, sessions=np.full(8, 60.0),
    ...                  service=ServiceParameters(), rule=rule, target=0.9)
    >>> model = DayModel(day)
    >>> model.evaluate(np.full(8, 4)).share < model.evaluate(np.full(8, 6)).share
    True
    """

    def __init__(self, day: ServiceDay) -> None:
        self.day = day
        self.service = scaled_to_throughput(day.service)
        self.cap = int(self.service.reception_cap)
        self.most_open = ceil(1.5 * self.cap) + 2
        self._parts: dict[float, tuple[Floats, Floats]] = {}
        rule = day.rule
        self.every = (
            rule.pass_if == "every_reply" and rule.unit in ("session", "buyer_day") and rule.metric == "share"
        )
        self.window = worth.window_shares(day)
        law = self._law(1.0)
        cycle = self.service.think_s + float(law.latency_s[max(1, self.cap // 2)])
        self.later_window = worth.later_shares(day, self.window, cycle * (1 + (self.service.rounds - 1) / 2))
        self.stay, self.more = age_model.rounds_left(
            self.service.rounds, age_model.steadier_rounds(self.service, law, self.cap)
        )

    def _law(self, handle_factor: float) -> AgentLaw:
        return agent_law(
            self.service,
            self.day.rule.threshold_s,
            most_open=self.most_open,
            handle_factor=handle_factor,
        )

    def _constants(self, law: AgentLaw, handle_factor: float) -> Floats:
        shop = np.zeros(rates.SHOP_SIZE)
        shop[rates.ROUNDS] = self.service.rounds
        shop[rates.THINK] = self.service.think_s
        shop[rates.CLOSE] = self.service.auto_close_s
        shop[rates.CAP] = self.cap
        shop[rates.THRESHOLD] = self.day.rule.threshold_s
        shop[rates.PATIENCE] = self.service.patience_s
        shop[rates.SPREAD] = SPREAD_SD
        shop[rates.WORK_SQUARE] = min(1.0, law.work_square)
        shop[rates.FASTER], shop[rates.STEADIER] = age_model.busy_clock(self.service)
        shop[rates.JUMP :] = jump_seconds(self.service, law, self.cap, handle_factor)
        shop[rates.OVERTAKEN] = max(float(law.latency_s[self.cap]) - float(np.mean(shop[rates.JUMP :])), 1e-6)
        shop[rates.AWAY] = law.away_s
        shop[rates.WORK] = law.latency_s[1]
        shop[rates.FROM_ASSIGNMENT] = float(self.day.rule.clock == "assigned")
        return shop

    def evaluate(
        self, on_duty: npt.ArrayLike, leaving: npt.ArrayLike | None = None, *, sessions: Floats | None = None
    ) -> Evaluation:
        """Return what the day is expected to bring.

        Parameters
        ----------
        on_duty
            Agents taking new sessions, one integer an interval.
        leaving
            Agents who stop at each interval's start (a duty's end or a break's start). Default: the
            drops of `on_duty`.
        sessions
            Expected sessions instead of the day's (a forecast draw, another level).
        """
        return self.summary(self.run(on_duty, leaving, sessions=sessions))

    def evaluate_from(
        self, base: Pass, on_duty: npt.ArrayLike, leaving: npt.ArrayLike | None = None
    ) -> Evaluation:
        """Return the evaluation of another staffing, resumed where it first differs from `base`."""
        return self.summary(self.rerun(base, on_duty, leaving))

    def run(
        self, on_duty: npt.ArrayLike, leaving: npt.ArrayLike | None = None, *, sessions: Floats | None = None
    ) -> Pass:
        """Return the whole forward pass of a day; what `evaluate` sums up and `rerun` resumes."""
        duty, leave = self._checked(on_duty, leaving)
        offered = self.day.sessions if sessions is None else np.asarray(sessions, dtype=np.float64)
        if len(offered) != len(duty) or np.any(offered < 0) or not np.all(np.isfinite(offered)):
            raise ValueError(f"sessions needs {len(duty)} finite values >= 0")
        empty = State(
            lo=0,
            mass=np.ones(1),
            tagged=np.zeros(1),
            ages=np.zeros((2, len(self.stay) + age_model.STAGES)),
            active=1.0,
            agents=0,
            work_factor=float(self.day.handle_factor[0]),
        )
        return self._advance(duty, leave, offered, (empty,), np.zeros((0, chain.COUNTS)), (), ())

    def rerun(self, base: Pass, on_duty: npt.ArrayLike, leaving: npt.ArrayLike | None = None) -> Pass:
        """Return the pass of another staffing of the same demand, computed from where it first differs."""
        duty, leave = self._checked(on_duty, leaving)
        segments = self.segments(duty, leave)
        same = next(
            (i for i, pair in enumerate(zip(segments, base.segments, strict=True)) if pair[0] != pair[1]),
            len(segments),
        )
        keep = max(0, same - 1)  # the segment before looks ahead at the one that changed
        return self._advance(
            duty,
            leave,
            base.sessions,
            base.states[: keep + 1],
            base.counts[:keep],
            base.factors[:keep],
            base.bands[:keep],
        )

    def _checked(self, on_duty: npt.ArrayLike, leaving: npt.ArrayLike | None) -> tuple[Ints, Ints]:
        """Return both vectors as integers or raise `ValueError`."""
        duty = np.asarray(on_duty).astype(np.int64)
        leave = default_leaving(duty) if leaving is None else np.asarray(leaving).astype(np.int64)
        count = len(self.day.sessions)
        if duty.shape != (count,) or leave.shape != (count,):
            raise ValueError(f"on_duty and leaving need {count} values, got {duty.shape} and {leave.shape}")
        if np.any(duty < 0) or np.any(leave < 0):
            raise ValueError("on_duty and leaving must be 0 or more")
        return duty, leave

    def segments(
        self, duty: Ints, leave: Ints, *, like: tuple[Segment, ...] = (), interval: int = 0
    ) -> tuple[Segment, ...]:
        """Return the stretches of constant staffing; see `segments_of`."""
        return segments_of(duty, leave, self.service, self.day.interval_min, like=like, interval=interval)

    def _advance(
        self,
        duty: Ints,
        leave: Ints,
        sessions: Floats,
        states: tuple[State, ...],
        counts: Floats,
        factors: tuple[Floats, ...],
        bands: tuple[Ints, ...],
    ) -> Pass:
        """Run the segments that `states` does not cover yet."""
        segments = self.segments(duty, leave)
        all_states, all_factors, all_bands = list(states), list(factors), list(bands)
        tally = np.zeros((len(segments), chain.COUNTS))
        tally[: len(counts)] = counts
        room = self.room(sessions)
        buffer, scratch = np.zeros((2, room)), np.zeros((rates.SCRATCH, room))
        for index in range(len(all_states) - 1, len(segments)):
            following = segments[index + 1] if index + 1 < len(segments) else None
            state, fac, band = self.step(
                all_states[index], segments[index], following, sessions, buffer, scratch, tally[index]
            )
            all_states.append(state)
            all_factors.append(fac)
            all_bands.append(band)
        return Pass(
            on_duty=duty,
            leaving=leave,
            sessions=sessions,
            segments=segments,
            states=tuple(all_states),
            counts=tally,
            factors=tuple(all_factors),
            bands=tuple(all_bands),
        )

    @staticmethod
    def room(sessions: Floats) -> int:
        """Return the length of a buffer that no day's number of sessions outgrows."""
        total = float(np.sum(sessions))
        return int(total + 12 * np.sqrt(total) + 400)

    def step(
        self,
        state: State,
        segment: Segment,
        following: Segment | None,
        sessions: Floats,
        buffer: Floats,
        scratch: Floats,
        counts: Floats,
    ) -> tuple[State, Floats, Ints]:
        """Run one segment: the leavers stop, then time passes; return the state at its end."""
        i = segment.interval
        law, shop = self.parts(self.work_factor(state, segment, sessions))
        p, u = buffer
        p[state.lo : state.hi + 1] = state.mass
        if self.is_judged(i):
            u[state.lo : state.hi + 1] = state.tagged
        lo, hi = state.lo, state.hi
        ages, joined = state.ages.copy(), state.joined
        if segment.leavers:
            ages, joined = np.vstack([ages.sum(axis=0), np.zeros(ages.shape[1])]), 0
            leave = self.leave(segment, state)
            lo, hi = leavers.depart(p, u, lo, hi, segment.before, leave, law, shop, counts)
            if not leave[leavers.HANDOVER]:
                ages *= 1.0 - leave[leavers.SHARE]
        steps = max(1, ceil(segment.seconds / self._step_s(segment, lo, p[lo : hi + 1])))
        factors = np.zeros((steps, rates.FACTORS))
        bands = np.zeros((steps, 2), dtype=np.int64)
        lo, hi, joined = chain.forward(
            p, u, self.every, lo, hi, ages, joined, state.active, segment.before - segment.leavers, self.stay,
            segment.seconds, steps, segment.agents,
            following.agents if following else segment.agents, following.leavers if following else 0,
            sessions[i] / (60.0 * self.day.interval_min), law, shop, following is None,
            factors, bands, counts, scratch,
        )  # fmt: skip
        end = State(
            lo=lo,
            mass=p[lo : hi + 1].copy(),
            tagged=u[lo : hi + 1].copy(),
            ages=ages,
            active=float(factors[-1, rates.ACTIVE]),
            agents=segment.agents,
            joined=joined,
            work_factor=self.factor_after(
                state, segment, sessions, float(p[lo : hi + 1] @ np.arange(lo, hi + 1))
            ),
        )
        p[lo : hi + 1] = 0.0
        u[lo : hi + 1] = 0.0
        return end, factors, bands

    def _step_s(self, segment: Segment, lo: int, mass: Floats) -> float:
        """Return the length of a segment's steps: short where joiners take many sessions from the queue."""
        full, staying = segment.agents * self.cap, (segment.before - segment.leavers) * self.cap
        if full <= staying:
            return STEP_S
        states = lo + np.arange(len(mass))
        taken = float(mass @ np.maximum(0, np.minimum(states, full) - staying))
        return COHORT_STEP_S if taken > COHORT * full else STEP_S

    def parts(self, work_factor: float) -> tuple[Floats, Floats]:
        """Return the tables and constants that the compiled chain reads, for a factor on the work."""
        if work_factor not in self._parts:
            law = self._law(work_factor)
            self._parts[work_factor] = (_table(law), self._constants(law, work_factor))
        return self._parts[work_factor]

    def work_factor(self, state: State, segment: Segment, sessions: Floats) -> float:
        """Return the factor on the replies of a segment: some are to sessions that were there before."""
        here = float(self.day.handle_factor[segment.interval])
        if here == state.work_factor:
            return here
        states = np.arange(state.lo, state.hi + 1)
        queued = float(state.mass @ np.maximum(0, states - state.agents * self.cap))
        inherited = 0.5 * (float(state.mass @ states) - queued) + queued  # half of an open session is done
        new = max(self._arrivals(segment, sessions), 1e-9)
        return round((inherited * state.work_factor + new * here) / (inherited + new), 2)

    def factor_after(self, state: State, segment: Segment, sessions: Floats, present: float) -> float:
        """Return the mean factor of the sessions present at a segment's end: the last to come are there."""
        here = float(self.day.handle_factor[segment.interval])
        if here == state.work_factor:
            return here
        new = min(1.0, self._arrivals(segment, sessions) / max(present, 1e-9))
        return here if new == 1.0 else round(new * here + (1.0 - new) * state.work_factor, 4)

    def _arrivals(self, segment: Segment, sessions: Floats) -> float:
        """Return the sessions expected in a segment."""
        return float(sessions[segment.interval]) * segment.seconds / (60.0 * self.day.interval_min)

    def is_judged(self, interval: int) -> bool:
        """Whether the rule judges questions of an interval; only then a late one fails its session."""
        return bool(self.later_window[interval] > 0)

    def leave(self, segment: Segment, state: State) -> Floats:
        """Return how the leavers of a segment go: share of agents, and what their sessions have ahead."""
        leave = np.zeros(leavers.LEAVE_SIZE)
        leave[leavers.SHARE] = segment.leavers / segment.before
        leave[leavers.HANDOVER] = float(self.service.leave == "handover")
        leave[leavers.ACTIVE_SHARE] = state.active
        total = float(state.ages.sum())
        if total > 1e-12:
            rounds = len(self.stay)
            pending = self.more.copy()
            pending[1:] += 1.0  # the round a thinking buyer is about to open
            ages = state.ages.sum(axis=0)
            leave[leavers.CLOSING] = float(ages[rounds:].sum()) / total
            leave[leavers.AHEAD_ROUNDS] = float(ages[:rounds] @ pending) / total
            if segment.for_good:
                leave[leavers.FOR_GOOD] = 1.0
                leave[leavers.NEW] = float(ages[0]) / total * self._not_typed(segment, state)
            if not leave[leavers.HANDOVER]:
                law, _ = self.parts(state.work_factor)
                cycle_s = self.service.think_s + float(law[rates.LATENCY, max(1, self.cap // 2)])
                closes = self.service.auto_close_s * (1.0 - 0.5 * leave[leavers.CLOSING])
                leave[leavers.LEFT_S] = leave[leavers.AHEAD_ROUNDS] * cycle_s + closes
        return leave

    def _not_typed(self, segment: Segment, state: State) -> float:
        """Return the share of the questions at the desks that are not being answered just now."""
        latency_s = self.parts(state.work_factor)[0][rates.LATENCY]
        each = float(np.clip(state.ages.sum() / segment.before, 1.0, self.cap))
        return 1.0 - float(latency_s[1] / np.interp(each, np.arange(len(latency_s)), latency_s))

    def summary(self, day_pass: Pass) -> Evaluation:
        """Return the day's evaluation from its forward pass."""
        count = len(self.day.sessions)
        sums = np.zeros((count, worth.QUANTITIES))
        held = np.zeros(count)
        for segment, table, counts in zip(
            day_pass.segments, self.worths(day_pass), day_pass.counts, strict=True
        ):
            sums[segment.interval] += table @ counts
            held[segment.interval] += counts[chain.OPEN]
        sums += self.closing_sums(day_pass).T
        on_time, total = worth.units(self.day, sums[:, worth.ON_TIME], sums[:, worth.TOTAL])
        unanswered = np.maximum(0.0, sums[:, worth.UNANSWERED])
        by_bots = worth.settled_sessions(self.day) * self.service.rounds
        return Evaluation(
            on_time=on_time,
            total=total,
            asked=sums[:, worth.ROUNDS_JUDGED] + (self.service.rounds - 1.0) * unanswered + by_bots,
            rounds_on_time=sums[:, worth.ROUNDS_ON_TIME] + by_bots,
            arrived=sums[:, worth.ARRIVED],
            unanswered=unanswered,
            open_sessions=held / (60.0 * self.day.interval_min),
            target=self.day.target,
            less_is_better=self.day.rule.metric == "mean_seconds",
        )

    def worths(self, day_pass: Pass) -> tuple[Floats, ...]:
        """Return, by segment, what each thing counted is worth in the day's sums."""
        return tuple(
            worth.worth_table(
                self.day,
                float(self.window[segment.interval]),
                float(self.later_window[segment.interval]),
                anyone=segment.agents > 0,
            )
            for segment in day_pass.segments
        )

    def closing_values(self, day_pass: Pass, lo: int, hi: int, *, agents: int) -> Floats:
        """Return what states lo…hi at the close, with that many agents on, are worth.

        Those still queued are unanswered.
        """
        return np.asarray(self._left_at_close(day_pass, lo, hi, agents).sum(axis=1))

    def closing_sums(self, day_pass: Pass) -> Floats:
        """Return what happens at the close, by quantity and interval of arrival."""
        final = day_pass.states[-1]
        return np.asarray(self._left_at_close(day_pass, final.lo, final.hi, final.agents) @ final.mass)

    def _left_at_close(self, day_pass: Pass, lo: int, hi: int, agents: int) -> Floats:
        queued = np.maximum(0, np.arange(lo, hi + 1) - agents * self.cap)
        return worth.left_at_close(self.day, self.window, day_pass.sessions, queued)

    def gradient(self, on_duty: npt.ArrayLike, leaving: npt.ArrayLike | None = None) -> Floats:
        """Return the change of the day's surplus per extra agent in each interval.

        Parameters
        ----------
        on_duty, leaving
            As in `evaluate`.

        Returns
        -------
        Floats
            Units of the rule above the target (seconds below it under a rule in seconds) gained by one
            more agent in that interval alone, by one forward and one backward pass.
        """
        from scheduling.service.value import surplus_gradient

        return surplus_gradient(self, self.run(on_duty, leaving))


def _table(law: AgentLaw) -> Floats:
    """Return one agent's law as the compiled chain reads it."""
    table = np.zeros((rates.LAW_ROWS, len(law.throughput)))
    table[rates.THROUGHPUT] = law.throughput
    table[rates.ON_TIME] = law.on_time
    table[rates.LATE_MOVER] = law.late_mover
    table[rates.FIRST] = law.first_on_time
    table[rates.LOST] = law.first_lost
    table[rates.LATENCY] = law.latency_s
    table[rates.SLOT_SQUARE] = law.slot_square
    return table
