"""The shop's day: a chain on the sessions present, carried from interval to interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
import numpy.typing as npt
from scipy.stats import poisson

from scheduling.day import Floats, Ints, ServiceDay
from scheduling.service import chain
from scheduling.service.agent import AgentLaw, agent_law, jump_seconds, scaled_to_throughput

STEP_S = 90.0  # of the implicit scheme; half of it changes no share by more than 0.02 points
SPREAD_SD = 0.8  # open sessions over agents: fewest-open is not perfect balance


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What the model expects of one day.

    Attributes
    ----------
    on_time, total
        Expected units of the rule, in time and all, one value an interval, zero outside the window.
        Under a rule in mean seconds `on_time` holds the summed reply times [s].
    asked
        Rounds there would be if every session of the window were served. [rounds]
    rounds_on_time
        Rounds of the window answered within the threshold. [rounds]
    arrived, unanswered
        Sessions of the window, and those of them that are never answered, by interval of arrival.
    open_sessions
        Mean sessions holding a slot. [sessions]
    target
        The day's target.
    less_is_better
        Whether the rule is in mean seconds.
    """

    on_time: Floats
    total: Floats
    asked: Floats
    rounds_on_time: Floats
    arrived: Floats
    unanswered: Floats
    open_sessions: Floats
    target: float
    less_is_better: bool = False

    @property
    def share(self) -> float:
        """Units in time / units; mean seconds under such a rule; 1 (or 0 s) when nothing is counted."""
        total = float(self.total.sum())
        if total <= 0:
            return 0.0 if self.less_is_better else 1.0
        return float(self.on_time.sum()) / total

    @property
    def surplus(self) -> float:
        """Units above the target: Σ on_time - target Σ total; seconds below it under a rule in seconds."""
        surplus = float(self.on_time.sum() - self.target * self.total.sum())
        return -surplus if self.less_is_better else surplus

    @property
    def unanswered_share(self) -> float:
        """Sessions of the window that are never answered / sessions of the window."""
        arrived = float(self.arrived.sum())
        return float(self.unanswered.sum()) / arrived if arrived > 0 else 0.0

    @property
    def on_time_of_asked(self) -> float:
        """Rounds in time / rounds there would be if every session were served."""
        asked = float(self.asked.sum())
        return float(self.rounds_on_time.sum()) / asked if asked > 0 else 1.0


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of one interval with a fixed number of agents taking sessions."""

    interval: int
    seconds: float
    agents: int
    leavers: int  # agents who stop at the segment's start
    before: int  # agents just before they stop


@dataclass(frozen=True, kw_only=True)
class State:
    """The distribution at a segment's start, before its leavers stop, and the sessions by age."""

    lo: int
    mass: Floats
    tagged: Floats  # sessions without a late reply so far, by state (every-reply rules)
    ages: Floats
    active: float
    agents: int

    @property
    def hi(self) -> int:
        """Last state with mass."""
        return self.lo + len(self.mass) - 1


@dataclass(frozen=True, kw_only=True)
class Pass:
    """A day's forward pass: enough to resume it anywhere and to run it backward."""

    on_duty: Ints
    leaving: Ints
    sessions: Floats
    segments: tuple[Segment, ...]
    states: tuple[State, ...]  # before each segment, and at the close
    counts: Floats  # segment x things counted
    factors: tuple[Floats, ...]
    bands: tuple[Ints, ...]


def default_leaving(on_duty: Ints) -> Ints:
    """Return agents who stop at each interval's start if nobody changes places: the drops of `on_duty`."""
    return np.maximum(0, -np.diff(on_duty, prepend=0))


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
        self.laws = tuple(self._law(float(factor)) for factor in day.handle_factor)
        self.tables = tuple(_table(law) for law in self.laws)
        self.shops = tuple(
            self._constants(law, float(factor))
            for law, factor in zip(self.laws, day.handle_factor, strict=True)
        )
        rule = day.rule
        self.every = rule.pass_if == "every_reply" and rule.unit in ("session", "buyer_day")
        self.stay, self.more = _rounds_left(self.service.rounds)

    def _law(self, handle_factor: float) -> AgentLaw:
        return agent_law(
            self.service,
            self.day.rule.threshold_s,
            most_open=self.most_open,
            handle_factor=handle_factor,
        )

    def _constants(self, law: AgentLaw, handle_factor: float) -> Floats:
        shop = np.zeros(chain.SHOP_SIZE)
        shop[chain.ROUNDS] = self.service.rounds
        shop[chain.THINK] = self.service.think_s
        shop[chain.CLOSE] = self.service.auto_close_s
        shop[chain.CAP] = self.cap
        shop[chain.THRESHOLD] = self.day.rule.threshold_s
        shop[chain.PATIENCE] = self.service.patience_s
        shop[chain.SPREAD] = SPREAD_SD
        shop[chain.WORK_SQUARE] = min(1.0, law.work_square)
        shop[chain.JUMP :] = jump_seconds(self.service, law, self.cap, handle_factor)
        shop[chain.AWAY] = law.away_s
        return shop

    @cached_property
    def window(self) -> Floats:
        """Share of each interval that lies in the rule's window."""
        start, end = self.day.rule.window_minutes
        begins = self.day.starts_min
        inside = np.minimum(begins + self.day.interval_min, end) - np.maximum(begins, start)
        return np.clip(inside / self.day.interval_min, 0.0, 1.0)

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
            ages=np.zeros(len(self.stay) + chain.STAGES),
            active=1.0,
            agents=0,
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

    def segments(self, duty: Ints, leave: Ints) -> tuple[Segment, ...]:
        """Return the stretches of constant staffing; leavers stop taking sessions `no_new_last_min` early."""
        interval = self.day.interval_min
        early = self.service.no_new_last_min
        whole, rest = divmod(early, interval)
        count = len(duty)
        ends = np.concatenate([leave, np.zeros(int(whole) + 2, dtype=np.int64)])
        out: list[Segment] = []
        before = 0
        for i in range(count):
            parts = (
                [(interval - rest, int(whole)), (rest, int(whole) + 1)] if rest else [(interval, int(whole))]
            )
            for part, (minutes, reach) in enumerate(parts):
                agents = max(0, int(duty[i] - ends[i + 1 : i + 1 + reach].sum()))
                stops = int(ends[i + reach]) if part or not rest else 0
                if early == 0:
                    stops = int(leave[i])
                stops = min(stops, before)
                out.append(
                    Segment(interval=i, seconds=60.0 * minutes, agents=agents, leavers=stops, before=before)
                )
                before = agents
        return tuple(out)

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
        buffer, scratch = np.zeros((2, room)), np.zeros((chain.SCRATCH, room))
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
        law, shop = self.tables[i], self.shops[i]
        p, u = buffer
        buffer[:] = 0.0
        p[state.lo : state.hi + 1] = state.mass
        u[state.lo : state.hi + 1] = state.tagged
        lo, hi = state.lo, state.hi
        ages = state.ages.copy()
        if segment.leavers:
            share, handover, closing, ahead = self.departing(segment, ages)
            lo, hi = chain.depart(
                p,
                u,
                lo,
                hi,
                segment.before,
                share,
                handover,
                closing,
                ahead,
                state.active,
                law,
                shop,
                counts,
            )
            if not handover:
                ages *= 1.0 - share
        steps = max(1, ceil(segment.seconds / STEP_S))
        factors = np.zeros((steps, chain.FACTORS))
        bands = np.zeros((steps, 2), dtype=np.int64)
        lo, hi = chain.forward(
            p, u, self.every, lo, hi, ages, state.active, segment.before - segment.leavers, self.stay, segment.seconds, steps, segment.agents,
            following.agents if following else segment.agents, following.leavers if following else 0,
            sessions[i] / (60.0 * self.day.interval_min), law, shop, following is None,
            factors, bands, counts, scratch,
        )  # fmt: skip
        end = State(
            lo=lo,
            mass=p[lo : hi + 1].copy(),
            tagged=u[lo : hi + 1].copy(),
            ages=ages,
            active=float(factors[-1, chain.ACTIVE]),
            agents=segment.agents,
        )
        return end, factors, bands

    def departing(self, segment: Segment, ages: Floats) -> tuple[float, bool, float, float]:
        """Return the leavers' share of agents, whether they hand over, and what their sessions have ahead."""
        share = segment.leavers / segment.before
        total = float(ages.sum())
        if total <= 1e-12:
            return share, self.service.leave == "handover", 0.0, 0.0
        rounds = len(self.stay)
        closing = float(ages[rounds:].sum()) / total
        pending = self.more.copy()
        pending[1:] += 1.0  # the round a thinking buyer is about to open
        ahead = float(ages[:rounds] @ pending) / total
        return share, self.service.leave == "handover", closing, ahead

    def summary(self, day_pass: Pass) -> Evaluation:
        """Return the day's evaluation from its forward pass."""
        count = len(self.day.sessions)
        tally = np.zeros((count, chain.COUNTS))
        np.add.at(tally, [segment.interval for segment in day_pass.segments], day_pass.counts)
        rule, window = self.day.rule, self.window
        firsts, laters = tally[:, chain.FIRSTS], tally[:, chain.LATERS]
        on_first, on_later = tally[:, chain.ON_FIRST], tally[:, chain.ON_LATER]
        rounds_on_time = window * (on_first + on_later)
        if rule.unit in ("round", "message"):
            on_time, total = rounds_on_time, window * (firsts + laters)
        elif rule.pass_if == "first_reply":
            on_time, total = window * on_first, window * firsts
        else:
            on_time = window * (on_first - tally[:, chain.FAILED])
            total = window * firsts
        left = self.left_in_queue(day_pass)
        return Evaluation(
            on_time=on_time,
            total=total,
            asked=window * firsts * self.service.rounds,
            rounds_on_time=rounds_on_time,
            arrived=window * firsts,
            unanswered=window * (tally[:, chain.GONE] + left),
            open_sessions=tally[:, chain.OPEN] / (60.0 * self.day.interval_min),
            target=self.day.target,
            less_is_better=rule.metric == "mean_seconds",
        )

    def weights(self, day_pass: Pass) -> tuple[Floats, ...]:
        """Return, by segment, what each thing counted is worth in the day's sums.

        Rows: units in time, units, unanswered sessions, rounds in time.
        """
        out = []
        rule = self.day.rule
        for segment in day_pass.segments:
            inside = self.window[segment.interval]
            weight = np.zeros((4, chain.COUNTS))
            weight[2, chain.GONE] = weight[0, chain.ON_FIRST] = weight[1, chain.FIRSTS] = inside
            weight[3, chain.ON_FIRST] = weight[3, chain.ON_LATER] = inside
            if rule.unit in ("round", "message"):
                weight[0, chain.ON_LATER] = weight[1, chain.LATERS] = inside
            elif self.every:
                weight[0, chain.FAILED] = -inside
            out.append(weight)
        return tuple(out)

    def closing_values(self, day_pass: Pass, lo: int, hi: int) -> Floats:
        """Return what states lo…hi at the close are worth: those still queued are unanswered."""
        queue = np.maximum(0, np.arange(lo, hi + 1) - day_pass.states[-1].agents * self.cap)
        values = np.zeros((4, hi - lo + 1))
        after = 0.0
        for i in range(len(day_pass.sessions) - 1, -1, -1):
            values[2] += self.window[i] * np.clip(queue - after, 0.0, day_pass.sessions[i])
            after += float(day_pass.sessions[i])
        return values

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
        from scheduling.service.value import value_tables

        run = self.run(on_duty, leaving)
        tables = value_tables(self, run.on_duty, candidates=(run.on_duty + 1)[:, None], base=run)
        return tables.surplus[:, 0] - tables.base_surplus

    def left_in_queue(self, day_pass: Pass) -> Floats:
        """Return sessions still queued at the close, by interval of arrival (the last to come are left)."""
        final = day_pass.states[-1]
        full = final.agents * self.cap
        queue = np.maximum(0, np.arange(final.lo, final.hi + 1) - full)
        after = np.concatenate([np.cumsum(day_pass.sessions[::-1])[::-1], [0.0]])
        left = [
            float(final.mass @ np.clip(queue - after[i + 1], 0.0, day_pass.sessions[i]))
            for i in range(len(day_pass.sessions))
        ]
        return np.array(left)


def _table(law: AgentLaw) -> Floats:
    """Return one agent's law as the compiled chain reads it."""
    table = np.zeros((chain.LAW_ROWS, len(law.throughput)))
    table[chain.THROUGHPUT] = law.throughput
    table[chain.ON_TIME] = law.on_time
    table[chain.LATE_MOVER] = law.late_mover
    table[chain.FIRST] = law.first_on_time
    table[chain.LOST] = law.first_lost
    table[chain.LATENCY] = law.latency_s
    table[chain.SLOT_SQUARE] = law.slot_square
    return table


def _rounds_left(rounds: float) -> tuple[Floats, Floats]:
    """Return, by round, the chance of another one and the mean number of further ones (1 + Poisson law)."""
    mean = rounds - 1.0
    if mean <= 0:
        return np.zeros(1), np.zeros(1)
    depth = int(poisson.ppf(1 - 1e-6, mean)) + 2
    tail = poisson.sf(np.arange(-1, depth), mean)  # P(N >= 1), P(N >= 2), …
    stay = tail[1:] / tail[:-1]
    more = np.zeros(depth)
    for r in range(depth - 2, -1, -1):
        more[r] = stay[r] * (1.0 + more[r + 1])
    stay = np.append(stay[: depth - 1], 0.0)
    return stay, more
