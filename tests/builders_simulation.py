"""Small simulated days: hand-made buyers where every second is known, and drawn ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forecast.replies.rules import ReplyRule
from forecast.replies.service_parameters import ServiceParameters
from scheduling.day import DutySpan, ServiceDay
from scheduling.simulation.arrivals import DrawnDay, KeptDay, assemble, round_table, session_table
from scheduling.simulation.engine import SimulatedDay, simulate
from scheduling.simulation.staff import staff_of, streams_of

RULE = ReplyRule(id="test", window=("00:00", "24:00"))


def chat_day(
    sessions: npt.ArrayLike = (0.0,),
    *,
    first_min: int = 0,
    interval_min: int = 60,
    rule: ReplyRule = RULE,
    target: float = 0.9,
    settled: npt.ArrayLike = (),
    handle_factor: npt.ArrayLike = (1.0,),
    **service: Any,
) -> ServiceDay:
    """Return a day of one stream; service parameters as keywords."""
    return ServiceDay(
        first_min=first_min,
        interval_min=interval_min,
        sessions=np.asarray(sessions, dtype=float),
        service=ServiceParameters(**service),
        rule=rule,
        target=target,
        settled=np.asarray(settled, dtype=float),
        handle_factor=np.broadcast_to(np.asarray(handle_factor, dtype=float), np.shape(sessions)).copy(),
    )


def buyers(
    arrival_s: npt.ArrayLike,
    work_s: Sequence[Sequence[float]],
    think_s: float | Sequence[Sequence[float]] = 0.0,
    *,
    leaves_s: float | npt.ArrayLike = np.inf,
    stream: npt.ArrayLike = 0,
) -> DrawnDay:
    """Return buyers who ask at `arrival_s`; each list of work holds one session's replies."""
    rounds = np.array([len(each) for each in work_s])
    flat = np.concatenate([np.asarray(each, dtype=float) for each in work_s])
    thinking = (
        np.full(len(flat), think_s)
        if isinstance(think_s, float)
        else np.concatenate([np.asarray(each, dtype=float) for each in think_s])
    )
    table = session_table(np.asarray(arrival_s, dtype=float), rounds, np.asarray(leaves_s, dtype=float))
    table["stream"] = stream
    table["buyer"] = np.arange(len(table))
    return assemble([(table, round_table(flat, thinking))], luck=np.uint64(7))


def play(
    drawn: DrawnDay, duties: Sequence[DutySpan], day: ServiceDay | dict[str, ServiceDay]
) -> SimulatedDay:
    """Simulate a day and return what happened, with typists as positions in `duties`."""
    days = day if isinstance(day, dict) else {"shop": day}
    staff = staff_of(duties, days)
    happened = simulate(KeptDay.of(drawn).drawn(), staff, streams_of(days))
    typist = happened.rounds["typist"]
    typist[typist >= 0] = staff.agents["duty"][typist[typist >= 0]]
    return happened


def on(start_min: int, end_min: int, **duty: Any) -> DutySpan:
    """Return a duty."""
    return DutySpan(start_min=start_min, end_min=end_min, **duty)


def asked_rounds(happened: SimulatedDay) -> npt.NDArray[np.void]:
    """Return the rounds that came into being."""
    return np.concatenate(
        [happened.rounds[s["first_round"] : s["first_round"] + s["questions"]] for s in happened.sessions]
    )
