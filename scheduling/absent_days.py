"""What the model expects of a plan on days when somebody is missing, on the mean of all such days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from scipy.stats import binom

from forecast.randomness import generator
from scheduling.day import DutySpan, Floats, Ints
from scheduling.service.evaluation import Evaluation

SAMPLED_DAYS = 24  # with several people missing
MANY = 100  # duties from which on none is left out alone: an evaluation takes long, and tells less
UNLIKELY = 0.0003  # chance of more people missing than are looked at; they count as so many


def mean_over_absences(
    full: Evaluation,
    duties: Sequence[DutySpan],
    absence_rate: float,
    evaluate: Callable[[Sequence[DutySpan]], Evaluation],
    *,
    name: str,
) -> Evaluation:
    r"""Return the mean evaluation over who may be missing.

    Parameters
    ----------
    full
        With everybody there.
    duties, absence_rate
        Who is on, and each duty's chance of not being worked.
    evaluate
        Evaluates those who are there.
    name
        Of the day: what its random numbers are named by.

    Notes
    -----
    Every duty is left out once: with :math:`D_i` what that changes and :math:`p_k` the chance of `k` missing,

    .. math:: E = E_0 + \sum_k p_k \, (k \bar D + R_k)

    where :math:`R_k` is what `k` missing together cost beyond the sum of what each costs alone (waits grow
    faster than people go). It alone is sampled, every duty about as often as every other. In large teams
    :math:`D_i` counts as nothing, so that `R_k` is all that `k` missing cost.
    """
    size = len(duties)
    if absence_rate <= 0 or size == 0:
        return full
    columns = [part.name for part in fields(full) if isinstance(getattr(full, part.name), np.ndarray)]
    before = _row(full, columns)

    def change(missing: Sequence[int] | Ints) -> Floats:
        there = [duties[place] for place in np.setdiff1d(np.arange(size), missing)]
        return _row(evaluate(there), columns) - before

    each = np.zeros((size, len(before)))
    if size < MANY:
        alone = {duty: change([duties.index(duty)]) for duty in dict.fromkeys(duties)}
        each = np.array([alone[duty] for duty in duties])
    chances = _chances(size, absence_rate)
    mean = before + float(chances @ np.arange(len(chances))) * each.mean(axis=0)
    rng = generator(0, "absences", name)
    first = 2 if size < MANY else 1
    for number in range(first, len(chances)):
        samples = max(1, round(SAMPLED_DAYS * chances[number] / chances[first:].sum()))
        sets = _sets_of(number, size, samples, rng)
        for missing in sets:
            beyond = change(missing) - np.sum(each[missing], axis=0)
            mean = mean + float(chances[number]) / len(sets) * beyond
    means: dict[str, Any] = _fields(mean, full, columns)
    return replace(full, **means)


def _sets_of(number: int, size: int, count: int, rng: np.random.Generator) -> Ints:
    """Return sets of so many out of `size`: rows of shuffled rows, in which nobody stands twice."""
    whole = size // number
    rows = [rng.permutation(size)[: whole * number].reshape(whole, number) for _ in range(-(-count // whole))]
    return np.concatenate(rows)[:count]


def _chances(size: int, rate: float) -> Floats:
    """Return the chances that nobody, one, two … of so many are missing; the last one takes the rest."""
    chances = binom.pmf(np.arange(size + 1), size, rate)
    last = int(np.searchsorted(np.cumsum(chances), 1.0 - UNLIKELY))
    return np.append(chances[:last], chances[last:].sum())


def _row(evaluation: Evaluation, columns: Sequence[str]) -> Floats:
    return np.concatenate([np.ravel(getattr(evaluation, name)) for name in columns])


def _fields(row: Floats, like: Evaluation, columns: Sequence[str]) -> dict[str, Floats]:
    """Return the columns of `_row` again."""
    shapes = [getattr(like, name).shape for name in columns]
    parts = np.split(row, np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1])
    return {name: part.reshape(shape) for name, part, shape in zip(columns, parts, shapes, strict=True)}
