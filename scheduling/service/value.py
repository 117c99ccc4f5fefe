"""Value tables: the day's figures if one interval's head count changes, carry-over included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scheduling.day import Floats, Ints
from scheduling.service import chain
from scheduling.service.shop import DayModel, Pass, State

ON_TIME, TOTAL, UNANSWERED, ROUNDS_ON_TIME = range(4)
QUANTITIES = 4


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
    base: Pass | None = None,
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
        Forward pass of that staffing, where the caller has it.
    """
    run = base if base is not None else model.run(on_duty, leaving)
    count = len(run.on_duty)
    if candidates is not None:
        rows = np.broadcast_to(
            np.atleast_2d(np.asarray(candidates, dtype=np.int64)), (count, np.shape(candidates)[-1])
        )
    else:
        width = 2 if reach is None else reach
        rows = np.maximum(0, run.on_duty[:, None] + np.arange(-width, width + 1))
    value = Backward(model, run)
    table = np.zeros((QUANTITIES, *rows.shape))
    base_sums = value.base()
    known: dict[tuple[int, int], Floats] = {(i, int(run.on_duty[i])): base_sums for i in range(count)}
    for i, column in np.ndindex(*rows.shape):
        key = (i, int(rows[i, column]))
        if key not in known:
            known[key] = value.with_change(*key)
        table[:, i, column] = known[key]
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


class Backward:
    """Values of states, from the close back to the opening, along one forward pass."""

    def __init__(self, model: DayModel, run: Pass) -> None:
        self.model = model
        self.run = run
        self.weights = model.weights(run)
        self.size = max(model.room(run.sessions), 2)
        self.scratch = np.zeros((chain.SCRATCH, self.size))
        self.buffer = np.zeros((2, self.size))
        self.before: list[tuple[int, Floats]] = []  # by segment: first state, values before its leavers stop
        self._sweep()

    def _range(self, state: State) -> tuple[int, int]:
        """Return the states for which values are wanted: the band with room for other head counts."""
        margin = int(0.5 * (state.hi - state.lo)) + 4 * self.model.cap
        return max(0, state.lo - margin), min(self.size - 2, state.hi + margin)

    def _sweep(self) -> None:
        model, run = self.model, self.run
        final = run.states[-1]
        lo, hi = self._range(final)
        values = np.vstack([model.closing_values(run, lo, hi), np.zeros(hi - lo + 1)])  # last row: tagged
        out = [(lo, values)]
        for index in range(len(run.segments) - 1, -1, -1):
            segment, state = run.segments[index], run.states[index]
            band = run.bands[index]
            spread = State(lo=int(band[:, 0].min()), mass=np.zeros(int(np.ptp(band)) + 1), tagged=np.zeros(0), ages=state.ages,
                           active=1.0, agents=0)  # fmt: skip
            low, high = self._range(spread)
            wide = _extended(values, lo, low, high, self.size)
            i = segment.interval
            chain.backward(
                wide[:-1], wide[-1], model.every, low, high, segment.seconds, len(run.factors[index]), segment.agents,
                model.tables[i], model.shops[i], run.factors[index], self.weights[index], self.scratch,
            )  # fmt: skip
            lo, hi = self._range(state)
            if segment.leavers:
                full = _extended(wide[:, low : high + 1], low, 0, max(hi, high), self.size)
                values = np.zeros((QUANTITIES + 1, self.size))
                share, handover, closing, ahead = model.departing(segment, state.ages)
                chain.depart_back(
                    values[:-1], values[-1], full[:-1], full[-1], lo, hi, segment.before, share, handover, closing, ahead, state.active,
                    model.tables[i], model.shops[i], self.weights[index],
                )  # fmt: skip
                values = values[:, lo : hi + 1].copy()
            else:
                values = _extended(wide[:, low : high + 1], low, lo, hi, self.size)[:, lo : hi + 1].copy()
            out.append((lo, values))
        self.before = out[::-1]

    def value_of(self, index: int, state: State) -> Floats:
        """Return the expected sums from a segment's start on, in a given state."""
        lo, values = self.before[index]
        wide = _extended(values, lo, state.lo, state.hi, self.size)
        band = slice(state.lo, state.hi + 1)
        sums = wide[:-1, band] @ state.mass
        sums[ON_TIME] += float(wide[-1, band] @ state.tagged)
        return np.asarray(sums)

    def base(self) -> Floats:
        """Return the sums of the staffing as it is."""
        return self.value_of(0, self.run.states[0])

    def with_change(self, interval: int, agents: int) -> Floats:
        """Return the day's sums with another head count in one interval."""
        model, run = self.model, self.run
        segments = model.segments(*changed(run, interval, agents))
        differ = [i for i, pair in enumerate(zip(segments, run.segments, strict=True)) if pair[0] != pair[1]]
        if not differ:
            return self.base()
        first, last = differ[0], differ[-1]
        if first and self._queue_likely(first):
            first -= 1  # its last arrivals look ahead
        state = run.states[first]
        sums = np.zeros(QUANTITIES)
        for index in range(first):
            sums += self.weights[index] @ run.counts[index]
        for index in range(first, last + 1):
            following = segments[index + 1] if index + 1 < len(segments) else None
            counts = np.zeros(chain.COUNTS)
            state, _, _ = model.step(
                state, segments[index], following, run.sessions, self.buffer, self.scratch, counts
            )
            sums += self.weights[index] @ counts
        return sums + self.value_of(last + 1, state)

    def _queue_likely(self, index: int) -> bool:
        """Return whether sessions queue at a segment's start."""
        state = self.run.states[index]
        full = state.agents * self.model.cap
        return state.hi > full and float(state.mass[max(0, full - state.lo) :].sum()) > 1e-3


def _extended(values: Floats, lo: int, low: int, high: int, size: int) -> Floats:
    """Lay values of states lo… into a buffer and continue them in straight lines over low…high."""
    out = np.zeros((values.shape[0], size))
    hi = lo + values.shape[1] - 1
    out[:, lo : hi + 1] = values
    if values.shape[1] < 2:
        out[:, low : high + 1] = values[:, :1]
        return out
    if low < lo:
        steps = np.arange(low - lo, 0)
        out[:, low:lo] = values[:, :1] + steps * (values[:, 1:2] - values[:, :1])
    if high > hi:
        steps = np.arange(1, high - hi + 1)
        out[:, hi + 1 : high + 1] = values[:, -1:] + steps * (values[:, -1:] - values[:, -2:-1])
    return out
