"""Value tables: the day's figures if one interval's head count changes, carry-over included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scheduling.day import Floats, Ints
from scheduling.service import backward, chain, leavers, rates
from scheduling.service.passes import Pass, State
from scheduling.service.shop import DayModel
from scheduling.service.worth import ON_TIME, ROUNDS_ON_TIME, TOTAL, UNANSWERED, day_units

TABLED = ROUNDS_ON_TIME + 1  # quantities that tables are made of
BASE = (-1, -1)  # key of the sums of the staffing as it is


@dataclass(frozen=True, kw_only=True)
class ValueTables:
    """The day's sums by interval (row) and candidate head count (column).

    Entries say what the whole day would bring if only that interval had the candidate's head count. They
    come from one forward and one backward pass: compare them with `base`, the same pass's own value.

    Attributes
    ----------
    candidates
        Head counts. [agents]
    on_time, total
        Units of the rule, in time and all (see `Evaluation`).
    unanswered
        Sessions of the window that are never answered.
    rounds_on_time
        Rounds of the window answered within the threshold.
    base
        On time, total, unanswered, rounds on time of the staffing as it is.
    target, less_is_better
        As in `Evaluation`.
    """

    candidates: Ints
    on_time: Floats
    total: Floats
    unanswered: Floats
    rounds_on_time: Floats
    base: Floats
    target: float
    less_is_better: bool = False

    @property
    def surplus(self) -> Floats:
        """Units above the target (seconds below it under a rule in seconds), by interval and candidate."""
        return self.surplus_at(self.target)

    def surplus_at(self, target: float) -> Floats:
        """Return the surplus against another target."""
        surplus = self.on_time - target * self.total
        return -surplus if self.less_is_better else surplus

    @property
    def base_surplus(self) -> float:
        """Surplus of the staffing as it is, by the same pass."""
        surplus = float(self.base[ON_TIME] - self.target * self.base[TOTAL])
        return -surplus if self.less_is_better else surplus


def value_tables(
    model: DayModel,
    on_duty: npt.ArrayLike,
    leaving: npt.ArrayLike | None = None,
    *,
    reach: int | None = None,
    candidates: npt.ArrayLike | None = None,
    base: Pass | Backward | None = None,
) -> ValueTables:
    """Return the day's sums for every interval and candidate head count.

    Parameters
    ----------
    model
        The day's model.
    on_duty, leaving
        The staffing around which one interval at a time changes. A candidate's leavers follow from its
        head count and its neighbours'; agents who change places at the same instant stay as they are.
    reach
        Candidates are the head counts within `reach` of each interval's own (never below 0): columns are
        then own - reach … own + reach.
    candidates
        Head counts instead, one row an interval or one row for all.
    base
        Forward pass of that staffing, or its backward one as well, where the caller has it.
    """
    if isinstance(base, Backward):
        value = base
    else:
        value = Backward(model, model.run(on_duty, leaving) if base is None else base)
    run = value.run
    count = len(run.on_duty)
    if candidates is not None:
        rows = np.broadcast_to(
            np.atleast_2d(np.asarray(candidates, dtype=np.int64)), (count, np.shape(candidates)[-1])
        )
    else:
        width = 2 if reach is None else reach
        rows = np.maximum(0, run.on_duty[:, None] + np.arange(-width, width + 1))
    table = np.zeros((TABLED, *rows.shape))
    for i, column in np.ndindex(*rows.shape):
        table[:, i, column] = value.with_change(i, int(rows[i, column]))
    table[: TOTAL + 1] = day_units(model.day, table[ON_TIME], table[TOTAL])
    base_sums = value.base().copy()
    base_sums[: TOTAL + 1] = day_units(model.day, base_sums[ON_TIME], base_sums[TOTAL])
    return ValueTables(
        candidates=np.array(rows),
        on_time=table[ON_TIME],
        total=table[TOTAL],
        unanswered=table[UNANSWERED],
        rounds_on_time=table[ROUNDS_ON_TIME],
        base=base_sums,
        target=model.day.target,
        less_is_better=model.day.rule.metric == "mean_seconds",
    )


def changed(run: Pass, interval: int, agents: int) -> tuple[Ints, Ints]:
    """Return both vectors with one interval's head count changed."""
    duty, leave = run.on_duty.copy(), run.leaving.copy()
    duty[interval] = agents
    for at in (interval, interval + 1):
        if at < len(duty):
            was = max(0, int(run.on_duty[at - 1] - run.on_duty[at])) if at else 0
            now = max(0, int(duty[at - 1] - duty[at])) if at else 0
            leave[at] = max(0, int(leave[at]) - was) + now
    return duty, leave


def surplus_gradient(model: DayModel, run: Pass) -> Floats:
    """Return the change of the day's surplus per extra agent in each interval of a forward pass."""
    value = Backward(model, run, quantities=TOTAL + 1)
    base = value.base()
    more = np.array([value.with_change(i, int(run.on_duty[i]) + 1) for i in range(len(run.on_duty))])
    on_time, total = day_units(model.day, more[:, ON_TIME], more[:, TOTAL])
    base_on, base_total = day_units(model.day, base[ON_TIME], base[TOTAL])
    change = (on_time - base_on) - model.day.target * (total - base_total)
    return -change if model.day.rule.metric == "mean_seconds" else change


class Backward:
    """Values of states, from the close back to the opening, along one forward pass.

    Values are kept per segment, before its leavers stop, on the states its forward pass met and some more;
    beyond those they go on in straight lines.
    """

    def __init__(self, model: DayModel, run: Pass, *, quantities: int = TABLED) -> None:
        self.model = model
        self.run = run
        self.quantities = quantities
        self.weights = tuple(table[:quantities] for table in model.worths(run))
        self.done = np.cumsum(
            [np.zeros(quantities)]
            + [table @ counts for table, counts in zip(self.weights, run.counts, strict=True)],
            axis=0,
        )  # sums of the segments before each
        size = model.room(run.sessions)
        self.scratch = np.zeros((rates.SCRATCH, size))
        self.buffer = np.zeros((2, size))
        self.wide = np.zeros((quantities + 1, size))
        self.before: list[tuple[int, Floats]] = []  # by segment: first state, values of that and the next
        self.known: dict[tuple[int, int], Floats] = {}  # sums by interval and head count
        self._sweep()

    def _range(self, lo: int, hi: int) -> tuple[int, int]:
        """Return the states for which values are wanted: a band with room for other head counts."""
        margin = (hi - lo) // 4 + 2 * self.model.cap
        return max(0, lo - margin), min(self.wide.shape[1] - 2, hi + margin)

    def _sweep(self) -> None:
        """Go back from the close."""
        model, run = self.model, self.run
        final = run.states[-1]
        lo, hi = self._range(final.lo, final.hi)
        closing = model.closing_values(run, lo, hi, agents=final.agents)[: self.quantities]
        out = [(lo, np.vstack([closing, np.zeros(hi - lo + 1)]))]
        for index in range(len(run.segments) - 1, -1, -1):
            out.append(self._before(index, *out[-1]))
        self.before = out[::-1]

    def _before(self, index: int, lo: int, values: Floats) -> tuple[int, Floats]:
        """Return the values before a segment from those after it."""
        model, segment, state = self.model, self.run.segments[index], self.run.states[index]
        i, band = segment.interval, self.run.bands[index]
        law, shop = model.parts(model.work_factor(state, segment, self.run.sessions))
        low, high = self._range(int(band[:, 0].min()), int(band[:, 1].max()))
        _lay(values, lo, low, high, self.wide)
        backward.backward(
            self.wide, model.every, low, high, segment.seconds, len(self.run.factors[index]), segment.agents,
            law, shop, self.run.factors[index], self.weights[index], self.scratch,
        )  # fmt: skip
        values = self.wide[:, low : high + 1].copy()
        lo, hi = self._range(state.lo, state.hi)
        if segment.leavers:
            _lay(values, low, 0, max(hi, high), self.wide)
            before = np.zeros((self.quantities + 1, hi + 1))
            leavers.depart_back(
                before, self.wide, lo, hi, segment.before, model.leave(segment, state), law, shop,
                self.weights[index],
            )  # fmt: skip
            before = before[:, lo:]
        else:
            _lay(values, low, lo, hi, self.wide)
            before = self.wide[:, lo : hi + 1].copy()
        if not model.is_judged(i):
            before[-1] = 0.0
        return lo, before

    def value_of(self, index: int, state: State) -> Floats:
        """Return the expected sums from a segment's start on, in a given state."""
        lo, values = self.before[index]
        _lay(values, lo, state.lo, state.hi, self.wide)
        band = slice(state.lo, state.hi + 1)
        sums = np.asarray(self.wide[:-1, band] @ state.mass)
        sums[ON_TIME] += float(self.wide[-1, band] @ state.tagged)
        return sums

    def base(self) -> Floats:
        """Return the sums of the staffing as it is."""
        if BASE not in self.known:
            self.known[BASE] = self.value_of(0, self.run.states[0])
        return self.known[BASE]

    def with_change(self, interval: int, agents: int) -> Floats:
        """Return the day's sums with another head count in one interval."""
        key = (interval, agents)
        if key not in self.known:
            own = agents == self.run.on_duty[interval]
            self.known[key] = self.base() if own else self._changed(interval, agents)
        return self.known[key]

    def _changed(self, interval: int, agents: int) -> Floats:
        """Run from the interval forward until the staffing is as it was, and add the values from there."""
        model, run = self.model, self.run
        segments = model.segments(*changed(run, interval, agents), like=run.segments, interval=interval)
        differ = [i for i, (new, old) in enumerate(zip(segments, run.segments, strict=True)) if new != old]
        if not differ:
            return self.base()
        first, last = differ[0], differ[-1]
        if first and self._queue_likely(first):
            first -= 1  # its last arrivals look ahead
        state = run.states[first]
        sums = self.done[first].copy()
        for index in range(first, last + 1):
            following = segments[index + 1] if index + 1 < len(segments) else None
            counts = np.zeros(chain.COUNTS)
            state, _, _ = model.step(
                state, segments[index], following, run.sessions, self.buffer, self.scratch, counts
            )
            sums += self.weights[index] @ counts
        if last + 1 == len(segments):  # the slots at the close are those of its own agents
            left = model.closing_values(run, state.lo, state.hi, agents=state.agents)
            return np.asarray(sums + left[: self.quantities] @ state.mass)
        return np.asarray(sums + self.value_of(last + 1, state))

    def _queue_likely(self, index: int) -> bool:
        """Return whether sessions queue at a segment's start."""
        state = self.run.states[index]
        full = state.agents * self.model.cap
        return state.hi > full and float(state.mass[max(0, full - state.lo) :].sum()) > 1e-3


def _lay(values: Floats, lo: int, low: int, high: int, out: Floats) -> None:
    """Lay values of states lo… into a buffer over low…high, going on in straight lines beyond them."""
    hi = lo + values.shape[1] - 1
    first, last = max(lo, low), min(hi, high)
    if first <= last:
        out[:, first : last + 1] = values[:, first - lo : last - lo + 1]
    if low < lo:
        slope = values[:, 1:2] - values[:, :1] if hi > lo else 0.0
        out[:, low : min(lo, high + 1)] = values[:, :1] + np.arange(low - lo, min(0, high + 1 - lo)) * slope
    if high > hi:
        slope = values[:, -1:] - values[:, -2:-1] if hi > lo else 0.0
        start = max(hi + 1, low)
        out[:, start : high + 1] = values[:, -1:] + np.arange(start - hi, high - hi + 1) * slope
