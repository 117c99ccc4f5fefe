"""The day as buyers make it, drawn before anybody knows who is on duty.

Every use of chance has a generator of its own, named after it, the stream of consultations and the day's
number. Arrivals are unit-rate points in expected sessions, put on the clock afterwards: a busier scenario
sees the same first buyers, with the same rounds and the same work.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forecast.randomness import generator
from scheduling.day import Floats, Ints, ServiceDay

Flags = npt.NDArray[np.bool_]


class DrawnDay(NamedTuple):
    """One day's buyers: sessions in order of arrival, and their rounds in one long row.

    A named tuple because compiled code reads it. Times are seconds since midnight.

    Attributes
    ----------
    arrival_s, stream, buyer
        When each session's first question comes, which stream (position in the mapping) and buyer it is of.
    first_round, rounds
        Where a session's rounds stand in `work_s` and `think_s`, and how many there are.
    leaves_s
        When the buyer gives up unless typing of the first reply has begun; infinite without impatience.
    settled
        Whether the bot settles the session alone.
    work_s, think_s
        Per round: work on the reply at speed 1, and time from the reply to the next question.
    luck
        One number a day from which ties between agents are broken.
    """

    arrival_s: Floats
    stream: Ints
    buyer: Ints
    first_round: Ints
    rounds: Ints
    leaves_s: Floats
    settled: Flags
    work_s: Floats
    think_s: Floats
    luck: npt.NDArray[np.uint64]


def counts_settled(day: ServiceDay) -> bool:
    """Whether the day's rule counts sessions that the bot settles alone."""
    return "bot_auto" in day.rule.counts_as_reply and day.rule.population == "all"


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
    parts: list[DrawnDay] = []
    for position, (name, day) in enumerate(days.items()):
        draws = None if sessions is None else sessions.get(name)
        expected = day.sessions if draws is None else draws[number % len(draws)]
        parts += _draw_stream(day, expected, name=name, position=position, seed=seed, number=number)
    luck = generator(seed, "routing", number).integers(0, 2**64, size=1, dtype=np.uint64)
    return _merged(parts, luck)


def _draw_stream(
    day: ServiceDay, expected: Floats, *, name: str, position: int, seed: int, number: int
) -> list[DrawnDay]:
    """Draw the sessions of one stream that reach people, and where they count those the bot settles."""
    pools = [("", expected, False)]
    if counts_settled(day):
        pools.append(("settled ", day.settled, True))
    parts = []
    for prefix, wanted, settled in pools:

        def chance(use: str, prefix: str = prefix) -> np.random.Generator:
            return generator(seed, prefix + use, name, number)

        service = day.service
        arrival, interval = _arrivals(day, wanted, chance("arrivals"))
        count = len(arrival)
        rounds = 1 + chance("rounds").poisson(service.rounds - 1.0, count)
        total = int(rounds.sum())
        work = _lognormal(chance("work"), service.reply_s, service.reply_cv, total)
        if not np.all(day.handle_factor == 1.0):
            work *= np.repeat(day.handle_factor[interval], rounds)
        leaves = np.full(count, np.inf)
        if service.patience_s > 0 and not settled:
            leaves = arrival + service.patience_s * chance("patience").standard_exponential(count)
        parts.append(
            DrawnDay(
                arrival_s=arrival,
                stream=np.full(count, position),
                buyer=_dealt(chance("buyers"), count, service.sessions_per_buyer_day),
                first_round=np.cumsum(rounds) - rounds,
                rounds=rounds,
                leaves_s=leaves,
                settled=np.full(count, settled),
                work_s=work,
                think_s=service.think_s * chance("thinking").standard_exponential(total),
                luck=np.zeros(0, dtype=np.uint64),
            )
        )
    if len(parts) == 2:  # the stream's buyers have both kinds of session: deal once over all of them
        both = len(parts[0].buyer) + len(parts[1].buyer)
        dealt = _dealt(generator(seed, "buyers", name, number), both, day.service.sessions_per_buyer_day)
        cut = len(parts[0].buyer)
        parts = [parts[0]._replace(buyer=dealt[:cut]), parts[1]._replace(buyer=dealt[cut:])]
    return parts


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


def _merged(parts: list[DrawnDay], luck: npt.NDArray[np.uint64]) -> DrawnDay:
    """Return the sessions of all streams in order of arrival; rounds stay where they are."""
    if len(parts) == 1:
        return parts[0]._replace(luck=luck)
    shift, owners, first_round, buyer = 0, 0, [], []
    owner_of: dict[int, int] = {}
    for part in parts:
        position = int(part.stream[0]) if len(part.stream) else -1
        first_round.append(part.first_round + shift)
        shift += len(part.work_s)
        buyer.append(part.buyer + owner_of.setdefault(position, owners))
        owners += len(part.buyer)
    arrival = np.concatenate([part.arrival_s for part in parts])
    order = np.argsort(arrival, kind="stable")
    return DrawnDay(
        arrival_s=arrival[order],
        stream=np.concatenate([part.stream for part in parts])[order],
        buyer=np.concatenate(buyer)[order],
        first_round=np.concatenate(first_round)[order],
        rounds=np.concatenate([part.rounds for part in parts])[order],
        leaves_s=np.concatenate([part.leaves_s for part in parts])[order],
        settled=np.concatenate([part.settled for part in parts])[order],
        work_s=np.concatenate([part.work_s for part in parts]),
        think_s=np.concatenate([part.think_s for part in parts]),
        luck=luck,
    )
