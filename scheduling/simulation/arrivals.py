"""The day as buyers make it, drawn before anybody knows who is on duty.

Every use of chance has a generator of its own, named after it, the stream of consultations and the day's
number. Arrivals are unit-rate points in expected sessions, put on the clock afterwards: a busier scenario
sees the same first buyers, with the same rounds and the same work.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.randomness import generator
from scheduling.compiled import compiled
from scheduling.day import Floats, Ints, ServiceDay
from scheduling.simulation.records import DRAWN, NOBODY, ROUND, SESSION, Records, as_bytes


@dataclass(frozen=True, kw_only=True)
class DrawnDay:
    """One day's buyers: sessions in order of arrival, their rounds in one long row, and luck to break ties.

    A simulation writes what happens into the tables; each plan needs a day of its own.
    """

    sessions: Records
    rounds: Records
    luck: np.uint64


@dataclass(frozen=True, kw_only=True)
class KeptDay:
    """What was drawn of a day, and nothing else: a third of the memory, for those who keep thousands."""

    sessions: Records  # the fields `DRAWN` of each
    work_s: Floats
    think_s: Floats
    luck: np.uint64

    @classmethod
    def of(cls, drawn: DrawnDay) -> KeptDay:
        """Return what to keep of a day that was not simulated yet."""
        sessions = np.empty(len(drawn.sessions), dtype=[(name, SESSION[name]) for name in DRAWN])
        for name in DRAWN:
            sessions[name] = drawn.sessions[name]
        return cls(
            sessions=sessions,
            work_s=drawn.rounds["work_s"].copy(),
            think_s=drawn.rounds["think_s"].copy(),
            luck=drawn.luck,
        )

    def drawn(self) -> DrawnDay:
        """Return the day as it was drawn."""
        sessions = np.empty(len(self.sessions), dtype=SESSION)
        rounds = np.empty(len(self.work_s), dtype=ROUND)
        _lay_out(self.sessions, self.work_s, self.think_s, sessions, rounds)
        return DrawnDay(sessions=sessions, rounds=rounds, luck=self.luck)


@compiled
def _lay_out(kept: Records, work_s: Floats, think_s: Floats, sessions: Records, rounds: Records) -> None:
    """Write a day as it was drawn."""
    for s in range(len(kept)):
        drawn, session = kept[s], sessions[s]
        session.arrival_s = drawn.arrival_s
        session.leaves_s = drawn.leaves_s
        session.first_round = drawn.first_round
        session.end_round = drawn.end_round
        session.stream = drawn.stream
        session.buyer = drawn.buyer
        session.ordinal = drawn.ordinal
        session.settled = drawn.settled
        _untouched(session)
    _lay_out_rounds(work_s, think_s, rounds)


@compiled
def _lay_out_sessions(arrival_s: Floats, leaves_s: Floats, counts: Ints, sessions: Records) -> None:
    """Write sessions of the first stream, each with its own run of rounds."""
    first = 0
    for s in range(len(arrival_s)):
        session = sessions[s]
        session.arrival_s = arrival_s[s]
        session.leaves_s = leaves_s[min(s, len(leaves_s) - 1)]
        session.first_round = first
        first += counts[s]
        session.end_round = first
        session.stream = 0
        session.buyer = 0
        session.ordinal = s
        session.settled = False
        _untouched(session)


@compiled
def _untouched(session):  # type: ignore[no-untyped-def]
    """Nothing has become of a session yet."""
    session.questions = 0
    session.agent = NOBODY
    session.epoch = 0
    session.assigned_s = 0.0
    session.current = session.first_round
    session.key = 0.0
    session.after = 0
    session.ended_s = 0.0
    session.begun = False
    session.gone = False
    session.offline = False


@compiled
def _lay_out_rounds(work_s: Floats, think_s: Floats, rounds: Records) -> None:
    """Write rounds that have not happened yet."""
    for r in range(len(work_s)):
        one = rounds[r]
        one.work_s = work_s[r]
        one.think_s = think_s[r]
        one.asked_s = np.nan
        one.assigned_s = np.nan
        one.answered_s = np.nan
        one.typist = NOBODY


def counts_settled(day: ServiceDay) -> bool:
    """Whether the day's rule counts sessions that the bot settles alone."""
    return "bot_auto" in day.rule.counts_as_reply


def draw_day(
    days: Mapping[str, ServiceDay],
    *,
    seed: int,
    number: int,
    sessions: Mapping[str, Floats] | None = None,
) -> DrawnDay:
    """Draw the buyers of one simulated day.

    Parameters
    ----------
    days
        What each stream asks, by stream.
    seed, number
        The run's seed and the number of the simulated day; the same two give the same buyers.
    sessions
        By stream, draws of the expected sessions (draws x intervals) to use instead of the days' own; the day
        takes row `number` modulo their count.
    """
    parts: list[tuple[Records, Records]] = []
    for position, (name, day) in enumerate(days.items()):
        draws = None if sessions is None else sessions.get(name)
        expected = day.sessions if draws is None else draws[number % len(draws)]
        pools = [_draw_pool(day, expected, seed, name, number)]
        if counts_settled(day):
            pools.append(_draw_pool(day, day.settled, seed, name, "settled", number))
            pools[1][0]["settled"] = True
            pools[1][0]["leaves_s"] = np.inf
        owners = _dealt(
            generator(seed, "buyers", name, number),
            sum(len(pool) for pool, _ in pools),
            day.service.sessions_per_buyer_day,
        )
        known = sum(len(part) for part, _ in parts)
        for pool, _ in pools:
            pool["stream"] = position
            pool["buyer"], owners = known + owners[: len(pool)], owners[len(pool) :]
        parts += pools
    return assemble(parts, luck=generator(seed, "routing", number).integers(0, 2**64, dtype=np.uint64))


def session_table(arrival_s: Floats, rounds: Ints, leaves_s: Floats | float = np.inf) -> Records:
    """Return sessions that nobody has seen yet, each with its own run of rounds."""
    table = np.empty(len(arrival_s), dtype=SESSION)
    _lay_out_sessions(arrival_s, np.atleast_1d(leaves_s), rounds, table)
    return table


def round_table(work_s: Floats, think_s: Floats) -> Records:
    """Return rounds that have not happened yet."""
    table = np.empty(len(work_s), dtype=ROUND)
    _lay_out_rounds(work_s, think_s, table)
    return table


def assemble(parts: Sequence[tuple[Records, Records]], *, luck: np.uint64) -> DrawnDay:
    """Return one day of the sessions and rounds of several pools, in order of arrival."""
    shift = 0
    for pool, rounds in parts:
        if shift > 0:
            for name in ("first_round", "end_round", "current"):
                pool[name] += shift
        shift += len(rounds)
    if len(parts) == 1:
        return DrawnDay(sessions=parts[0][0], rounds=parts[0][1], luck=luck)
    pooled = np.concatenate([as_bytes(pool) for pool, _ in parts])
    order = np.argsort(pooled.view(SESSION)["arrival_s"], kind="stable")
    return DrawnDay(
        sessions=pooled[order].view(SESSION),
        rounds=np.concatenate([as_bytes(rounds) for _, rounds in parts]).view(ROUND),
        luck=luck,
    )


def _draw_pool(day: ServiceDay, expected: Floats, seed: int, *names: str | int) -> tuple[Records, Records]:
    """Draw the sessions of one stream that reach people, or those the bot settles."""

    def chance(use: str) -> np.random.Generator:
        return generator(seed, use, *names)

    service = day.service
    arrival_s, interval = _arrivals(day, expected, chance("arrivals"))
    rounds = 1 + chance("rounds").poisson(service.rounds - 1.0, len(arrival_s))
    leaves_s: Floats | float = np.inf
    if service.patience_s > 0:
        leaves_s = arrival_s + service.patience_s * chance("patience").standard_exponential(len(arrival_s))
    total = int(rounds.sum())
    work_s = _lognormal(chance("work"), service.reply_s, service.reply_cv, total)
    if not np.all(day.handle_factor == 1.0):
        work_s *= np.repeat(day.handle_factor[interval], rounds)
    think_s = service.think_s * chance("thinking").standard_exponential(total)
    return session_table(arrival_s, rounds, leaves_s), round_table(work_s, think_s)


def _arrivals(day: ServiceDay, expected: Floats, chance: np.random.Generator) -> tuple[Floats, Ints]:
    """Return the arrivals of a Poisson process with a constant rate in each interval, and their intervals."""
    reached = np.concatenate(([0.0], np.cumsum(expected)))
    total = float(reached[-1])
    points = np.cumsum(chance.standard_exponential(int(total + 6.0 * math.sqrt(total) + 20.0)))
    while points[-1] < total:
        points = np.concatenate((points, points[-1] + np.cumsum(chance.standard_exponential(64))))
    points = points[: np.searchsorted(points, total)]
    interval = np.searchsorted(reached, points, side="right") - 1
    within = (points - reached[interval]) / expected[interval]
    return 60.0 * (day.first_min + day.interval_min * (interval + within)), interval


def _lognormal(chance: np.random.Generator, mean: float, cv: float, count: int) -> Floats:
    """Return lognormal times of that mean and coefficient of variation."""
    variance = math.log1p(cv * cv)
    normal = chance.standard_normal(count)
    normal *= math.sqrt(variance)
    normal += math.log(mean) - 0.5 * variance
    return np.exp(normal, out=normal)


def _dealt(chance: np.random.Generator, count: int, per_buyer: float) -> Ints:
    """Return which buyer each session is of: buyers have 1 + Poisson sessions, dealt at random."""
    sizes = 1 + chance.poisson(per_buyer - 1.0, count)
    owners = np.repeat(np.arange(count), sizes)[:count]
    return chance.permutation(owners)
