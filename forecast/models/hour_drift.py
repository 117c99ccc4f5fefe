"""How the shape of the day drifts: each hour's weight walks from week to week as far as the past says.

One calendar profile serves a whole history, yet people rise later in winter and a shop's live stream moves.
Observed is, for each week and class of hours (hour of the day, workdays and days off apart), the log ratio of
what came in those hours to what the profile would have given them of their days' totals. All classes walk at
one rate, found by likelihood; where the history shows no walk, nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecast.models.base import Floats
from forecast.randomness import mirrored_normals

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

CLASSES = 48  # 24 hours of workdays, 24 of days off
SATURDAY = 5
LONGEST_WEEKS = 52
FEWEST_WEEKS = 6
WALKS = (0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.045, 0.065, 0.1, 0.15)  # sd of a week's step, log
WEEK_NOISES = (0.0, 0.01, 0.02, 0.04, 0.07, 0.11, 0.18, 0.3)  # sd that hours of a class share within a week
WORTH = 4.0  # log likelihood that a walk must gain
FARTHEST = 3.0  # standard deviations a week may move what is known
FEWEST_EXPECTED = 3.0  # consultations of a class in a week; fewer tell nothing
DOUBT_OF_SPREAD = 0.7  # a class's dispersion differs from the common one by about this part of it


@dataclass(frozen=True, kw_only=True)
class HourDrift:
    """What the profile's hours have drifted to, by class (`hour_class`), on the log scale.

    Attributes
    ----------
    state, variance
        At the end of the history.
    walk_sd
        A week's step.
    """

    state: Floats
    variance: Floats
    walk_sd: float

    def moments(self, classes: Ints, weeks_ahead: Ints) -> tuple[Floats, Floats]:
        """Return mean and variance of hours' log drift; weeks ahead count from 0, the past has none."""
        ahead = weeks_ahead >= 0
        variance = self.variance[classes] + self.walk_sd**2 * (weeks_ahead + 0.5)
        return np.where(ahead, self.state[classes], 0.0), np.where(ahead, variance, 0.0)

    def draw(self, classes: Ints, weeks_ahead: Ints, draws: int, rng: np.random.Generator) -> Floats:
        """Return joint paths of the drift around its mean, draws x hours: hours of a class share theirs."""
        luck = mirrored_normals(rng, draws, CLASSES)
        return np.asarray(luck[:, classes] * np.sqrt(self.moments(classes, weeks_ahead)[1]))


def hour_class(hour: Ints, weekday: Ints, holiday: Flags) -> Ints:
    """Return the class of hours: the hour of the day, 24 more on weekends and holidays."""
    return hour + 24 * ((weekday >= SATURDAY) | holiday)


def find_drift(
    counts: Floats, expected: Floats, share: Floats, *, classes: Ints, week: Ints, dispersion: float
) -> tuple[HourDrift, Floats]:
    """Return the drift at the end of a history, and what it was expected to be in each hour a week before.

    Parameters
    ----------
    counts, expected
        What came in each hour, and the hour's part of its day's total by the profile.
    share
        Of the day's total that is expected in the hour.
    classes
        Of the hours (`hour_class`).
    week
        Age of the hours in weeks, 0 for the last.
    dispersion
        a of Var = μ + a μ² within a day.

    Notes
    -----
    A local level in each class with one walk and one weekly noise for all, found on a grid of both by their
    likelihood. A walk must gain `WORTH` in log likelihood over none. The drift moves volume between the hours
    of a day and leaves its total.
    """
    weeks = min(int(week.max()) + 1, LONGEST_WEEKS) if len(week) else 0
    nothing = HourDrift(state=np.zeros(CLASSES), variance=np.zeros(CLASSES), walk_sd=0.0)
    if weeks < FEWEST_WEEKS:
        return nothing, np.zeros(len(counts))
    recent = week < weeks
    cell = ((weeks - 1 - week) * CLASSES + classes)[recent]

    def sums(values: Floats) -> Floats:
        of_cell = np.bincount(cell, weights=values[recent], minlength=weeks * CLASSES)
        return np.asarray(of_cell, dtype=float).reshape(weeks, CLASSES)

    said = sums(expected)
    known = said >= FEWEST_EXPECTED
    safe = np.where(known, said, 1.0)
    observed = np.where(known, np.log((sums(counts) + 0.5) / (safe + 0.5)), 0.0)
    noise = sums((expected + dispersion * expected**2) * (1 - share)) / safe**2
    walks, extra = (np.ravel(grid) for grid in np.meshgrid(WALKS, WEEK_NOISES))
    fits = _filtered(observed, noise, known, walks**2, extra**2)[0]
    best = int(np.argmax(np.where(walks > 0, fits - WORTH, fits)))
    if walks[best] == 0.0:
        return nothing, np.zeros(len(counts))
    _, before, state, variance = _filtered(observed, noise, known, walks[[best]] ** 2, extra[[best]] ** 2)
    typical = said[-min(weeks, 8) :].sum(axis=0)
    for block in (slice(0, 24), slice(24, CLASSES)):
        total = typical[block].sum()
        if total > 0:
            state[0, block] -= np.log((typical[block] * np.exp(state[0, block])).sum() / total)
    expected_drift = np.zeros(len(counts))
    expected_drift[recent] = before[0].reshape(-1)[cell]
    drift = HourDrift(state=state[0], variance=variance[0], walk_sd=float(walks[best]))
    return drift, expected_drift


def _filtered(
    observed: Floats, noise: Floats, known: Flags, walk: Floats, extra: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Run Kalman's filter for several pairs of walk and weekly noise (variances).

    Returns the log likelihood of each pair, the states foreseen a week ahead (pairs x weeks x classes), and
    the last states and their variances (pairs x classes).
    """
    weeks = len(observed)
    state = np.zeros((len(walk), CLASSES))
    variance = np.repeat(
        (walk * weeks / 3)[:, None], CLASSES, axis=1
    )  # a walk about its own mean begins so far off
    fit = np.zeros(len(walk))
    before = np.zeros((len(walk), weeks, CLASSES))
    for number in range(weeks):
        variance = variance + walk[:, None]
        before[:, number] = state
        total = variance + noise[number] + extra[:, None] + 1e-9
        error = observed[number] - state
        here = known[number]
        far = np.minimum(error**2 / total, FARTHEST**2)
        fit -= 0.5 * np.where(here, np.log(total) + far, 0.0).sum(axis=1)
        gain = np.where(here, variance / total, 0.0)
        held = np.clip(error, -FARTHEST * np.sqrt(total), FARTHEST * np.sqrt(total))
        state = state + gain * held
        variance = variance * (1 - gain)
    return fit, before, state, variance


def class_dispersions(
    counts: Floats, expected: Floats, share: Floats, *, classes: Ints, dispersion: float
) -> Floats:
    """Return a of Var = μ + a μ² of each class, shrunk to the common one as far as the class tells little."""
    found = np.full(CLASSES, dispersion)
    for one in np.unique(classes):
        own = classes == one
        mu = expected[own]
        square = float((mu**2).sum())
        if square <= 0:
            continue
        excess = float(((counts[own] - mu) ** 2 / (1 - share[own]) - mu).sum())
        doubt = 2 * float(((mu + dispersion * mu**2) ** 2).sum()) / square**2
        trust = (DOUBT_OF_SPREAD * dispersion) ** 2
        found[one] += trust / (trust + doubt) * (excess / square - dispersion)
    return np.asarray(np.maximum(found, 1e-4))
